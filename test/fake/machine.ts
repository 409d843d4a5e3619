// A machine in memory for the third ring: it answers as Linux would, records what it was asked, and can be
// told to fail at any verb.

import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { printRequired, requiredWords } from '../../src/cmdline/required.ts'
import { fail } from '../../src/fault/index.ts'
import type { Tee } from '../../src/keys/provider.ts'
import { parseCryptTable } from '../../src/layout/crypt.ts'
import {
  parseIntegritySuperblock,
  parseIntegrityTable,
  printIntegrityStatus,
  printIntegritySuperblock,
  superblockBytes,
  superblockFor,
} from '../../src/layout/integrity.ts'
import { partuuids, type RootHash } from '../../src/layout/verity.ts'
import type {
  HostData,
  Machine,
  Mapping,
  MappingRequest,
  Mount,
  Paravisor,
  Partition,
  Port,
  ReportRequest,
  SnpReport,
  SnpRootKey,
} from '../../src/machine/machine.ts'
import { printSnpReport } from '../../src/machine/snp-report.ts'
import { Secret } from '../../src/secret/secret.ts'
import type { Controller } from '../../src/system/controllers.ts'
import type { LayerEntry } from '../../src/system/etc-layer.ts'
import { userSettings } from '../../src/system/hardening.ts'
import { configPath, manifestPath, newRoot, printManifest } from '../../src/system/initramfs.ts'
import { tcbAtMost } from '../../src/system/tcb.ts'
import { goodReport, mixedKey } from '../with/snp.ts'
import { type FakeTpm, fakeTpmVerbs, newTpm } from './tpm-device.ts'

/** Thrown instead of not returning: what a real machine ends in. */
export class Ended extends Error {
  readonly how: string
  constructor(how: string) {
    super(how)
    this.how = how
  }
}

export type Verb = keyof Machine

export type World = {
  cmdline: string
  /** Undefined: the initramfs has none. */
  config: string | undefined
  environment: string[]
  kernel: string
  /** Of random bytes, where they are not all 7. */
  random?: (bytes: Buffer) => void
  cvm: 'sev-snp' | 'tdx' | undefined
  paravisor?: Paravisor
  snp: {
    vmpl: number
    /** What every report says, but for the report data and VMPL that are asked for. */
    report: SnpReport
    /** Roots of derived keys; undefined where the host has loaded none. */
    secrets: Record<SnpRootKey, Buffer | undefined>
  }
  partitions: Partition[]
  /** Partitions that show up only after so many polls. */
  latePolls: number
  /** What has no driver. */
  undriven: Controller[]
  activeSwap: string[]
  swapSpace: string[]
  manifest: string
  files: Map<string, number>
  /** What the initramfs has below a directory, by its kind. */
  extra: Map<string, 'file' | 'directory' | 'other'>
  /** Content of devices at offset 0, by device; otherwise zeroes. */
  content: Map<string, Buffer>
  /** What was written, by `device@block` of 4096 bytes; lies over `content`, and outlives a boot. */
  disk: Map<string, Buffer>
  /** Key of the file system on an encrypted partition, by `major:minor`: no other key finds it again. */
  fileSystems: Map<string, string>
  /** Blocks that may still be written before the power goes. */
  power: number
  /** In which the blocks of one write reach the medium: a disk promises none. */
  order: 'forward' | 'backward'
  /** Undefined: the machine has none. */
  tpm: FakeTpm | undefined
  /** Whether the machine has no device that gives evidence. */
  noReports?: boolean
  /** What the host has behind a port of virtio-serial. */
  port?: (name: string) => Port | undefined
  /** What the TEE reports of the launch, where it is not HOSTDATA of the report. */
  hostData?: HostData
  /** Changes the report of the evidence. */
  changeReport?: (report: SnpReport) => SnpReport
  /** A quote of a TD over report data, with RTMR 3 as it is then. */
  quote?: (reportData: Buffer, rtmr3: Buffer | undefined) => Buffer
  /** RTMR 3 of a TD whose kernel shows it. */
  rtmr3?: Buffer
  /** Whether RTMR 3 stays as it is when it is extended. */
  brokenRtmr3?: boolean
  /** The driver of the TEE, where it is no module that takes another VMPCK. */
  teeDriver?: 'absent' | 'built in' | 'fixed'
  /** Whether the kernel keeps VMPCK 0 after a request that fails. */
  keepsVmpck?: boolean
  /** VMPCKs with which the removed driver starts again; otherwise 1 alone. */
  openVmpcks?: readonly number[]
  /** A request that the firmware answers at VMPL 0, whichever VMPCK the driver has. */
  lenient?: 'report' | 'key'
  /** What becomes of the TEE's driver. */
  closeTee: 'absent' | 'removed' | 'built in'
  /** Mappings whose reads fail verification: by name, or `name@offset` for one block. */
  corrupt: Set<string>
  /** Mappings whose reads fail and say nothing of verification. */
  unreadable: Set<string>
  directories: Set<string>
  executables: Set<string>
  /** Files of the new root that are no programs, by path of now. */
  rootFiles: Set<string>
  /** Links of the new root, by path of now. */
  links: Set<string>
  /** Whether workspace has the directories already. */
  bound: 'made' | 'found'
  /** Names in directories of the new root, by their path in it. */
  names: Map<string, string[]>
  /** What os-config has in its etc. */
  layer: LayerEntry[]
  /** What the kernel's settings say, by path; one that is not there the kernel does not have. */
  settings: Map<string, string>
  /** Where the kernel refuses to mount. */
  refuseMount?: string
  /** What the kernel still has after wiping. */
  stillOpen: string[]
  /** Verbs that throw, with what they throw. */
  failing: Map<Verb, Error>
  /** Changes what the kernel would report of a mapping. */
  report: (mapping: Mapping) => Mapping
  reportMounts: (mounts: Mount[]) => Mount[]
  /** Changes what ext4 would say that it does after an error. */
  reportErrors: (option: string) => string
}

