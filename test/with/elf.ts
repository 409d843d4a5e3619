// A small ELF program, or one that is wrong in one place.

export type ElfChange = {
  /** `interp` segment; none for a static program. */
  readonly loader?: string
  readonly machine?: number
  /** 1 for 32 bits. */
  readonly bits?: 1 | 2
  /** 3 is that of a library or of a program that can lie anywhere. */
  readonly type?: number
  readonly entry?: bigint
}

export const tinyElf = ({
  loader,
  machine = 62,
  bits = 2,
  type = 2,
  entry = 0x400078n,
}: ElfChange = {}): Buffer => {
  const bytes = Buffer.alloc(64 + 56 + (loader === undefined ? 0 : loader.length + 1))
  bytes.write('\x7fELF', 0, 'latin1')
  bytes.set([bits, 1, 1], 4)
  bytes.writeUInt16LE(type, 16)
  bytes.writeUInt16LE(machine, 18)
  bytes.writeBigUInt64LE(entry, 24)
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(1, 56)
  bytes.writeUInt32LE(loader === undefined ? 1 : 3, 64)
  if (loader === undefined) return bytes
  bytes.writeBigUInt64LE(120n, 72)
  bytes.writeBigUInt64LE(BigInt(loader.length + 1), 96)
  bytes.write(loader, 120, 'latin1')
  return bytes
}
