// The real machine: Linux, as PID 1 of an initramfs. Each function is a few lines; a longer one has its own file.

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { release } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { reasonOf } from '../fault/errno.ts'
import { Secret } from '../secret/secret.ts'
import { newRoot } from '../system/initramfs.ts'
import { below } from './below.ts'
import { bindDirectory } from './bind.ts'
import { activeSwap, listDisks, readDevice, swapSpace, writeDevice } from './block.ts'
import { undriven } from './controllers.ts'
import { detectCvm, detectParavisor } from './cvm.ts'
import { hostDataOf } from './host-data.ts'
import { readKernelLog } from './kernel-log.ts'
import { readLayer } from './layer.ts'
import { addLogonKey, detachMount, getrandom, invalidateKey, mount, neverDump, reboot } from './libc.ts'
import { loadDrivers, loadModules, loadWanted } from './loader.ts'
import { log } from './log.ts'
import type { Cvm, Machine, MountRequest } from './machine.ts'
import { mappingNames, openMapping, readMapping, removeMappings, replaceTable } from './mapper.ts'
import { type Mount, parseMountinfo } from './mountinfo.ts'
import { switchRoot } from './pivot.ts'
import { extendRtmr3, rtmr3 } from './rtmr.ts'
import { runTool } from './spawn.ts'
import { closeTee, eraseVmpck, openTee, snpDerivedKey, snpReport, snpVmpl, teeDriver } from './tee.ts'
import { teeEvidence } from './tee-evidence.ts'
import { readText } from './text.ts'
import { withTpm } from './tpm/device.ts'
import { extend, seal, unseal } from './tpm/seal.ts'
import { openPort } from './virtio-port.ts'
import { entryAt, resolveWithin } from './within.ts'

/** include/uapi/linux/mount.h; every other option is the file system's own. */
const mountFlags: Readonly<Record<string, number>> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  remount: 32,
  nosymfollow: 256,
  bind: 4096,
}

const mountOne = ({ source, target, type, options }: MountRequest): void => {
  const flags = options.reduce((sum, option) => sum | (mountFlags[option] ?? 0), 0)
  mount(source, target, type, flags, options.filter((option) => !(option in mountFlags)).join(','))
}

/** Kernel file systems, with the options that systemd documents for an initramfs (INITRD_INTERFACE). */
const kernelMounts: readonly MountRequest[] = [
  { source: 'proc', target: '/proc', type: 'proc', options: ['nosuid', 'nodev', 'noexec'] },
  { source: 'sysfs', target: '/sys', type: 'sysfs', options: ['nosuid', 'nodev', 'noexec'] },
  { source: 'dev', target: '/dev', type: 'devtmpfs', options: ['nosuid', 'mode=0755'] },
  { source: 'run', target: '/run', type: 'tmpfs', options: ['nosuid', 'nodev', 'mode=0755'] },
]

const start = (): void => {
  neverDump()
  const here = statSync('/').dev
  for (const request of kernelMounts) {
    mkdirSync(request.target, { recursive: true })
    if (statSync(request.target).dev === here) mountOne(request)
  }
}

/** RAMFS_MAGIC, TMPFS_MAGIC (include/uapi/linux/magic.h): the kernel unpacks an initramfs into one of the two. */
const rootfsMagics = [0x858458f6, 0x01021994]

/** In a container any program may be PID 1, and the mappings are the host's. The boot asks before /proc is mounted. */
const isInit = (): boolean => process.pid === 1 && rootfsMagics.includes(statfsSync('/').type)

/** A new root is mounted over the initramfs, so the last mount on `/` counts. */
const isInitramfs = (): boolean => mounts().findLast(({ target }) => target === '/')?.type === 'rootfs'

const mounts = (): Mount[] => parseMountinfo(readFileSync('/proc/self/mountinfo', 'latin1'))

const kindOf = (path: string): ReturnType<Machine['kind']> => {
  const stat = entryAt(path)
  if (stat === undefined) return 'absent'
  if (stat.isSymbolicLink() || realpathSync(path) !== path) return 'link'
  return stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other'
}

const namesWithin = (root: string, path: string): string[] => {
  const directory = resolveWithin(root, path)
  return directory !== undefined && statSync(directory).isDirectory() ? readdirSync(directory) : []
}

