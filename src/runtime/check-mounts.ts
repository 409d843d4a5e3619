// The mounts of a running machine against those that were measured, and what lies over them, one finding each. Pure.

import { fail } from '../fault/index.ts'
import { evidenceOf } from '../proof/state.ts'
import { storeRoot } from '../system/container-stores.ts'
import { storedPath } from '../system/directories.ts'
import { ext4OptionsPath, isReadOnlyOnError, readOnlyOnError } from '../system/ext4.ts'
import { newRoot } from '../system/initramfs.ts'
import { kernelAtLeast } from '../system/kernel-release.ts'
import { machineIdPath } from '../system/machine-id.ts'
import { inodesOf } from '../system/tmpfs.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { ExpectedLayer, ExpectedTmpfs, ExpectedVolume } from './expected.ts'
import { holds, type MountNode, mountAt } from './mounts.ts'
import { isOwn } from './own-mounts.ts'
import { deviceOf, type Scene } from './scene.ts'

const mountBad = (target: string, reason: string): Finding =>
  bad(`mount ${target}`, fail('verify-mount', { target, reason }).fault)

const fileSystems: Readonly<Record<ExpectedVolume['protection'], readonly string[]>> = {
  verity: ['erofs', 'squashfs', 'ext4'],
  crypt: ['ext4'],
  none: ['ext4'],
}

const optionsOf = (volume: ExpectedVolume): readonly string[] => {
  if (volume.protection === 'verity') return volume.mount === '/' ? ['ro'] : ['ro', 'nosuid', 'nodev']
  const ofVm = ['rw', 'nosuid', 'nodev']
  return volume.protection === 'crypt' ? ofVm : [...ofVm, 'noexec', 'nosymfollow']
}

const saidOf = (volume: ExpectedVolume): string =>
  `${optionsOf(volume).join(',')}${volume.protection === 'verity' ? '' : ', read-only after an error'}`

/** Of a file system on a disk that the host can change: what ext4 does, or has done, where it finds it broken. */
const brokenReason = ({ system }: Scene, { dev, superOptions }: MountNode): string | undefined => {
  // Linux 6.15 calls it `emergency_ro`.
  if (superOptions.includes('ro') || superOptions.includes('emergency_ro'))
    return 'its file system takes no more writes, as after an error in it'
  const options = system.text(ext4OptionsPath(deviceOf(system, dev).name ?? dev))
  return isReadOnlyOnError(options) ? undefined : `it is not mounted ${readOnlyOnError}`
}

/** What is wrong with a mount that is to show a whole file system of this device. */
const mountReason = (mount: MountNode, dev: string, types: readonly string[]): string | undefined => {
  if (mount.dev !== dev) return `${mount.source} is mounted there`
  if (mount.root !== '/') return `only ${mount.root} of it is mounted there`
  return types.includes(mount.type) ? undefined : `it is ${mount.type}`
}

const lackingOption = (mount: MountNode, options: readonly string[]): string | undefined => {
  const lacking = options.find((option) => !mount.options.includes(option))
  // The file system's own word: a mount can be read-only on one that is not.
  const writable = options.includes('ro') && !mount.superOptions.includes('ro')
  return lacking === undefined && !writable ? undefined : `it is not mounted ${lacking ?? 'ro'}`
}

const covered = 'nothing of ours is, or something covers it'

const volumeMount = (scene: Scene, volume: ExpectedVolume): Finding => {
  const { mount: target, name, protection } = volume
  const mount = mountAt(scene.mounts, target)
  if (mount === undefined) return mountBad(target, covered)
  const plainOn = protection === 'none' && deviceOf(scene.system, mount.dev).partition === name
  const dev = protection === 'none' ? (plainOn ? mount.dev : 'another') : scene.system.mapping(name)?.dev
  const reason =
    mountReason(mount, dev ?? 'none', fileSystems[protection]) ??
    lackingOption(mount, optionsOf(volume)) ??
    (protection === 'verity' ? undefined : brokenReason(scene, mount))
  return reason === undefined
    ? good(`mount ${target}`, `${name}, ${mount.type}, ${saidOf(volume)}`)
    : mountBad(target, reason)
}

const sizeOption = (mount: MountNode): bigint | undefined => {
  const kiB = mount.superOptions.flatMap((option) => /^size=(\d+)k$/.exec(option)?.[1] ?? [])[0]
  return kiB === undefined ? undefined : BigInt(kiB) * 1024n
}

const inodesOption = ({ superOptions }: MountNode): string =>
  superOptions.flatMap((option) => /^nr_inodes=(\d+)$/.exec(option)?.[1] ?? [])[0] ?? 'none'

const memoryMount = ({ system, mounts }: Scene, { mount: target, bytes }: ExpectedTmpfs): Finding => {
  const mount = mountAt(mounts, target)
  if (mount === undefined) return mountBad(target, covered)
  if (mount.type !== 'tmpfs') return mountBad(target, `it is ${mount.type}`)
  if (sizeOption(mount) !== bytes)
    return mountBad(target, `its limit is ${sizeOption(mount) ?? 'none'}, not ${bytes}`)
  if (inodesOption(mount) !== `${inodesOf(bytes)}`)
    return mountBad(target, `its limit of files is ${inodesOption(mount)}, not ${inodesOf(bytes)}`)
  const lacking = lackingOption(mount, ['nosuid', 'nodev'])
  if (lacking !== undefined) return mountBad(target, lacking)
  if (kernelAtLeast(system.kernel(), 6, 4) && !mount.superOptions.includes('noswap'))
    return mountBad(target, 'it is not mounted noswap')
  return good(`mount ${target}`, `tmpfs, at most ${bytes / 1024n ** 2n} MiB in ${inodesOf(bytes)} files`)
}

