// The checks of `cvmboot check` for a VM: whether the VM is fit to boot with a configuration. Each check says what to do. Pure
// over system.ts.

import type { Config } from '../config/config.ts'
import { modulesOf } from '../config/modules.ts'
import { isPlain } from '../config/verdict.ts'
import { fail } from '../fault/index.ts'
import { type LastingProvider, providerOf } from '../keys/provider.ts'
import { cryptNames, verityNames, volumes } from '../layout/layout.ts'
import { blockSize, treeBlocks } from '../layout/verity.ts'
import { detectCvm, detectParavisor, noCvm } from '../machine/cvm.ts'
import { findModule, type ModuleIndex, parseModuleIndex } from '../machine/modules.ts'
import { parseMountinfo } from '../machine/mountinfo.ts'
import { parseState, statePath } from '../proof/state.ts'
import { adviceFor, noModules } from '../system/engines.ts'
import { settingOf, settingsOf } from '../system/hardening.ts'
import { fileSystemModules } from '../system/initramfs.ts'
import { kernelAtLeast } from '../system/kernel-release.ts'
import { parseSwaps } from '../system/swaps.ts'
import { bad, type Finding, good, note } from '../terminal/finding.ts'
import { inWholes } from '../terminal/size.ts'
import { checkMitigations } from './check-mitigations.ts'
import type { System } from './system.ts'

export type Preflight = {
  readonly config: Config
  /** `/lib/modules/RELEASE` of the kernel that will boot. */
  readonly modules: string
  /** A disk or an image file; undefined for the largest disk of the machine. */
  readonly disk: string | undefined
  /** The key providers of the build that will boot. */
  readonly providers: readonly LastingProvider[]
}

const MiB = 1024n ** 2n

const asked = (least: bigint | undefined): string =>
  least === undefined ? '' : `, ${inWholes(least)} asked for`

/** The most memory that the boot takes before the kernel frees the uncompressed initramfs (the table of `npm run bench`). */
const bootBytes = 320n * MiB

/** The part of a VM's memory that programs see: the kernel keeps less than a sixteenth for itself, in small VMs too. */
const visible = (bytes: bigint): bigint => (bytes / 16n) * 15n

const release = ({ modules }: Preflight): string => modules.slice(modules.lastIndexOf('/') + 1)

export const checkKernel = (flight: Preflight): Finding => {
  const found = release(flight)
  if (!kernelAtLeast(found, 6, 1)) return bad('kernel', fail('kernel-old', { found }).fault)
  return kernelAtLeast(found, 6, 12)
    ? good('kernel', `Linux ${found}`)
    : note('kernel', `Linux ${found}: an I/O error of a verified volume does not panic; take 6.12 or later`)
}

const indexOf = (system: System, directory: string): ModuleIndex | undefined => {
  const read = (name: string) => system.text(`${directory}/modules.${name}`)
  const dep = read('dep')
  if (dep === undefined) return undefined
  return parseModuleIndex({ dep, softdep: '', alias: '', builtin: read('builtin') ?? '' })
}

/** Checks the modules. A module is there if the running kernel uses it, or the directory has it as a file or built in. */
export const checkModules = (system: System, flight: Preflight): Finding[] => {
  const index = indexOf(system, flight.modules)
  const running = release(flight) === system.kernel()
  const used = new Set(running ? system.names('/sys/module') : [])
  const has = (name: string) =>
    name.split('|').some((one) => used.has(one)) ||
    (index !== undefined && findModule(index, name) !== undefined)
  const { config } = flight
  const layered = config.configOverEtc.length > 0 || config.overlays.length > 0
  const needed = [...modulesOf(config), ...config.modules, 'ext4', ...(layered ? ['overlay'] : [])]
  const absent = needed.filter((name) => !has(name))
  if (index === undefined && absent.length > 0)
    return [
      note(
        'modules',
        `no ${flight.modules}/modules.dep: --modules takes lib/modules/RELEASE of the kernel that will boot`,
      ),
    ]
  const [first] = absent
  if (first !== undefined)
    return [
      bad(
        'modules',
        fail('module-missing', {
          module: absent.join(', '),
          reason: `neither in ${flight.modules} nor built into the kernel`,
        }).fault,
      ),
    ]
  const images = fileSystemModules.filter((name) => name !== 'overlay' && has(name))
  return [
    good('modules', `all ${needed.length} that this configuration needs`),
    good('file systems', `images may be ${images.join(', ')}`),
  ]
}

