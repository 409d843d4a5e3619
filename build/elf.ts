// The one thing done to the finished ELF file: its section headers go.
// strip and its kin rewrite a file by its sections, exit 0 and leave an executable that crashes, because the
// injected bundle lies in a segment they do not know. Without section headers they refuse and leave it whole;
// the kernel and ld.so read program headers only.

/** Where a 64-bit little-endian ELF header holds e_shoff (8 bytes), and e_shnum with e_shstrndx (2 each). */
const shoff = 0x28
const shnum = 0x3c

/** The same file without a section header table. */
export const withoutSections = (file: Uint8Array): Uint8Array => {
  const isElf64 = file[0] === 0x7f && String.fromCharCode(...file.subarray(1, 4)) === 'ELF' && file[4] === 2
  if (!isElf64 || file[5] !== 1) throw new Error('not a 64-bit little-endian ELF file')
  const bare = Uint8Array.from(file)
  bare.fill(0, shoff, shoff + 8)
  bare.fill(0, shnum, shnum + 4)
  return bare
}
