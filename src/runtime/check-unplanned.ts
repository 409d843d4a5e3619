// The check of all other mounts: only planned mounts may lie over verified content. Pure.

import { fail } from '../fault/index.ts'
import { machineIdPath } from '../system/machine-id.ts'
import { outside } from '../system/new-root.ts'
import { holds } from '../system/paths.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import { isOwn } from './own-mounts.ts'
import { stepsOf, volumesIn } from './planned.ts'
import type { Scene } from './scene.ts'

/** A file system in memory, which containers use: nothing in it was ever verified. */
const runPlace = '/run'
/** Shared memory, below which programs mount as they like. The memory itself is one of systemd's own mounts. */
const sharedMemory = '/dev/shm'

/** Planned mounts: those that show verified content, and those below which programs may mount as they like. */
const placesOf = ({ plan }: Scene): { readonly verified: string[]; readonly free: string[] } => {
  const volumes = volumesIn(plan)
  const layers = stepsOf(plan, 'overlay')
  return {
    verified: [
      ...volumes.filter(({ protection }) => protection === 'verity').map(({ mount }) => mount),
      ...layers.filter(({ upper }) => upper === undefined).map(({ path }) => path),
    ],
    free: [
      ...volumes.filter(({ protection }) => protection !== 'verity').map(({ mount }) => mount),
      ...layers.filter(({ upper }) => upper !== undefined).map(({ path }) => path),
      ...stepsOf(plan, 'mount-tmpfs').map(({ target }) => outside(target)),
      ...stepsOf(plan, 'bind-directory').map(({ path }) => path),
      runPlace,
      sharedMemory,
    ],
  }
}

export const checkUnplanned = (scene: Scene): Finding[] => {
  const { verified, free } = placesOf(scene)
  const planned = new Set([...verified, ...free])
  const closest = (path: string): string =>
    [...planned].filter((one) => holds(one, path)).reduce((a, b) => (b.length > a.length ? b : a), '/')
  const over = scene.mounts.flatMap((mount): Finding[] => {
    const { target, type, source } = mount
    const ours = planned.has(target) || free.includes(closest(target))
    if (ours && target !== sharedMemory) return []
    // checkMachineId and checkKeptMachineId judge a mount on the machine ID.
    if (isOwn(mount) || target === machineIdPath) return []
    return [bad(`mount ${target}`, fail('verify-unplanned', { target, found: `${type} (${source})` }).fault)]
  })
  return over.length > 0 ? over : [good('other mounts', 'none lies over verified content')]
}
