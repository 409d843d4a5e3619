// Thin wrappers of system calls in libc, which decide nothing. Only this file imports node:ffi, and libcrypto.ts loads node:ffi
// on first use. A wrong signature here corrupts memory, so each function has a premise test, and lengths come from buffers.

import { dlopen, getInt32, getRawPointer } from 'node:ffi'
import { constants } from 'node:os'

// The keys must be spelt `arguments` and `return`: node:ffi silently takes a misspelt key for "no arguments, void".
const { functions: c } = dlopen('libc.so.6', {
  ioctl: { arguments: ['int32', 'uint64', 'buffer'], return: 'int32' },
  mount: { arguments: ['string', 'string', 'string', 'uint64', 'string'], return: 'int32' },
  umount2: { arguments: ['string', 'int32'], return: 'int32' },
  chroot: { arguments: ['string'], return: 'int32' },
  reboot: { arguments: ['int32'], return: 'int32' },
  getrandom: { arguments: ['buffer', 'uint64', 'uint32'], return: 'int64' },
  sigprocmask: { arguments: ['int32', 'buffer', 'uint64'], return: 'int32' },
  signal: { arguments: ['int32', 'uint64'], return: 'uint64' },
  setrlimit: { arguments: ['int32', 'buffer'], return: 'int32' },
  llistxattr: { arguments: ['buffer', 'buffer', 'uint64'], return: 'int64' },
  __errno_location: { arguments: [], return: 'pointer' },
})
// syscall(2) is variadic, so each shape of its arguments has a declaration of its own.
const { functions: keys } = dlopen('libc.so.6', {
  syscall: { arguments: ['int64', 'string', 'string', 'buffer', 'uint64', 'int64'], return: 'int64' },
})
const { functions: numbers } = dlopen('libc.so.6', {
  syscall: { arguments: ['int64', 'int64', 'int64', 'int64'], return: 'int64' },
})
const { functions: modules } = dlopen('libc.so.6', {
  syscall: { arguments: ['int64', 'int64', 'string', 'int64'], return: 'int64' },
})

const { functions: names } = dlopen('libc.so.6', {
  syscall: { arguments: ['int64', 'string', 'int64'], return: 'int64' },
})

// arch/x86/entry/syscalls/syscall_64.tbl
const SYS_prctl = 157n
const SYS_delete_module = 176n
const SYS_add_key = 248n
const SYS_keyctl = 250n
const SYS_finit_module = 313n

/** A system call that failed; `code` is the errno's name, as in Node's own errors. */
export type SystemError = Error & { readonly code: string }

// Error numbers that Node lacks (include/uapi/asm-generic/errno.h): those of the keyring, with which dm-crypt and module
// signatures fail, those of damaged file systems and media, and others.
const moreErrnos = {
  ENOKEY: 126,
  EKEYEXPIRED: 127,
  EKEYREVOKED: 128,
  EKEYREJECTED: 129,
  EUCLEAN: 117,
  EREMOTEIO: 121,
  ENOMEDIUM: 123,
  EMEDIUMTYPE: 124,
  ENOTBLK: 15,
  ENOPKG: 65,
  EBADFD: 77,
  ELIBBAD: 80,
  ESHUTDOWN: 108,
}
const errnoNames = new Map(
  Object.entries({ ...constants.errno, ...moreErrnos }).map(([name, value]) => [value, name]),
)

/** Throws a SystemError where `result` is -1. errno is read first: any allocation may overwrite it. */
const checked = <T extends number | bigint>(result: T, call: string): T => {
  if (result !== -1 && result !== -1n) return result
  const errno = getInt32(c.__errno_location(), 0)
  const code = errnoNames.get(errno) ?? `errno ${errno}`
  throw Object.assign(new Error(`${call}: ${code}`), { code })
}

/** ioctl(2) on a buffer that the kernel reads and fills. The buffer has the size that `request` encodes or declares. */
export const ioctl = (fd: number, request: number, argument: Buffer): void => {
  checked(c.ioctl(fd, BigInt(request), argument), 'ioctl')
}

/** The eight bytes of `from` at the offset `at` shall hold the address of `to`. */
export type Pointer = { readonly from: Buffer; readonly at: number; readonly to: Buffer }

/** ioctl(2) on a struct that points to other buffers. The addresses are set for this call, and never leave this file. */
export const ioctlPointing = (
  fd: number,
  request: number,
  argument: Buffer,
  pointers: readonly Pointer[],
): void => {
  const addresses = pointers.map(({ to }) => getRawPointer(to))
  for (const [i, { from, at }] of pointers.entries()) from.writeBigUInt64LE(addresses[i] ?? 0n, at)
  try {
    ioctl(fd, request, argument)
  } finally {
    for (const { from, at } of pointers) from.writeBigUInt64LE(0n, at)
  }
  // A second look at each buffer, so that the garbage collector frees no buffer while the kernel writes to it.
  if (pointers.some(({ to }, i) => getRawPointer(to) !== addresses[i]))
    throw new Error('ioctl: a buffer has moved')
}

