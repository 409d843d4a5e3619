// The shared libraries that cvmboot needs and a root lacks; a minimal root has no libatomic.so.1, for example. Install copies
// the libraries from its own machine to directories that the loader of that root searches by default.

import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { resolveWithin } from '../machine/within.ts'
import { librariesOf } from '../pack/libraries.ts'
import { isSame } from './changes.ts'
import { lookAt } from './place.ts'
import type { Left } from './record.ts'
import { familyOf, isNewer, overlap, type Versions, versionsIn } from './versions.ts'

/** Debian's directories of libraries, then the directories of other distributions. */
const directories = [
  ...['/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib', '/lib'],
]

const findIn = (root: string, name: string): string | undefined =>
  directories
    .map((directory) => `${directory}/${name}`)
    .find((path) => resolveWithin(root, path) !== undefined)

const pieceBytes = 4 * 1024 ** 2

/** Reads the file piece by piece, since an executable has 100 MB. */
const versionsOf = async (path: string): Promise<Versions> => {
  let versions: Versions = new Map()
  const file = await open(path)
  try {
    const buffer = Buffer.alloc(pieceBytes)
    for (let at = 0; ; at += pieceBytes - overlap) {
      const { bytesRead } = await file.read(buffer, 0, pieceBytes, at)
      versions = versionsIn(buffer.subarray(0, bytesRead), versions)
      if (bytesRead < pieceBytes) return versions
    }
  } finally {
    await file.close()
  }
}

/** Whether the file is an ELF program. A script in the executable's place needs no library that install could find out. */
const isElf = async (path: string): Promise<boolean> => {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return bytesRead === 4 && buffer.readUInt32BE(0) === 0x7f454c46
  } finally {
    await file.close()
  }
}

/** Fault: `install-library`, where a library of the root is older than a program needs. */
const requireNew = async (
  root: string,
  programs: readonly string[],
  present: ReadonlyMap<string, string>,
): Promise<void> => {
  const known = new Map<string, Versions>()
  for (const [name, path] of present)
    if (Object.values(familyOf).includes(name)) known.set(name, await versionsOf(path))
  for (const program of programs) {
    const needed = await versionsOf(program)
    for (const [family, version] of needed) {
      const name = familyOf[family] ?? ''
      const has = known.get(name)
      const found = has?.get(family)
      if (has !== undefined && (found === undefined || isNewer(version, found)))
        throw fail('install-library', {
          root,
          library: name,
          found: `${family}_${found ?? 'none'}`,
          program: basename(program),
          needed: `${family}_${version}`,
        })
    }
  }
}

const isOurs = async (root: string, path: string, left: ReadonlyMap<string, Left>): Promise<boolean> => {
  const noted = left.get(path)
  const found = await lookAt(root, path)
  return noted !== undefined && typeof found === 'object' && isSame(noted, found)
}

/**
 * Path in the root -> file of this machine. A library of an earlier installation stays wanted, unless a package of that root
 * has replaced the library.
 * Faults: `install-library`, `install-write`, `pack-input`, `tool-missing`.
 */
export const librariesFor = async (
  root: string,
  executable: string,
  left: ReadonlyMap<string, Left>,
): Promise<ReadonlyMap<string, string>> => {
  try {
    if (!(await isElf(executable))) return new Map()
    const lacking = new Map<string, string>()
    const present = new Map<string, string>()
    const libc = findIn(root, 'libc.so.6')
    // A root without a C library gets the loader and all libraries, each at the path that it has on this machine.
    const directory =
      libc === undefined || (await isOurs(root, libc, left))
        ? undefined
        : libc.slice(0, libc.lastIndexOf('/'))
    for (const library of await librariesOf(executable)) {
      const name = basename(library)
      const there = findIn(root, name)
      const found = there === undefined ? undefined : resolveWithin(root, there)
      if (there !== undefined && found !== undefined && !(await isOurs(root, there, left)))
        present.set(name, found)
      else lacking.set(there ?? (directory === undefined ? library : `${directory}/${name}`), library)
    }
    await requireNew(root, [executable, ...lacking.values()], present)
    return lacking
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown)
      throw fail('install-write', { path: executable, reason: reasonOf(thrown) })
    throw thrown
  }
}