export const hashes: Readonly<Record<'root-fs' | 'oem-launcher' | 'os-config', RootHash>> = {
  'root-fs': '1'.repeat(32).concat('2'.repeat(32)) as RootHash,
  'oem-launcher': '3'.repeat(32).concat('4'.repeat(32)) as RootHash,
  'os-config': '5'.repeat(32).concat('6'.repeat(32)) as RootHash,
}

export const goodCmdline = [
  ...Object.entries(hashes).flatMap(([name, hash]) => [
    ...[`cvmboot.roothash.${name}=${hash}`, `cvmboot.data-blocks.${name}=1000`],
  ]),
  ...requiredWords.map(printRequired),
].join(' ')

const linuxGeneric = '0fc63daf-8483-4772-8e79-3d69d8477de4'

const goodPartitions = (): Partition[] => {
  const verity = Object.entries(hashes).flatMap(([name, hash]) => [
    { name, uuid: partuuids(hash).data, bytes: 4096000n },
    { name: `${name}-verity`, uuid: partuuids(hash).tree, bytes: 4096n * 20n },
  ])
  const writable = ['workspace', 'job-store'].map((name, i) => ({
    name,
    uuid: `00000000-0000-4000-8000-00000000000${i}`,
    bytes: 1n << 28n,
  }))
  return [...verity, ...writable].map((p, i) => ({
    ...p,
    device: `/dev/vda${i + 1}`,
    dev: `254:${i + 1}`,
    type: linuxGeneric,
  }))
}

/** First 4096 bytes of an erofs image. */
export const erofsHead = (): Buffer => {
  const head = Buffer.alloc(4096)
  head.writeUInt32LE(0xe0f5e1e2, 1024)
  return head
}