export const mount = (source: string, target: string, type: string, flags: number, data: string): void => {
  checked(c.mount(source, target, type, BigInt(flags), data), 'mount')
}

/** umount2(2) with MNT_DETACH (2): a file that is open on the mount stays usable until it is closed. */
export const detachMount = (target: string): void => {
  checked(c.umount2(target, 2), 'umount2')
}

/** umount2(2) with flags 0: throws EBUSY where the mount is in use. */
export const unmount = (target: string): void => {
  checked(c.umount2(target, 0), 'umount2')
}

export const chroot = (path: string): void => {
  checked(c.chroot(path), 'chroot')
}

/** llistxattr(2): names of a file's extended attributes. `path` is bytes, since not every name is text. */
export const attributeNames = (path: Buffer): string[] => {
  const names = Buffer.alloc(65_536) // XATTR_LIST_MAX
  const length = checked(
    c.llistxattr(Buffer.concat([path, Buffer.alloc(1)]), names, BigInt(names.length)),
    'llistxattr',
  )
  return names.toString('latin1', 0, Number(length)).split('\0').slice(0, -1)
}

/** include/uapi/linux/reboot.h: LINUX_REBOOT_CMD_HALT, POWER_OFF, RESTART as signed 32-bit numbers. */
export const reboot = (how: 'halt' | 'poweroff' | 'reboot'): void => {
  const command = { halt: 0xcdef0123 | 0, poweroff: 0x4321fedc | 0, reboot: 0x01234567 | 0 }[how]
  checked(c.reboot(command), 'reboot')
}

/** getrandom(2), flags 0: fills `into` and blocks until the kernel's generator is seeded. At most 256 bytes. */
export const getrandom = (into: Buffer): void => {
  const got = checked(c.getrandom(into, BigInt(into.length), 0), 'getrandom')
  if (got !== BigInt(into.length)) throw new Error(`getrandom: ${got} of ${into.length} bytes`)
}

/** KEY_SPEC_PROCESS_KEYRING (include/uapi/linux/keyctl.h): the keyring ends with the process, and no child inherits it. */
const processKeyring = -2n

/** add_key(2) of a `logon` key, which user space can never read back. Returns its serial number. */
export const addLogonKey = (description: string, payload: Buffer): bigint =>
  checked(
    keys.syscall(SYS_add_key, 'logon', description, payload, BigInt(payload.length), processKeyring),
    'add_key',
  )

/** keyctl(2) KEYCTL_INVALIDATE (21): the key is gone at once. */
export const invalidateKey = (serial: bigint): void => {
  checked(numbers.syscall(SYS_keyctl, 21n, serial, 0n), 'keyctl')
}

/**
 * finit_module(2). `compressed` sets MODULE_INIT_COMPRESSED_FILE (4), with which the kernel refuses a plain module.
 * `parameters` are words `NAME=VALUE` with blanks between.
 */
export const finitModule = (fd: number, format: 'plain' | 'compressed', parameters = ''): void => {
  const flags = format === 'plain' ? 0n : 4n
  checked(modules.syscall(SYS_finit_module, BigInt(fd), parameters, flags), 'finit_module')
}

/** delete_module(2), O_NONBLOCK (0x800): fails where the module is in use. */
export const deleteModule = (name: string): void => {
  checked(names.syscall(SYS_delete_module, name, 0x800n), 'delete_module')
}

/**
 * Forbids core dumps of this process, whatever the limits and core_pattern say, and attaching to it without CAP_SYS_PTRACE
 * (prctl(2) PR_SET_DUMPABLE, include/uapi/linux/prctl.h). The effect ends with execve: the next init decides for itself.
 */
export const neverDump = (): void => {
  checked(numbers.syscall(SYS_prctl, 4n, 0n, 0n), 'prctl')
}

/**
 * Undoes the changes that Node made to this process and that the next init would inherit: ignored signals, the blocked
 * SIGUSR1, the raised soft limit of open files.
 */
export const resetProcess = (): void => {
  const SIG_DFL = 0n
  // SIGKILL and SIGSTOP cannot be set, and glibc keeps 32 and 33 to itself.
  for (let signal = 1; signal <= 64; signal++)
    if (![9, 19, 32, 33].includes(signal)) c.signal(signal, SIG_DFL)
  // SIG_SETMASK (2) with an empty set; glibc's sigset_t has 128 bytes.
  checked(c.sigprocmask(2, Buffer.alloc(128), 0n), 'sigprocmask')
  // RLIMIT_NOFILE (7): soft 1024, hard 4096, as the kernel gives them to its first process (INR_OPEN_*).
  const limit = Buffer.alloc(16)
  limit.writeBigUInt64LE(1024n, 0)
  limit.writeBigUInt64LE(4096n, 8)
  checked(c.setrlimit(7, limit), 'setrlimit')
}
