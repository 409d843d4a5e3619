// The checks of `verify`: what runs now against what the measured command line and configuration demand, one finding each.
// Pure over system.ts. Root of this machine can change what is asked here; the host, who is not root, cannot.

import { fail } from '../fault.ts'
import { cryptSectors, keyDescription, parseCryptTable } from '../layout/crypt.ts'
import { settingOf } from '../layout/hardening.ts'
import { newRoot } from '../layout/initramfs.ts'
import { parseIntegrityTable } from '../layout/integrity.ts'
import { kernelAtLeast } from '../layout/kernel-release.ts'
import { headerDigest } from '../layout/luks2/digest.ts'
import { dataOffset, headerAreaBytes } from '../layout/luks2/luks2.ts'
import { type State, volumesOf } from '../layout/state.ts'
import { blockSize, parseVerityTable, printVerityTable, sectorSize } from '../layout/verity.ts'
import type { Expected, ExpectedLayer, ExpectedTmpfs, ExpectedVolume } from './expected.ts'
import { bad, type Finding, good } from './finding.ts'
import { holds, type MountNode, mountAt, parseMounts } from './mounts.ts'
import type { Mapping, System } from './system.ts'

/** What the checks share: read once, so that they speak of one moment. */
export type Scene = {
  readonly system: System
  readonly expected: Expected
  readonly state: State
  readonly mounts: readonly MountNode[]
}

export const sceneOf = (system: System, expected: Expected, state: State): Scene => ({
  system,
  expected,
  state,
  // Of PID 1: who verifies may have a namespace of its own, as a service in a sandbox has.
  mounts: parseMounts(system.text('/proc/1/mountinfo') ?? ''),
})

type Of<P extends ExpectedVolume['protection']> = Extract<ExpectedVolume, { readonly protection: P }>

const mappingBad = (volume: string, reason: string): Finding =>
  bad(volume, fail('verify-mapping', { volume, reason }).fault)
const mountBad = (target: string, reason: string): Finding =>
  bad(`mount ${target}`, fail('verify-mount', { target, reason }).fault)

const absent = 'is not there (only root sees it)'

/** Block devices by number: name and, of a partition, its name in the table. */
const deviceOf = (system: System, dev: string) => {
  const uevent = system.text(`/sys/dev/block/${dev}/uevent`) ?? ''
  const of = (key: string) => new RegExp(`^${key}=(.+)$`, 'm').exec(uevent)?.[1]
  return { name: of('DEVNAME'), partition: of('PARTNAME') }
}

const verityMapping = ({ system }: Scene, volume: Of<'verity'>, mapping: Mapping): string | undefined => {
  const { rootHash, blocks, salt, onCorruption } = volume
  const found = parseVerityTable(mapping.table)
  if (mapping.target !== 'verity') return `is dm-${mapping.target}`
  if (mapping.access !== 'read-only') return 'is writable'
  if (mapping.sectors !== (blocks * BigInt(blockSize)) / BigInt(sectorSize))
    return `has ${mapping.sectors} sectors`
  if (found === undefined) return `has another table: ${mapping.table}`
  const onError = kernelAtLeast(system.kernel(), 6, 12)
  const { data, tree } = found
  if (printVerityTable({ data, tree, rootHash, blocks, salt, onCorruption, onError }) !== mapping.table)
    return `has another table: ${mapping.table}`
  return mapping.status === 'V' || mapping.status === 'V -'
    ? undefined
    : `has met a wrong block (${mapping.status})`
}

/** Where dm-crypt's data begins on what lies below it, in sectors. */
const offsetOf = ({ profile, key }: Of<'crypt'>): bigint =>
  profile === 'xts-hmac' || key === 'ends with the boot' ? 0n : BigInt(dataOffset / sectorSize)