export const goodWorld = (): World => ({
  cmdline: goodCmdline,
  config: '',
  environment: ['HOME', 'TERM'],
  kernel: '6.12.107-cloud-amd64',
  cvm: 'sev-snp',
  snp: {
    vmpl: 0,
    report: { ...goodReport, vmpl: 0, policy: 0x30000n },
    secrets: { vcek: Buffer.alloc(64, 0xc0), vlek: undefined },
  },
  partitions: goodPartitions(),
  latePolls: 0,
  undriven: [],
  activeSwap: [],
  swapSpace: [],
  manifest: printManifest([{ path: '/init', bytes: 100 }]),
  files: new Map([['/init', 100]]),
  extra: new Map(),
  content: new Map([0, 1, 2].map((i): [string, Buffer] => [`/dev/dm-${i}`, erofsHead()])),
  disk: new Map(),
  fileSystems: new Map(),
  power: Number.POSITIVE_INFINITY,
  order: 'forward',
  tpm: newTpm(1),
  closeTee: 'removed',
  corrupt: new Set(),
  unreadable: new Set(),
  directories: new Set(
    ['', '/dev', '/proc', '/sys', '/run', '/tmp', '/etc', '/var', '/var/lib', '/mnt/nvflare/os-config/etc']
      .concat(['oem-launcher', 'os-config', 'workspace', 'job-store'].map((v) => `/mnt/nvflare/${v}`))
      .map((path) => newRoot + path),
  ),
  executables: new Set([`${newRoot}/sbin/init`]),
  rootFiles: new Set([`${newRoot}/etc/machine-id`]),
  links: new Set(),
  bound: 'made',
  names: new Map([
    [
      '/usr/lib/systemd/system-generators',
      ['systemd-fstab-generator', 'systemd-getty-generator', 'systemd-gpt-auto-generator', 'their-own'],
    ],
    ['/etc/systemd/system-generators', ['their-other']],
  ]),
  layer: [
    { path: '', kind: 'directory', target: '', mode: 0o755, uid: 0, gid: 0, marks: [] },
    { path: 'hostname', kind: 'file', target: '', mode: 0o644, uid: 0, gid: 0, marks: [] },
  ],
  settings: new Map([
    ...['kernel/core_pattern', 'fs/suid_dumpable', 'kernel/kexec_load_disabled', 'kernel/sysrq']
      .concat(['kernel/unprivileged_bpf_disabled', 'kernel/yama/ptrace_scope', 'kernel/modules_disabled'])
      .concat(userSettings.map((name) => name.replaceAll('.', '/')))
      .map((name): [string, string] => [`/proc/sys/${name}`, 'as it was\n']),
    ['/sys/kernel/security/lockdown', '[none] integrity confidentiality\n'],
    ['/sys/power/disk', '[platform] shutdown\n'],
  ]),
  stillOpen: [],
  failing: new Map(),
  report: (mapping) => mapping,
  reportMounts: (mounts) => mounts,
  reportErrors: (option) => `rw\n${option}\n`,
})

/** The machine as a provider sees it in a boot that asked for no grant. */
export const teeOf = (machine: Machine): Tee => ({ ...machine, released: () => undefined })

export type Fake = {
  readonly machine: Machine
  /** Lines said, with their level. */
  readonly lines: { level: number; line: string }[]
  /** Effects in order, as `verb subject`. */
  readonly effects: string[]
  readonly files: Map<string, string>
  readonly keys: Map<string, Buffer>
  /** Every key that was ever handed to the keyring. */
  readonly keysSeen: Buffer[]
}

const flags = ['nosuid', 'nodev', 'noexec', 'nosymfollow']

/** Options as mountinfo shows those of a mount. */
const shownOptions = (options: readonly string[]): string[] => [
  options.includes('ro') ? 'ro' : 'rw',
  ...options.filter((option) => flags.includes(option)),
]

/** Options as mountinfo shows those of a file system: sizes in KiB. */
const shownSuperOptions = (options: readonly string[]): string[] => [
  options.includes('ro') ? 'ro' : 'rw',
  ...options
    .filter((option) => option !== 'ro' && !flags.includes(option))
    .map((option) => option.replace(/^size=(\d+)$/, (_, bytes: string) => `size=${BigInt(bytes) / 1024n}k`)),
]

