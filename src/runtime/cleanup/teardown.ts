// What a clean-up does, as a list that prints: what is mounted last goes first, and a key goes with its mapping. Pure.

import type { CryptName } from '../../layout/layout.ts'
import { dataOffset } from '../../layout/luks2/luks2.ts'
import type { Expected, ExpectedVolume } from '../expected.ts'
import { holds, type MountNode } from '../mounts.ts'

export type Teardown =
  /** Files of a file system in memory: overwritten, and deleted. It stays mounted, since much runs from it. */
  | { readonly do: 'wipe'; readonly directory: string }
  | { readonly do: 'unmount'; readonly target: string }
  | { readonly do: 'close'; readonly mapping: string }
  /** Both header areas: without them no key opens the volume again, not even the right one. */
  | { readonly do: 'erase'; readonly volume: CryptName; readonly device: string; readonly bytes: number }
  | { readonly do: 'discard'; readonly volume: CryptName; readonly device: string }

/** What there is to clean up. */
export type Scene = {
  readonly expected: Expected
  readonly mounts: readonly MountNode[]
  /** Names of the mappings that are open. */
  readonly mappings: readonly string[]
  /** Partition of each encrypted volume, as the boot found it. */
  readonly devices: ReadonlyMap<CryptName, string>
}

/** Nothing below the root goes away under a running system, nor what a layer lies over. */
const stays = ({ layers }: Expected, volume: ExpectedVolume): boolean =>
  volume.name === 'root-fs' || layers.some(({ over }) => over.some((path) => holds(volume.mount, path)))

/** Of a volume, of its directories elsewhere, and of whatever somebody mounted below these; the last first. */
const unmounts = ({ mounts, expected }: Scene, volume: ExpectedVolume): Teardown[] => {
  const places = volume.name === 'workspace' ? [volume.mount, ...expected.directories] : [volume.mount]
  return mounts
    .filter(({ target }) => places.some((place) => holds(place, target)))
    .toReversed()
    .map(({ target }) => ({ do: 'unmount', target }))
}

const closes = (mappings: readonly string[], { name, protection }: ExpectedVolume): Teardown[] =>
  protection === 'none'
    ? []
    : [name, `${name}_dif`]
        .filter((mapping) => mappings.includes(mapping))
        .map((mapping) => ({ do: 'close', mapping }))

const erasure = (devices: Scene['devices'], volume: ExpectedVolume): Teardown[] => {
  const device = volume.protection === 'crypt' ? devices.get(volume.name) : undefined
  if (volume.protection !== 'crypt' || device === undefined) return []
  const { name } = volume
  return [
    { do: 'erase', volume: name, device, bytes: dataOffset },
    { do: 'discard', volume: name, device },
  ]
}

export const planTeardown = (scene: Scene, encrypted: 'kept' | 'erased'): Teardown[] => {
  const { expected, mounts, mappings, devices } = scene
  const [tmp] = expected.memory
  const volumes = expected.volumes.filter((volume) => !stays(expected, volume)).toReversed()
  return [
    ...volumes.flatMap((volume) => [
      ...unmounts(scene, volume),
      ...closes(mappings, volume),
      ...(encrypted === 'erased' ? erasure(devices, volume) : []),
    ]),
    ...(tmp !== undefined && mounts.some(({ target, type }) => target === tmp.mount && type === 'tmpfs')
      ? [{ do: 'wipe', directory: tmp.mount } as const]
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