const cryptMapping = (scene: Scene, volume: Of<'crypt'>, mapping: Mapping): string | undefined => {
  const { name, profile } = volume
  if (mapping.target !== 'crypt') return `is dm-${mapping.target}`
  const table = parseCryptTable(mapping.table)
  // The text is not said: a table that is none of ours may hold a key.
  if (table === undefined) return 'has another table, or one with a key in it'
  if (table.profile !== profile) return `is encrypted as ${table.profile}, not as ${profile}`
  if (table.key !== keyDescription(name)) return `has the key ${table.key}`
  if (table.offset !== offsetOf(volume)) return `begins at sector ${table.offset}`
  const below = profile === 'xts-hmac' ? integrityBelow(scene, name, table.data) : table.data
  if (typeof below !== 'string') return below.reason
  const { partition } = deviceOf(scene.system, below)
  if (partition !== name) return `lies on a partition named ${partition ?? 'nothing'}`
  const bytes = scene.system.bytes(`/dev/${deviceOf(scene.system, below).name}`)
  if (profile === 'xts' && bytes !== undefined && mapping.sectors !== cryptSectors(bytes) - table.offset)
    return `has ${mapping.sectors} sectors`
  return undefined
}

/** The partition beneath dm-integrity. */
const integrityBelow = (
  { system }: Scene,
  volume: string,
  dev: string,
): string | { readonly reason: string } => {
  const below = system.mapping(`${volume}_dif`)
  const table = below === undefined ? undefined : parseIntegrityTable(below.table)
  if (below?.target !== 'integrity' || table === undefined)
    return { reason: 'has no dm-integrity of ours below it' }
  return below.dev === dev ? table.data : { reason: `lies on ${dev}, not on its dm-integrity` }
}

const mappings = (scene: Scene): Finding[] =>
  scene.expected.volumes.flatMap((volume): Finding[] => {
    if (volume.protection === 'none') return []
    const mapping = scene.system.mapping(volume.name)
    if (mapping === undefined) return [mappingBad(volume.name, absent)]
    const reason =
      volume.protection === 'verity'
        ? verityMapping(scene, volume, mapping)
        : cryptMapping(scene, volume, mapping)
    if (reason !== undefined) return [mappingBad(volume.name, reason)]
    const says =
      volume.protection === 'verity'
        ? `verified by root hash ${volume.rootHash.slice(0, 12)}..., nothing wrong met so far`
        : `encrypted, its key in the kernel alone, ${volume.key}`
    return [good(volume.name, says)]
  })

const fileSystems: Readonly<Record<ExpectedVolume['protection'], readonly string[]>> = {
  verity: ['erofs', 'squashfs', 'ext4'],
  crypt: ['ext4'],
  none: ['ext4'],
}

const optionsOf = (volume: ExpectedVolume): readonly string[] => {
  if (volume.protection === 'verity') return volume.mount === '/' ? ['ro'] : ['ro', 'nosuid', 'nodev']
  return volume.protection === 'crypt' ? ['rw', 'nosuid', 'nodev'] : ['rw', 'nosuid', 'nodev', 'noexec']
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
    mountReason(mount, dev ?? 'none', fileSystems[protection]) ?? lackingOption(mount, optionsOf(volume))
  return reason === undefined
    ? good(`mount ${target}`, `${name}, ${mount.type}, ${optionsOf(volume).join(',')}`)
    : mountBad(target, reason)
}

const sizeOption = (mount: MountNode): bigint | undefined => {
  const kiB = mount.superOptions.flatMap((option) => /^size=(\d+)k$/.exec(option)?.[1] ?? [])[0]
  return kiB === undefined ? undefined : BigInt(kiB) * 1024n
}

