// The plan of a clean-up, as a list that prints. The last mount goes first, and a key goes with its mapping. Pure.

import type { CryptName } from '../../layout/layout.ts'
import { dataOffset } from '../../layout/luks2/luks2.ts'
import { integrityName } from '../../proof/integrity.ts'
import { outside } from '../../system/new-root.ts'
import { holds, type MountNode } from '../mounts.ts'
import { type Plan, type PlannedVolume, stepsOf, volumesIn } from '../planned.ts'

export type Teardown =
  /** Overwrites and deletes the files of a file system in memory. The file system stays mounted, since programs need it. */
  | { readonly do: 'wipe'; readonly directory: string }
  | { readonly do: 'unmount'; readonly target: string }
  | { readonly do: 'close'; readonly mapping: string }
  /** Overwrites both header areas: without a header no key opens the volume again, not even the right key. */
  | { readonly do: 'erase'; readonly volume: CryptName; readonly device: string; readonly bytes: number }
  | { readonly do: 'discard'; readonly volume: CryptName; readonly device: string }

/** The plan of the boot, and the part of the machine that a clean-up changes. */
export type Scene = {
  readonly plan: Plan
  readonly mounts: readonly MountNode[]
  /** Names of the mappings that are open. */
  readonly mappings: readonly string[]
  /** The partition on which the boot found each encrypted volume. */
  readonly devices: ReadonlyMap<CryptName, string>
}

/** Whether a volume stays mounted: the running system needs the root, and a layer needs the volume that it shows. */
const stays = (plan: Plan, volume: PlannedVolume): boolean =>
  volume.name === 'root-fs' ||
  stepsOf(plan, 'overlay').some(({ over }) => over.some(({ directory }) => holds(volume.mount, directory)))

/** Unmounts a volume, its directories at other places, and all mounts below these places; the last mount first. */
const unmounts = ({ mounts, plan }: Scene, volume: PlannedVolume): Teardown[] => {
  const directories = stepsOf(plan, 'bind-directory').map(({ path }) => path)
  const places = volume.name === 'workspace' ? [volume.mount, ...directories] : [volume.mount]
  return mounts
    .filter(({ target }) => places.some((place) => holds(place, target)))
    .toReversed()
    .map(({ target }) => ({ do: 'unmount', target }))
}

const closes = (mappings: readonly string[], { name, protection }: PlannedVolume): Teardown[] =>
  protection === 'none'
    ? []
    : [name, integrityName(name)]
        .filter((mapping) => mappings.includes(mapping))
        .map((mapping) => ({ do: 'close', mapping }))

const erasure = (devices: Scene['devices'], volume: PlannedVolume): Teardown[] => {
  const device = volume.protection === 'crypt' ? devices.get(volume.name) : undefined
  if (volume.protection !== 'crypt' || device === undefined) return []
  const { name } = volume
  return [
    { do: 'erase', volume: name, device, bytes: dataOffset },
    { do: 'discard', volume: name, device },
  ]
}

export const planTeardown = (scene: Scene, encrypted: 'kept' | 'erased'): Teardown[] => {
  const { plan, mounts, mappings, devices } = scene
  const [tmp] = stepsOf(plan, 'mount-tmpfs').map(({ target }) => outside(target))
  const volumes = volumesIn(plan)
    .filter((volume) => !stays(plan, volume))
    .toReversed()
  return [
    ...volumes.flatMap((volume) => [
      ...unmounts(scene, volume),
      ...closes(mappings, volume),
      ...(encrypted === 'erased' ? erasure(devices, volume) : []),
    ]),
    ...(tmp !== undefined && mounts.some(({ target, type }) => target === tmp && type === 'tmpfs')
      ? [{ do: 'wipe', directory: tmp } as const]
      : []),
  ]
}

export const printTeardown = (step: Teardown): string => {
  if (step.do === 'wipe') return `wipe the files in ${step.directory}`
  if (step.do === 'unmount') return `unmount ${step.target}`
  if (step.do === 'close') return `close ${step.mapping}, and drop its key`
  if (step.do === 'erase') return `erase ${step.volume}: ${step.bytes} bytes of headers on ${step.device}`
  return `discard ${step.volume} on ${step.device}`
}
