// The facts of an ELF program that the kernel reads before it runs the program (elf(5), fs/binfmt_elf.c). Parse only. Pure.

/** `loader` is the name of the program that loads this one; undefined for a static program. */
export type Elf = { readonly loader: string | undefined }

export type ReadBytes = (offset: number, length: number) => Buffer

const magic = '\x7fELF'
/** The bytes of a 64-bit header, and of one entry of its table of segments. */
const bytesOf = { header: 64, segment: 56 } as const
const interpreter = 3
/** The kernel takes no longer name of a loader (PATH_MAX), and no larger table of segments (64 KiB). */
const most = { name: 4096, table: 65_536 } as const

const machines: ReadonlyMap<number, string> = new Map([
  [3, '32-bit x86'],
  [8, 'MIPS'],
  [20, '32-bit PowerPC'],
  [21, 'PowerPC'],
  [22, 'IBM Z'],
  [40, '32-bit ARM'],
  [183, 'ARM64'],
  [243, 'RISC-V'],
  [258, 'LoongArch'],
])
const x86_64 = 62
const kinds = { executable: 2, shared: 3 } as const

export const isElf = (head: Buffer): boolean => head.toString('latin1', 0, 4) === magic

/** The facts that a kernel for x86-64 reads of the program, or the reason why that kernel does not run the program. */
export const parseElf = (read: ReadBytes): Elf | string => {
  const head = read(0, bytesOf.header)
  if (!isElf(head)) return 'it is no ELF program'
  if (head.length < bytesOf.header) return 'its header is cut off'
  const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18)
  if (machine !== x86_64) return `it is for another CPU (${machines.get(machine) ?? `number ${machine}`})`
  if (head[4] !== 2 || head[5] !== 1) return 'it is not for 64 bits, and a confidential VM runs nothing else'
  const kind = head.readUInt16LE(16)
  if (kind !== kinds.executable && kind !== kinds.shared) return 'it is an object file or a core, no program'
  const table = Number(head.readBigUInt64LE(32))
  const [each, count] = [head.readUInt16LE(54), head.readUInt16LE(56)]
  if (each !== bytesOf.segment || count === 0 || count * each > most.table) return 'it has no segments'
  const segments = read(table, count * each)
  if (segments.length < count * each) return 'its segments are cut off'
  for (let at = 0; at < segments.length; at += each) {
    if (segments.readUInt32LE(at) !== interpreter) continue
    const length = Number(segments.readBigUInt64LE(at + 32))
    if (length < 2 || length > most.name) return 'the name of its loader is broken'
    const name = read(Number(segments.readBigUInt64LE(at + 8)), length)
    if (name.length < length || name.at(-1) !== 0) return 'the name of its loader is cut off'
    return { loader: name.toString('latin1', 0, name.indexOf(0)) }
  }
  // A shared library without an entry point is no program either.
  return kind === kinds.shared && head.readBigUInt64LE(24) === 0n
    ? 'it is a library, no program'
    : { loader: undefined }
}