export const fakeMachine = (world: World): Fake => {
  const fake = {
    lines: [] as { level: number; line: string }[],
    effects: [] as string[],
    files: new Map<string, string>(),
    keys: new Map<string, Buffer>(),
    keysSeen: [] as Buffer[],
  }
  const mappings = new Map<string, Mapping>()
  /** Encrypted ones, by device. */
  const opened = new Map<string, { data: string; key: string }>()
  /** One block goes to the medium, unless the power went before. */
  const spend = () => {
    if (world.power <= 0) throw Object.assign(new Error('the power is gone'), { code: 'EIO' })
    world.power--
  }
  /** The partition below an integrity mapping. */
  const below = (dev: string): string =>
    [...mappings.values()].find((m) => m.dev === dev && m.target === 'integrity')?.table.split(' ')[0] ?? dev
  const mounts: Mount[] = []
  const settings = new Map(world.settings)
  const links = new Map<string, string>()
  /** What lies on a path, by path. */
  const binds = new Map<string, string>()
  let clock = 1000
  let polls = 0
  const effect = (what: string) => void fake.effects.push(what)

  /** dm-integrity as Linux does it: formats what is blank, and says its table in its own words. */
  const integrity = ({ table }: MappingRequest): string => {
    const [data = '', offset = '', , , , , journal = ''] = table.split(' ')
    const status = printIntegrityStatus({
      data,
      offset: BigInt(offset),
      journalSections: Number(journal.replace('journal_sectors:', '')) / 264,
    })
    const partition = world.partitions.find((p) => p.dev === data)
    const expected = superblockFor(partition?.bytes ?? 0n, BigInt(offset) * 512n)
    const block = `${partition?.device}@${Number(offset) / 8}`
    const found = (world.disk.get(block) ?? Buffer.alloc(4096)).subarray(0, superblockBytes)
    if (parseIntegrityTable(status) === undefined || expected === undefined)
      throw Object.assign(new Error(`bad table ${table}`), { code: 'EINVAL' })
    if (found.every((byte) => byte === 0))
      world.disk.set(block, Buffer.concat([printIntegritySuperblock(expected)], 4096))
    else if (parseIntegritySuperblock(found) === undefined)
      throw Object.assign(new Error('bad superblock'), { code: 'EINVAL' })
    return status
  }

  const load = (request: MappingRequest, dev: string): Mapping => {
    const text = request.target === 'integrity' ? integrity(request) : request.table
    const key = /:logon:([^ ]+)/.exec(request.table)?.[1]
    if (key !== undefined && !fake.keys.has(key)) throw Object.assign(new Error('no key'), { code: 'ENOKEY' })
    const crypt = parseCryptTable(request.table)
    if (crypt !== undefined && key !== undefined)
      opened.set(`/dev/dm-${dev.split(':')[1]}`, {
        data: below(crypt.data),
        key: fake.keys.get(key)?.toString('hex') ?? '',
      })
    const mapping: Mapping = {
      device: `/dev/dm-${dev.split(':')[1]}`,
      dev,
      access: request.access,
      sectors: request.sectors,
      target: request.target,
      table: text,
      status: request.target === 'verity' ? 'V' : '',
    }
    mappings.set(request.name, mapping)
    return world.report(mapping)
  }
  const mapping = (name: string): Mapping => {
    const found = mappings.get(name)
    if (found === undefined) throw Object.assign(new Error('no such mapping'), { code: 'ENXIO' })
    return world.report(found)
  }

  /** The VMPCK with which the driver of the TEE started. */
  let vmpck = 0
  const leastVmpl = (of: 'report' | 'key') => (world.lenient === of ? 0 : Math.max(vmpck, world.snp.vmpl))
  const report = ({ reportData, vmpl }: ReportRequest): SnpReport => {
    const { snp } = world
    if (vmpl < leastVmpl('report') || vmpl > 3) throw fail('tee-status', { request: 'report', status: 0x16 })
    const made = { ...snp.report, reportData: reportData.toString('hex'), vmpl }
    return vmpck === 0 ? made : (world.changeReport?.(made) ?? made)
  }

  const verbs: Machine = {
    start: () => effect('start'),
    isInit: () => true,
    isInitramfs: () => true,
    cmdline: () => world.cmdline,
    environment: () => world.environment,
    readText: (path) =>
      path === configPath
        ? world.config
        : path === manifestPath
          ? world.manifest
          : (settings.get(path) ?? fake.files.get(binds.get(path) ?? path)),
    fileBytes: (path) => (links.has(path) ? 0 : world.files.get(path)),
    below: (directory, most) =>
      [...world.extra]
        .filter(([path]) => path === directory || path.startsWith(`${directory}/`))
        .slice(0, most)
        .map(([path, kind]) => ({ path, kind })),
    kernel: () => world.kernel,
    now: () => clock++,
    // Another answer at each call, as of a real clock.
    entered: () => clock++ / 2,
    sleep: async (milliseconds) => {
      clock += milliseconds
    },
    log: (level, line) => void fake.lines.push({ level, line }),
    loadModules: (names) => effect(`loadModules ${names.join(' ')}`),
    loadWanted: (names) => effect(`loadWanted ${names.join(' ')}`),
    loadDrivers: () => {},
    cvm: () => world.cvm,
    paravisor: () => world.paravisor,
    snpVmpl: () => world.snp.vmpl,
    snpReport: report,
    snpDerivedKey: (request) => {
      const { snp } = world
      effect(`snpDerivedKey ${request.root} fields=${request.fields} tcb=${request.tcb.toString(16)}`)
      const secret = snp.secrets[request.root]
      if (secret === undefined) throw fail('tee-status', { request: 'key', status: 0x27 })
      const allowed =
        request.vmpl >= leastVmpl('key') &&
        request.vmpl <= 3 &&
        request.guestSvn <= snp.report.guestSvn &&
        tcbAtMost(request.tcb, snp.report.committedTcb)
      if (!allowed) throw fail('tee-status', { request: 'key', status: 0x16 })
      return new Secret(mixedKey(secret, snp.report, request))
    },
    ...fakeTpmVerbs(world, effect),
    teeEvidence: (data) => {
      effect('teeEvidence')
      if (world.noReports === true) return undefined
      if (world.cvm === 'tdx')
        return world.quote === undefined ? undefined : { type: 'tdx', quote: world.quote(data, world.rtmr3) }
      if (world.cvm !== 'sev-snp') return undefined
      const report = { ...world.snp.report, vmpl: world.snp.vmpl, reportData: data.toString('hex') }
      const changed = world.changeReport?.(report) ?? report
      return { type: 'sev-snp', report: printSnpReport(changed), certificates: Buffer.alloc(0) }
    },
    hostData: () => {
      if (world.hostData !== undefined) return world.hostData
      return world.cvm === 'sev-snp' && world.noReports !== true
        ? { field: 'HOSTDATA', value: world.snp.report.hostData }
        : undefined
    },
    clock: () => new Date('2026-12-01T12:00:00.500Z'),
    rtmr3: () => world.rtmr3,
    extendRtmr3: (digest) => {
      effect('extendRtmr3')
      const before = world.rtmr3 ?? Buffer.alloc(48)
      const after = createHash('sha384').update(before).update(digest).digest()
      world.rtmr3 = world.brokenRtmr3 === true ? before : after
      return world.rtmr3
    },
    teeDriver: () => world.teeDriver ?? 'module',
    eraseVmpck: () => {
      effect('eraseVmpck')
      return world.keepsVmpck !== true
    },
    openTee: (asked) => {
      effect(`openTee ${asked}`)
      const opens = (world.openVmpcks ?? [1]).includes(asked)
      if (opens) vmpck = asked
      return opens
    },
    closeTee: () => {
      effect('closeTee')
      return world.closeTee
    },
    openPort: (name) => {
      effect(`openPort ${name}`)
      return world.port?.(name)
    },
    disks: () => ({
      partitions: polls++ < world.latePolls ? [] : world.partitions,
      seen: ['vda with 8 partitions'],
    }),
    undriven: () => world.undriven,
    activeSwap: () => world.activeSwap,
    swapSpace: () => world.swapSpace,
    read: (device, offset, length) => {
      const name = [...mappings].find(([, m]) => m.device === device)?.[0]
      if (name !== undefined && (world.corrupt.has(name) || world.corrupt.has(`${name}@${offset}`))) {
        mappings.set(name, { ...mapping(name), status: 'C' })
        throw fail('device-read', { device, reason: 'EIO' })
      }
      if (name !== undefined && world.unreadable.has(name))
        throw fail('device-read', { device, reason: 'EIO' })
      const bytes = Buffer.alloc(length)
      if (offset === 0n) world.content.get(device)?.copy(bytes)
      for (let at = 0; at < length; at += 4096)
        world.disk.get(`${device}@${Number(offset) / 4096 + at / 4096}`)?.copy(bytes, at)
      return bytes
    },
    write: (device, offset, bytes) => {
      effect(`write ${device} ${offset} ${bytes.length}`)
      const blocks = Array.from({ length: bytes.length / 4096 }, (_, i) => i * 4096)
      for (const at of world.order === 'forward' ? blocks : blocks.reverse()) {
        const name = `${device}@${Number(offset) / 4096 + at / 4096}`
        const block = Buffer.from(bytes.subarray(at, at + 4096))
        if ((world.disk.get(name) ?? Buffer.alloc(4096)).equals(block)) continue
        spend()
        world.disk.set(name, block)
      }
    },
    openMapping: (request) => {
      effect(`openMapping ${request.name} ${request.table}`)
      return load(request, `253:${mappings.size}`)
    },
    replaceTable: (request) => {
      effect(`replaceTable ${request.name} ${request.table}`)
      return load(request, mapping(request.name).dev)
    },
    mapping,
    random: (length) => Secret.make(length, world.random ?? ((bytes) => bytes.fill(7))),
    withKey: (description, key, use) => {
      fake.keys.set(description, key.bytes)
      fake.keysSeen.push(key.bytes)
      try {
        return use()
      } finally {
        fake.keys.delete(description)
      }
    },
    makeExt4: async (device, label, kind, firstRead) => {
      effect(`makeExt4 ${device} ${label} ${kind}${firstRead === 'fails' ? ' first-read-fails' : ''}`)
      const crypt = opened.get(device)
      if (crypt === undefined) return
      world.fileSystems.set(crypt.data, 'half made')
      spend()
      world.fileSystems.set(crypt.data, crypt.key)
    },
    mount: ({ source, target, type, options }) => {
      effect(`mount ${source} ${target} ${type} ${options.join(',')}`)
      if (target === world.refuseMount) throw Object.assign(new Error('EPERM'), { code: 'EPERM' })
      const crypt = opened.get(source)
      if (crypt !== undefined && world.fileSystems.get(crypt.data) !== crypt.key)
        throw Object.assign(new Error('no ext4'), { code: 'EINVAL' })
      if (options.includes('remount')) {
        const last = mounts.findLastIndex((one) => one.target === target)
        const before = mounts[last]
        if (before !== undefined) mounts[last] = { ...before, options: shownOptions(options) }
        return
      }
      const bound = options.includes('bind')
      if (bound) binds.set(target, source)
      const device = [...mappings.values(), ...world.partitions].find((m) => m.device === source)
      const dev = device?.dev ?? '0:42'
      // A bind is of the file system on which its source lies: /run, in what the boot binds.
      const root = bound ? source.replace(/^\/run(?:\/cvmboot\/overlay)?(?=\/)/, '') : '/'
      const own = bound
        ? { options: ['rw'], superOptions: ['rw'], type: 'tmpfs' }
        : { options: shownOptions(options), superOptions: shownSuperOptions(options), type }
      mounts.push({ dev, root, target, source, ...own })
      // As mke2fs leaves it, ext4 goes on after an error.
      const onError = options.find((option) => option.startsWith('errors=')) ?? 'errors=continue'
      if (type === 'ext4')
        settings.set(`/proc/fs/ext4/${source.replace('/dev/', '')}/options`, world.reportErrors(onError))
    },
    bindDirectory: ({ volume, names, target }) => {
      effect(`bindDirectory ${volume} ${names.join('/')} ${target}`)
      const on = mounts.findLast((one) => one.target === volume)
      const [dev, options] = [on?.dev ?? '0:1', on?.options ?? []]
      const root = `/${names.join('/')}`
      mounts.push({ dev, root, target, options, type: 'ext4', source: 'bound', superOptions: options })
      return world.bound
    },
    mounts: () => world.reportMounts([...mounts]),
    directory: (path) =>
      world.directories.has(path) || path.startsWith('/run/') ? { mode: 0o755, uid: 0, gid: 0 } : undefined,
    kind: (path) => {
      if (world.links.has(path)) return 'link'
      if (world.directories.has(path)) return 'directory'
      return world.rootFiles.has(path) || fake.files.has(path) ? 'file' : 'absent'
    },
    names: (root, path) => [
      ...(world.names.get(path) ?? []),
      ...[...world.rootFiles]
        .filter((file) => file.startsWith(`${root}${path}/`))
        .map((file) => basename(file)),
    ],
    layer: () => world.layer,
    makeDirectory: (path) => {
      world.directories.add(path)
    },
    isExecutable: (root, path) => world.executables.has(root + path),
    writeSetting: (path, value) => {
      effect(`writeSetting ${path} ${value}`)
      if (!path.endsWith('/lockdown')) return void settings.set(path, `${value}\n`)
      settings.set(path, `none integrity confidentiality\n`.replace(value, `[${value}]`))
      settings.set('/sys/power/disk', '[disabled]\n')
    },
    writeLink: (path, target) => {
      effect(`writeLink ${path} ${target}`)
      links.set(path, target)
    },
    writeText: (path, text) => void fake.files.set(path, text),
    switchRoot: (root, init): never => {
      effect(`switchRoot ${root} ${init}`)
      return undefined as never // Linux would now run the new init in this process
    },
    wipe: () => {
      effect('wipe')
      return world.stillOpen
    },
    end: (how): never => {
      effect(`end ${how}`)
      throw new Ended(how)
    },
  }
  const machine = Object.fromEntries(
    Object.entries(verbs).map(([name, verb]) => [
      name,
      (...args: never[]): unknown => {
        const thrown = world.failing.get(name as Verb)
        if (thrown !== undefined) throw thrown
        return (verb as (...args: never[]) => unknown)(...args)
      },
    ]),
  ) as unknown as Machine
  return { ...fake, machine }
}
