// The most that cvmboot reads of each kind of input, whoever wrote the input. Pure. docs/reference/refusals.md has the same
// table. Each limit is far above the need of an honest file, and far below the memory of a machine.

export type Limit = {
  /** The start of a sentence that `most` and `unit` complete. */
  readonly of: string
  readonly most: number
  readonly unit: string
}

const KiB = 1024
const MiB = 1024 ** 2

const bytes = (of: string, most: number): Limit => ({ of, most, unit: 'bytes' })

export const limits = {
  config: bytes('a partition.conf has', 256 * KiB),
  cmdline: bytes('a file with a command line has', 64 * KiB),
  osRelease: bytes('an os-release has', 64 * KiB),
  identity: bytes('a file with a private key has', 64 * KiB),
  grant: bytes('a wrapped grant has', 64 * KiB),
  evidence: bytes('a file with evidence or with certificates has', MiB),
  tpmLog: bytes('the event log in a quote of a TPM has', 512 * KiB),
  collateral: bytes('a file with collateral has', 4 * MiB),
  policy: bytes('a policy has', 256 * KiB),
  record: bytes('a record of cvmboot install has', MiB),
  state: bytes('the state of a boot has', 4 * MiB),
  log: bytes("a kernel's log has", 16 * MiB),
  kernelText: bytes('a file of /proc or /sys has', 16 * MiB),
  manifest: bytes('the manifest of an initramfs has', MiB),
  moduleIndex: bytes("an index of a kernel's modules has", 64 * MiB),
  module: bytes('a kernel module has', 256 * MiB),
  firmware: bytes('a firmware has', 64 * MiB),
  eventLog: bytes("a firmware's event log has", 4 * MiB),
  measurements: bytes('a manifest of measurements has', 64 * MiB),
  launch: bytes('a recipe or a domain has', 256 * KiB),
  efiVariable: bytes('a list of EFI signatures has', MiB),
  stub: bytes('an EFI stub has', 16 * MiB),
  outputOfTool: bytes('the output of a program has', 96 * MiB),
  image: bytes('an initramfs has', 1024 * MiB),
  unpacked: bytes('an initramfs unpacks to', 2048 * MiB),
  /** Applies beyond the first 64 MiB. No honest archive comes near this limit. */
  inflation: { of: 'an initramfs unpacks to', most: 32, unit: 'times its size' },
  compression: { of: 'an initramfs has', most: 2, unit: 'layers of compression' },
  entries: { of: 'an initramfs has', most: 100_000, unit: 'entries' },
  entryName: bytes('the name of an entry, or the target of a link, has', 4096),
  entryNames: bytes('the names of all entries and the targets of all links have', 16 * MiB),
  padding: bytes('between two archives of an initramfs lie', MiB),
} as const satisfies Readonly<Record<string, Limit>>

export type LimitName = keyof typeof limits
