// The questions that `check`, `status` and `verify` ask of their machine. The interface is small, so that tests can give the
// recorded answers of real machines; live.ts asks the real machine. No question changes the machine.

import type { Mapping } from '../machine/machine.ts'

export type System = {
  /** The release of the kernel, such as `6.12.107-cloud-amd64`. */
  readonly kernel: () => string
  /** The text of a file, one character a byte; undefined where there is no file, or the file cannot be read. */
  readonly text: (path: string) => string | undefined
  /** Names in a directory; none where there is no such directory. */
  readonly names: (path: string) => readonly string[]
  /** The size in bytes of a file or a block device; undefined where the path leads to neither. */
  readonly bytes: (path: string) => bigint | undefined
  /** Bytes of the file system on which a path lies, and how many of them are in use; undefined where there is none. */
  readonly space: (path: string) => { readonly bytes: bigint; readonly used: bigint } | undefined
  /** Whether a program is installed. */
  readonly hasTool: (name: string) => boolean
  /** A mapping as the kernel shows it; undefined where there is no mapping of that name. */
  readonly mapping: (name: string) => Mapping | undefined
  /** The kernel's own messages since the start of the machine, as far as the log reaches back. */
  readonly kernelLog: () => readonly string[]
  /** Whether the kernel refuses to ask the TEE's firmware for lack of a key. The call asks the firmware nothing. */
  readonly teeRefuses: () => boolean
  /** Bytes of a device, or undefined where they cannot be read. */
  readonly read: (device: string, offset: bigint, length: number) => Buffer | undefined
}

export type { Mapping } from '../machine/machine.ts'