const keyring = (system: System): Finding =>
  system.text('/proc/keys') === undefined
    ? bad('keyring', fail('kernel-feature', { feature: 'keyring (/proc/keys)', option: 'CONFIG_KEYS' }).fault)
    : good('keyring', 'the kernel keeps volume keys')

/** The settings without which the boot would refuse to go on. */
const hardening = (system: System, { config }: Preflight): Finding => {
  const settings = settingsOf(config.hardening)
  const unguarded: string[] = []
  for (const [setting, value] of settings) {
    const { path, access, shows, absent, remedy } = settingOf(setting)
    const now = system.text(path)?.trimEnd()
    const unproven = (reason: string) =>
      bad('hardening', fail('harden-unproven', { setting, reason, remedy }).fault)
    if (now === undefined && absent === 'open') return unproven('it is not in this kernel')
    if (now === undefined && absent === 'unguarded') unguarded.push(`${setting}: ${remedy}`)
    // A setting that the boot only reads follows from lockdown, which the boot sets later.
    const follows = config.hardening.lockdown !== 'none'
    if (now !== undefined && access === 'read' && !follows && !shows(now, value))
      return unproven(`the kernel says ${now}`)
  }
  if (unguarded.length > 0) return note('hardening', `not in this kernel: ${unguarded.join('; ')}`)
  return good('hardening', `the kernel has what ${settings.length} settings need`)
}

const processor = (system: System): Finding =>
  /^flags\s*:.* aes /m.test(system.text('/proc/cpuinfo') ?? '')
    ? good('processor', 'has AES instructions')
    : note(
        'processor',
        'no AES instructions: encrypted volumes are slow; give the VM a CPU model that has them',
      )

const memory = (system: System, { config }: Preflight): Finding[] => {
  const kiB = /^MemTotal: +(\d+) kB$/m.exec(system.text('/proc/meminfo') ?? '')?.[1]
  if (kiB === undefined) return [note('memory', 'unknown: /proc/meminfo cannot be read; run this on the VM')]
  const bytes = BigInt(kiB) * 1024n
  const layers = config.overlays.length > 0 ? config.overlaySize : 0n
  const files = config.size['tmp-fs'] + layers
  const least = config.least.memory
  const small = (needed: bigint, purpose: string, keys: string) =>
    bad(
      'memory',
      fail('memory-small', { found: inWholes(bytes), needed: inWholes(needed), purpose, keys }).fault,
    )
  return [
    least !== undefined && bytes < visible(least)
      ? small(least, 'what the configuration asks for', 'MIN_MEMORY')
      : good('memory', `${inWholes(bytes)}${asked(least)}`),
    bytes < visible(files + bootBytes)
      ? small(files + bootBytes, 'files in memory and the boot', 'TMPFS_SIZE or OVERLAY_SIZE')
      : good('files in memory', `at most ${inWholes(files)}, and the boot needs ${inWholes(bootBytes)}`),
  ]
}

/** The bytes that all volumes take, with verity trees, the partition table and the alignment of partitions. */
export const bytesOfVolumes = (config: Config): bigint => {
  const verity = verityNames.map((name) => {
    const blocks = config.size[name] / BigInt(blockSize)
    return config.size[name] + (treeBlocks(blocks) + 1n) * BigInt(blockSize)
  })
  const crypt = cryptNames.map((name) => config.size[name])
  return [...verity, ...crypt].reduce((sum, bytes) => sum + bytes, 10n * MiB)
}

const disks = (system: System): readonly string[] =>
  system
    .names('/sys/block')
    .filter((name) => !/^(?:dm-|loop|ram|zram|md|fd|sr)\d*/.test(name))
    .map((name) => `/dev/${name}`)