const memoryMount = ({ system, mounts }: Scene, { mount: target, bytes }: ExpectedTmpfs): Finding => {
  const mount = mountAt(mounts, target)
  if (mount === undefined) return mountBad(target, covered)
  if (mount.type !== 'tmpfs') return mountBad(target, `it is ${mount.type}`)
  if (sizeOption(mount) !== bytes)
    return mountBad(target, `its limit is ${sizeOption(mount) ?? 'none'}, not ${bytes}`)
  const lacking = lackingOption(mount, ['nosuid', 'nodev'])
  if (lacking !== undefined) return mountBad(target, lacking)
  if (kernelAtLeast(system.kernel(), 6, 4) && !mount.superOptions.includes('noswap'))
    return mountBad(target, 'it is not mounted noswap')
  return good(`mount ${target}`, `tmpfs, at most ${bytes / 1024n ** 2n} MiB`)
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

/** The kernel's own, which have no content that anyone could plant. */
const kernelTypes = new Set([
  ...[
    'proc',
    'sysfs',
    'devtmpfs',
    'devpts',
    'tmpfs',
    'ramfs',
    'cgroup',
    'cgroup2',
    'securityfs',
    'pstore',
    'bpf',
  ],
  ...[
    'mqueue',
    'hugetlbfs',
    'debugfs',
    'tracefs',
    'configfs',
    'fusectl',
    'binfmt_misc',
    'efivarfs',
    'autofs',
  ],
  ...['selinuxfs', 'rpc_pipefs', 'nsfs'],
])
const kernelPlaces = ['/proc', '/sys', '/dev']
/** In memory since the boot, as containers use it: nothing of it was ever verified. */
const runPlace = '/run'

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
    { mount: runPlace },
  ].map(({ mount }) => mount)
  const planned = new Set([...readOnly, ...free])
  const closest = (path: string): string =>
    [...planned].filter((one) => holds(one, path)).reduce((a, b) => (b.length > a.length ? b : a), '/')
  return mounts.flatMap((mount): Finding[] => {
    const { target, type, source } = mount
    if (planned.has(target) || free.includes(closest(target))) return []
    if (kernelTypes.has(type) && kernelPlaces.some((place) => holds(place, target))) return []
    return [bad(`mount ${target}`, fail('verify-unplanned', { target, found: `${type} (${source})` }).fault)]
  })
}

/** Numbers of all devices that are ours: mappings and what they lie on. */
const ourDevices = ({
  system,
  expected,
  mounts,
}: Scene): { partitions: string[]; mapped: Map<string, string> } => {
  const partitions: string[] = []
  const mapped = new Map<string, string>()
  for (const { name, protection, mount } of expected.volumes) {
    if (protection === 'none') {
      const dev = mountAt(mounts, mount)?.dev
      if (dev !== undefined) partitions.push(dev)
    }
    for (const one of [name, `${name}_dif`]) {
      const mapping = system.mapping(one)
      if (mapping === undefined) continue
      mapped.set(mapping.dev, one)
      partitions.push(...(mapping.table.match(/(?<=^| )\d+:\d+(?= |$)/g) ?? []))
    }
  }
  return { partitions: partitions.filter((dev) => !mapped.has(dev)), mapped }
}

const dmName = (system: System, device: string): string =>
  system.text(`/sys/block/${device}/dm/name`)?.trim() ?? device

/** Nobody else may have a mapping or a loop device on what is ours: it would be a way around dm-verity and dm-crypt. */
const shared = (scene: Scene): Finding[] => {
  const { system } = scene
  const { partitions, mapped } = ourDevices(scene)
  const ours = new Set(mapped.values())
  const found: Finding[] = []
  const seen = new Set<string>()
  const say = (dev: string, by: string) => {
    const device = deviceOf(system, dev).name ?? dev
    if (seen.has(`${device} ${by}`)) return
    seen.add(`${device} ${by}`)
    found.push(bad('devices', fail('verify-shared', { device: `/dev/${device}`, found: by }).fault))
  }
  for (const dev of [...partitions, ...mapped.keys()])
    for (const place of [`/sys/dev/block/${dev}/holders`, `/sys/dev/block/${dev}/../holders`])
      for (const holder of system.names(place)) {
        const name = dmName(system, holder)
        if (!ours.has(name)) say(dev, `the mapping ${name}`)
      }
  const names = new Map<string, string>(
    [...partitions, ...mapped.keys()].flatMap((dev) => {
      const { name } = deviceOf(system, dev)
      const disk = /^DEVNAME=(.+)$/m.exec(system.text(`/sys/dev/block/${dev}/../uevent`) ?? '')?.[1]
      return [name, disk].flatMap((one) => (one === undefined ? [] : [[`/dev/${one}`, dev] as const]))
    }),
  )
  for (const loop of system.names('/sys/block').filter((name) => name.startsWith('loop'))) {
    const behind = system.text(`/sys/block/${loop}/loop/backing_file`)?.trim()
    const dev = behind === undefined ? undefined : names.get(behind)
    if (dev !== undefined) say(dev, `/dev/${loop}`)
  }
  return found.length > 0 ? found : [good('devices', 'no other mapping or loop device lies on ours')]
}

