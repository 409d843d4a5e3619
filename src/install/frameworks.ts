// The files for each initramfs generator and for systemd of the running system, with their places: the files of dracut/,
// initramfs-hooks/ and systemd/, unchanged. The executable carries the files as one string, which costs a boot nothing. A run
// from source reads the files.

import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The generators, by the names of their Debian packages. */
export const frameworks = ['dracut', 'initramfs-tools'] as const
export type Framework = (typeof frameworks)[number]

/** `mode` as chmod takes it; the `text` of a link is its target. */
export type Carried = { readonly kind: 'file' | 'link'; readonly mode: number; readonly text: string }
/** Path in the project -> file. */
export type Trees = Readonly<Record<string, Carried>>

// The build replaces this name with the string.
declare const __CVMBOOT_TREES__: string

const folders = ['dracut', 'initramfs-hooks', 'systemd'] as const

const carry = (path: string): Carried => {
  const stats = lstatSync(path)
  if (stats.isSymbolicLink()) return { kind: 'link', mode: 0o777, text: readlinkSync(path) }
  const mode = (stats.mode & 0o100) === 0 ? 0o644 : 0o755
  return { kind: 'file', mode, text: readFileSync(path, 'utf8') }
}

/** All files and links of the folders. A file that its owner may run gets mode 755, so that everybody may run it. */
export const readTrees = (project: string): Trees =>
  Object.fromEntries(
    folders
      .flatMap((folder) => readdirSync(join(project, folder), { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [relative(project, path), carry(path)]),
  )

const trees = (): Trees =>
  typeof __CVMBOOT_TREES__ === 'undefined'
    ? readTrees(join(import.meta.dirname, '../..'))
    : JSON.parse(__CVMBOOT_TREES__)

/** The directories in which the generators look for files: Debian's, and those of other distributions too. */
const places: readonly (readonly [folder: string, place: string, framework: Framework])[] = [
  ['dracut/50cvmboot/', '/usr/lib/dracut/modules.d/50cvmboot/', 'dracut'],
  ['dracut/', '/usr/lib/dracut/dracut.conf.d/', 'dracut'],
  ['initramfs-hooks/', '/usr/share/initramfs-tools/', 'initramfs-tools'],
]

/** Absolute path -> file, for one generator. */
export const filesFor = (framework: Framework): ReadonlyMap<string, Carried> =>
  new Map(
    Object.entries(trees()).flatMap(([path, file]): [string, Carried][] => {
      const [folder, place, of] = places.find(([prefix]) => path.startsWith(prefix)) ?? []
      if (folder === undefined || place === undefined || of !== framework) return []
      return [[place + path.slice(folder.length), file]]
    }),
  )

const shutdown = 'systemd/system-shutdown/'

/** Absolute path -> file, for systemd in the running system. */
export const unitFiles = (): ReadonlyMap<string, Carried> =>
  new Map(
    Object.entries(trees()).flatMap(([path, file]): [string, Carried][] => {
      if (path.startsWith(shutdown))
        return [[`/usr/lib/systemd/system-shutdown/${path.slice(shutdown.length)}`, file]]
      return path.startsWith('systemd/')
        ? [[`/usr/lib/systemd/system/${path.slice('systemd/'.length)}`, file]]
        : []
    }),
  )