const disk = (system: System, flight: Preflight): Finding[] => {
  const { config } = flight
  const named = flight.disk ?? config.device
  const sizes = (named === undefined ? disks(system) : [named]).map((device) => ({
    device,
    bytes: system.bytes(device) ?? 0n,
  }))
  const [largest] = sizes.sort((a, b) => (a.bytes < b.bytes ? 1 : -1))
  if (largest === undefined || largest.bytes === 0n) {
    const looked = named ?? 'any disk'
    return [bad('disk', fail('disk-missing', { disk: looked }).fault)]
  }
  const { device, bytes } = largest
  const small = (needed: bigint, purpose: string, keys: string) =>
    bad(
      'disk',
      fail('disk-small', { device, found: inWholes(bytes), needed: inWholes(needed), purpose, keys }).fault,
    )
  const volumesTake = bytesOfVolumes(config)
  const least = config.least.disk
  return [
    least !== undefined && bytes < least
      ? small(least, 'what the configuration asks for', 'MIN_DISK')
      : good('disk', `${device} has ${inWholes(bytes)}${asked(least)}`),
    bytes < volumesTake
      ? small(volumesTake, 'all volumes at their full size', '*_SIZE')
      : good('volumes', `take at most ${inWholes(volumesTake)} of the disk`),
  ]
}

export const cvmOf = (system: System) =>
  detectCvm({
    cpuinfo: system.text('/proc/cpuinfo') ?? '',
    sevGuest: system.names('/sys/devices/platform').includes('sev-guest'),
  })

const cvm = (system: System): Finding => {
  const found = cvmOf(system)
  return found === undefined
    ? bad('confidential VM', noCvm(detectParavisor(system.kernelLog())).fault)
    : good('confidential VM', `${found}; have its attestation checked before anything secret is sent in`)
}

const keyOf = (system: System, { config, providers }: Preflight): Finding[] =>
  cryptNames.flatMap((volume) => {
    const policy = config.keys[volume]
    if (isPlain(volume, config))
      return [
        note(volume, 'is not encrypted: the host reads it; set JOBSTORE_ENCRYPTION=required if it must not'),
      ]
    if (policy.provider === 'ephemeral') return [good(volume, 'a new key at each boot')]
    const machine = { cvm: cvmOf(system), names: system.names }
    const lack = providerOf(providers, policy).lacks({ volume, policy }, machine)
    return [lack === undefined ? good(volume, `its key is kept by ${policy.provider}`) : bad(volume, lack)]
  })

const swap = (system: System): Finding => {
  const [device] = parseSwaps(system.text('/proc/swaps'))
  return device === undefined
    ? good('swap', 'none in use')
    : bad('swap', fail('swap-active', { device }).fault)
}

/**
 * Checks that no other mount is at the mount points of the volumes. A system that cvmboot booted has its volumes mounted
 * already, and /tmp belongs to the running system.
 */
const mountPoints = (system: System, { config }: Preflight): Finding[] => {
  if (parseState(system.text(statePath) ?? '') !== undefined)
    return [good('mount points', 'this system was booted by cvmboot: see cvmboot status')]
  const mounts = parseMountinfo(system.text('/proc/self/mountinfo') ?? '')
  const taken = volumes.flatMap(({ name }): Finding[] => {
    const target = config.mount[name]
    const mount = mounts.findLast((one) => one.target === target)
    if (mount === undefined || name === 'root-fs' || name === 'tmp-fs') return []
    return [
      bad('mount points', fail('mount-point-busy', { volume: name, target, found: mount.source }).fault),
    ]
  })
  return taken.length > 0 ? taken : [good('mount points', 'free')]
}

/** Says what container engines need, and whether the kernel can load modules after the boot. */
const containers = (system: System, { config, modules }: Preflight): Finding[] => {
  const none = system.text(`${modules}/modules.dep`) === undefined
  const modulesLater = none || config.hardening.modules === 'closed' ? 'none' : 'some'
  const advice = adviceFor({
    has: system.hasTool,
    modulesLater,
    directories: config.workspaceDirectories,
    modules: config.modules,
  })
  return [
    ...(none ? [note('later modules', noModules)] : []),
    ...advice.map((says) => note('containers', says)),
  ]
}

/** All checks of the VM that boots, made in that VM or in a similar one. */
export const checkVm = (system: System, flight: Preflight): Finding[] => [
  cvm(system),
  checkKernel(flight),
  ...checkModules(system, flight),
  keyring(system),
  hardening(system, flight),
  processor(system),
  checkMitigations(system),
  ...memory(system, flight),
  ...disk(system, flight),
  ...keyOf(system, flight),
  swap(system),
  ...mountPoints(system, flight),
  ...containers(system, flight),
]
