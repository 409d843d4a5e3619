// Removes the section headers of the finished ELF file. Tools like strip rewrite a file by its sections. They would not know the
// segment of the injected bundle, exit with 0 and leave an executable that crashes. Such tools refuse a file without section
// headers and leave it whole. The kernel and ld.so read program headers only.

/** Offsets in a 64-bit little-endian ELF header: e_shoff has 8 bytes, e_shnum and e_shstrndx behind it 2 bytes each. */
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
