// Versions of symbols. A program names the versions that it needs, and a library names the versions that it has. Both stand in
// the file as text, such as `GLIBC_2.28`. Pure.

/** The library that has the symbols of a family. */
export const familyOf: Readonly<Record<string, string>> = {
  GLIBC: 'libc.so.6',
  GLIBCXX: 'libstdc++.so.6',
  CXXABI: 'libstdc++.so.6',
  GCC: 'libgcc_s.so.1',
  LIBATOMIC: 'libatomic.so.1',
}

const families = Object.keys(familyOf)

/** The version behind the name of the family. */
const version = /^\d{1,4}(?:\.\d{1,4}){0,3}(?![\w.])/

/** Bytes by which two pieces of a file overlap: more than any version has. */
export const overlap = 64

/** Family -> the newest version. */
export type Versions = ReadonlyMap<string, string>

export const isNewer = (a: string, b: string): boolean => {
  const [own, other] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let i = 0; i < Math.max(own.length, other.length); i++) {
    const difference = (own[i] ?? 0) - (other[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}

/** The newest version of each family, in a piece of a file and in the pieces `before`. */
export const versionsIn = (piece: Buffer, before: Versions = new Map()): Versions => {
  const newest = new Map(before)
  for (const family of families) {
    const start = Buffer.from(`${family}_`)
    for (let at = piece.indexOf(start); at >= 0; at = piece.indexOf(start, at + 1)) {
      // A name begins after the zero byte that ends the one before it.
      if (piece[at - 1] !== 0) continue
      const from = at + start.length
      const [found] = version.exec(piece.toString('latin1', from, from + overlap)) ?? []
      const known = newest.get(family)
      if (found !== undefined && (known === undefined || isNewer(found, known))) newest.set(family, found)
    }
  }
  return newest
}