/** The layers as the boot named them, before its root was the root. */
const layerMount = ({ mounts }: Scene, { mount: target, over, upper }: ExpectedLayer): Finding => {
  const mount = mountAt(mounts, target)
  if (mount === undefined) return mountBad(target, covered)
  if (mount.type !== 'overlay') return mountBad(target, `it is ${mount.type}`)
  const option = (name: string) =>
    mount.superOptions.flatMap((one) => (one.startsWith(`${name}=`) ? [one.slice(name.length + 1)] : []))[0]
  const lower = [...over, target].map((path) => `${newRoot}${path}`).join(':')
  if (option('lowerdir') !== lower || option('upperdir') !== upper)
    return mountBad(target, 'it is an overlay of other directories')
  const lacking = lackingOption(mount, upper === undefined ? ['ro', 'nosuid', 'nodev'] : ['nosuid', 'nodev'])
  return lacking === undefined
    ? good(
        `mount ${target}`,
        upper === undefined ? 'layers, read-only' : 'layers, what is written goes to memory',
      )
    : mountBad(target, lacking)
}

/** Those that the state says the boot made: without one, an engine writes to the layer beneath. */
const storeMounts = ({ mounts, expected, state }: Scene): Finding[] => {
  const made = evidenceOf(state, 'container-stores').flatMap(({ stores }) => stores)
  return expected.stores
    .filter((path) => made.includes(path))
    .map((path) => {
      const mount = mountAt(mounts, path)
      if (mount === undefined) return mountBad(path, covered)
      if (mount.type !== 'tmpfs' || mount.root !== storeRoot(path))
        return mountBad(path, `${mount.root} of ${mount.source} is mounted there`)
      const lacking = lackingOption(mount, ['nosuid', 'nodev'])
      return lacking === undefined
        ? good(`mount ${path}`, 'memory of the layers, for containers')
        : mountBad(path, lacking)
    })
}

/** A directory of workspace, at the place in it that the boot gave it. */
const directoryMount = ({ system, mounts }: Scene, target: string): Finding => {
  const mount = mountAt(mounts, target)
  if (mount === undefined) return mountBad(target, covered)
  if (mount.dev !== system.mapping('workspace')?.dev)
    return mountBad(target, `${mount.source} is mounted there`)
  if (mount.root !== storedPath(target))
    return mountBad(target, `${mount.root} of workspace is mounted there`)
  const lacking = lackingOption(mount, ['rw', 'nosuid', 'nodev'])
  return lacking === undefined ? good(`mount ${target}`, 'on workspace') : mountBad(target, lacking)
}

/** In memory since the boot, as containers use it: nothing of it was ever verified. */
const runPlace = '/run'
/** Memory of programs: below it they mount as they like. The memory itself is one of systemd's own mounts. */
const sharedMemory = '/dev/shm'

/** Where content is verified, nothing but what is planned may be mounted over it. */
const unplanned = ({ mounts, expected }: Scene): Finding[] => {
  const readOnly = [
    ...expected.volumes.filter(({ protection }) => protection === 'verity'),
    ...expected.layers.filter(({ upper }) => upper === undefined),
  ].map(({ mount }) => mount)
  const free = [
    ...expected.volumes.filter(({ protection }) => protection !== 'verity'),
    ...expected.layers.filter(({ upper }) => upper !== undefined),
    ...expected.memory,
    ...expected.directories.map((mount) => ({ mount })),
    { mount: runPlace },
    { mount: sharedMemory },
  ].map(({ mount }) => mount)
  const planned = new Set([...readOnly, ...free])
  const closest = (path: string): string =>
    [...planned].filter((one) => holds(one, path)).reduce((a, b) => (b.length > a.length ? b : a), '/')
  return mounts.flatMap((mount): Finding[] => {
    const { target, type, source } = mount
    const ours = planned.has(target) || free.includes(closest(target))
    if (ours && target !== sharedMemory) return []
    // checkMachineId judges whatever is mounted there.
    if (isOwn(mount) || target === machineIdPath) return []
    return [bad(`mount ${target}`, fail('verify-unplanned', { target, found: `${type} (${source})` }).fault)]
  })
}

/** Of volumes, memory and layers, then of all others. */
export const checkMounts = (scene: Scene): Finding[] => {
  const { volumes, memory, layers, directories } = scene.expected
  const over = unplanned(scene)
  return [
    ...volumes.map((volume) => volumeMount(scene, volume)),
    ...memory.map((one) => memoryMount(scene, one)),
    ...layers.map((one) => layerMount(scene, one)),
    ...storeMounts(scene),
    ...directories.map((one) => directoryMount(scene, one)),
    ...(over.length > 0 ? over : [good('other mounts', 'none over what is verified')]),
  ]
}