const keysInTables = ({ system }: Scene): Finding[] =>
  system
    .names('/sys/block')
    .filter((name) => name.startsWith('dm-'))
    .flatMap((device): Finding[] => {
      const name = dmName(system, device)
      const mapping = system.mapping(name)
      return mapping?.target === 'crypt' && !/^\S+ :\d+:/.test(mapping.table)
        ? [mappingBad(name, 'shows its key to whoever lists tables')]
        : []
    })

/** As the boot set it. What this kernel does not have the boot has decided on. */
export const settings = ({ system, expected }: Scene): Finding[] =>
  expected.settings.map(([name, value]): Finding => {
    const { path, shows, absent } = settingOf(name)
    const now = system.text(path)?.trimEnd()
    if (now === undefined && absent === 'harmless') return good(name, 'not in this kernel')
    return now !== undefined && shows(now, value)
      ? good(name, value)
      : bad(name, fail('verify-setting', { setting: name, value, now: now ?? 'not to be seen' }).fault)
  })

const swapInUse = ({ system }: Scene): Finding => {
  const listed = (system.text('/proc/swaps') ?? '').split('\n').slice(1)
  const [device] = listed.map((line) => line.split(/\s/)[0] ?? '').filter((name) => name !== '')
  return device === undefined
    ? good('swap', 'none in use')
    : bad('swap', fail('verify-swap', { device }).fault)
}

const header = (scene: Scene, { name }: Of<'crypt'>): Finding => {
  const headerBad = (reason: string) =>
    bad(`header ${name}`, fail('verify-header', { volume: name, reason }).fault)
  const known = volumesOf(scene.state)[name]
  const device = known?.['data']
  if (typeof device !== 'string' || typeof known?.['header'] !== 'string')
    return headerBad('the state does not say what it was')
  const area = scene.system.read(device, 0n, headerAreaBytes)
  const spare = scene.system.read(device, BigInt(headerAreaBytes), headerAreaBytes)
  if (area === undefined || spare === undefined) return headerBad(`${device} cannot be read`)
  if (headerDigest(area) !== known['header'])
    return headerBad(`on ${device} is not the one that this boot opened`)
  if (!spare.every((byte) => byte === 0)) return headerBad(`on ${device} has another one behind it`)
  return good(`header ${name}`, 'on the disk it is the one that this boot opened')
}

/** All checks, in the order in which they are said. */
export const compare = (scene: Scene): Finding[] => {
  const { volumes, memory, layers } = scene.expected
  const lasting = volumes.filter(
    (volume): volume is Of<'crypt'> => volume.protection === 'crypt' && volume.key === 'lasts',
  )
  const over = unplanned(scene)
  return [
    ...mappings(scene),
    ...keysInTables(scene),
    ...volumes.map((volume) => volumeMount(scene, volume)),
    ...memory.map((one) => memoryMount(scene, one)),
    ...layers.map((one) => layerMount(scene, one)),
    ...(over.length > 0 ? over : [good('other mounts', 'none over what is verified')]),
    ...shared(scene),
    swapInUse(scene),
    ...settings(scene),
    ...lasting.map((volume) => header(scene, volume)),
  ]
}