const isExecutable = (root: string, path: string): boolean => {
  const file = resolveWithin(root, path)
  if (file === undefined || !statSync(file).isFile()) return false
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Makes ext4 at a cost that does not depend on the volume's size: tables are zeroed later, or never. On a volume with integrity
 * tags a read of a block that was never written fails. So the first blocks, which mke2fs and the kernel change in part, are
 * written whole before. There are no copies of the superblock, since mke2fs writes such a copy in part. The journal is small and
 * zeroed at once, since after a power cut the kernel reads on to the place where the journal ended.
 */
const makeExt4 = async (
  device: string,
  label: string,
  kind: 'scratch' | 'lasting',
  firstRead: 'works' | 'fails',
): Promise<void> => {
  const common = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-m', '0', '-L', label]
  // No volume ever grows. A scratch volume is made anew at each boot: a journal would never be replayed.
  const features = ['sparse_super2', '^resize_inode', ...(kind === 'scratch' ? ['^has_journal'] : [])]
  const made = (options: string, ...more: string[]) =>
    runTool(
      'mke2fs',
      [...common, '-O', features.join(), '-E', `nodiscard,${options}`, ...more, device],
      'e2fsprogs',
    )
  if (firstRead === 'works') return made('lazy_itable_init=1,lazy_journal_init=1')
  writeDevice(device, 0n, Buffer.alloc(1 << 16))
  const journal = kind === 'scratch' ? [] : ['-J', 'size=16']
  made('lazy_itable_init=1,lazy_journal_init=0,num_backup_sb=0', ...journal)
}

const withKey = <T>(description: string, key: Secret, use: () => T): T => {
  const serial = addLogonKey(description, key.bytes)
  try {
    return use()
  } finally {
    invalidateKey(serial)
  }
}

const writeLink = (path: string, target: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  rmSync(path, { force: true })
  symlinkSync(target, path)
}

const writeText = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  // An entry that has this name, a link too, is removed first: nothing is written through a link.
  rmSync(`${path}.new`, { force: true, recursive: true })
  writeFileSync(`${path}.new`, text, { mode: 0o644, flag: 'wx' })
  renameSync(`${path}.new`, path)
}

const mountsInRoot = (): string[] =>
  mounts()
    .map(({ target }) => target)
    .filter((target) => target.startsWith(newRoot))

/** Undoes what it can, deepest mount first. The end of the machine undoes the rest. */
const wipe = (): readonly string[] => {
  for (const target of mountsInRoot().reverse()) {
    try {
      detachMount(target)
    } catch {}
  }
  removeMappings()
  return [...mountsInRoot(), ...mappingNames()]
}

const end = (how: 'halt' | 'poweroff' | 'reboot'): never => {
  try {
    reboot(how)
  } catch (thrown) {
    log(3, `cannot ${how}: ${reasonOf(thrown)}`)
  }
  // PID 1 must not return: block this thread, and with it the process, for ever.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const cvm = (): Cvm | undefined =>
  detectCvm({
    cpuinfo: readFileSync('/proc/cpuinfo', 'latin1'),
    sevGuest: existsSync('/sys/devices/platform/sev-guest'),
  })

const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

export const linux: Machine = {
  start,
  isInit,
  isInitramfs: () => isInitramfs(),
  cmdline: () => readFileSync('/proc/cmdline', 'latin1').replace(/\n$/, ''),
  environment: () => Object.keys(process.env),
  readText,
  // Follows links: in an initramfs of dracut a library is a link.
  fileBytes: (path) => statSync(path, { throwIfNoEntry: false })?.size,
  below,
  kernel: release,
  clock: () => new Date(),
  now,
  // performance.now() counts from the start of this process.
  entered: () => now() - performance.now(),
  sleep: async (milliseconds) => {
    await setTimeout(milliseconds)
  },
  log,
  loadModules,
  loadWanted,
  loadDrivers,
  cvm,
  paravisor: () => detectParavisor(readKernelLog()),
  snpVmpl,
  snpReport,
  snpDerivedKey,
  teeEvidence: (reportData) => teeEvidence(cvm(), reportData, 'cvmboot-boot'),
  rtmr3,
  extendRtmr3,
  hostData: () => {
    using data = Secret.make(64, getrandom)
    return hostDataOf(cvm(), data.bytes)
  },
  teeDriver,
  eraseVmpck,
  openTee,
  closeTee,
  tpmSeal: (policy, secret) => withTpm((tpm) => seal(tpm, policy, secret)),
  tpmUnseal: (pcrs, sealed) => withTpm((tpm) => unseal(tpm, pcrs, sealed)),
  tpmExtend: (pcr, digest, srk) => withTpm((tpm) => extend(tpm, pcr, digest, srk)),
  openPort,
  disks: listDisks,
  undriven: () => undriven(),
  activeSwap,
  swapSpace,
  read: readDevice,
  write: writeDevice,
  openMapping,
  replaceTable,
  mapping: readMapping,
  random: (length) => Secret.make(length, getrandom),
  withKey,
  makeExt4,
  mount: mountOne,
  bindDirectory,
  mounts,
  directory: (path) => {
    const stat = entryAt(path)
    // A link on the way would be followed here, but would lead to another place once the new root is the root.
    if (!stat?.isDirectory() || realpathSync(path) !== path) return undefined
    return { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid }
  },
  kind: kindOf,
  layer: readLayer,
  makeDirectory: (path, { mode, uid, gid }) => {
    mkdirSync(path, { recursive: true })
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    try {
      // A link on the way leads to another directory than the caller named.
      if (readlinkSync(`/proc/self/fd/${fd}`) !== path) throw new Error(`${path}: a link leads to it`)
      fchmodSync(fd, mode)
      fchownSync(fd, uid, gid)
    } finally {
      closeSync(fd)
    }
  },
  isExecutable,
  names: namesWithin,
  writeSetting: (path, value) => writeFileSync(path, value),
  writeLink,
  writeText,
  switchRoot,
  wipe,
  end,
}
