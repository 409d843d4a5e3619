// What `check`, `status` and `verify` ask of the machine they run on: a small interface, so that tests answer with what
// real machines said. live.ts is the real one. Nothing here changes anything.

import type { Mapping } from '../machine/machine.ts'

export type System = {
  /** Kernel release, as `6.12.107-cloud-amd64`. */
  readonly kernel: () => string
  /** Text of a file, one character a byte; undefined where there is none or it cannot be read. */
  readonly text: (path: string) => string | undefined
  /** Names in a directory; none where there is no such directory. */
  readonly names: (path: string) => readonly string[]
  /** Bytes of a file or a block device; undefined where it is neither. */
  readonly bytes: (path: string) => bigint | undefined
  /** Bytes of the file system on which a path lies, and how many of them are in use; undefined where there is none. */
  readonly space: (path: string) => { readonly bytes: bigint; readonly used: bigint } | undefined
  /** Whether a program is installed. */
  readonly hasTool: (name: string) => boolean
  /** What the kernel says of a mapping; undefined where there is none of that name. */
  readonly mapping: (name: string) => Mapping | undefined
  /** What the kernel itself has said since it started, as far as its log reaches back. */
  readonly kernelLog: () => readonly string[]
  /** Whether the kernel refuses to ask the TEE's firmware for lack of a key. Nothing is asked. */
  readonly teeRefuses: () => boolean
  /** Bytes of a device, or undefined where they cannot be read. */
  readonly read: (device: string, offset: bigint, length: number) => Buffer | undefined
}

export type { Mapping } from '../machine/machine.ts'
