// Archives of `pack`, changed: modules compressed as dracut and initramfs-tools ship them, entries missing, or
// something that runs before /init.

import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { manifestPath, printManifest } from '../../src/layout/initramfs.ts'
import {
  type CpioContent,
  fileType,
  padding,
  parseCpio,
  printEntry,
  printTrailer,
} from '../../src/pack/cpio.ts'

/** Rewrites an uncompressed archive of `pack`: each module is again the `.ko.xz` of `modules`. */
export const withCompressedModules = async (
  archive: string,
  modules: string,
  output: string,
): Promise<number> => {
  const entries = await readArchive(archive)
  let compressed = 0
  const changed = entries.map(async (entry): Promise<CpioContent> => {
    const [, relative] = /^lib\/modules\/[^/]+\/(.*)$/.exec(entry.path) ?? []
    if (relative?.endsWith('.ko')) {
      compressed++
      return holding(entry, `${entry.path}.xz`, await readFile(join(modules, `${relative}.xz`)))
    }
    if (relative !== 'modules.dep') return entry
    const text = Buffer.from(entry.content)
      .toString()
      .replace(/\.ko\b/g, '.ko.xz')
    return holding(entry, entry.path, Buffer.from(text))
  })
  const all = await Promise.all(changed)
  const files = all.filter((e) => (e.mode & 0o170000) === fileType.file && `/${e.path}` !== manifestPath)
  const manifest = printManifest(files.map(({ path, bytes }) => ({ path: `/${path}`, bytes })))
  const final = all.map((entry) =>
    `/${entry.path}` === manifestPath ? holding(entry, entry.path, Buffer.from(manifest)) : entry,
  )
  await writeArchive(final, output)
  return compressed
}

/** The same archive with only what is kept: as if memory had ended before it. */
export const withoutEntries = async (
  archive: string,
  output: string,
  kept: (path: string) => boolean,
): Promise<void> =>
  writeArchive(
    (await readArchive(archive)).filter(({ path }) => kept(path)),
    output,
  )

/**
 * The same archive behind a first /init, which loads modules, puts the archive's own /init back and becomes it.
 * `modules` are files of this machine, in the order they load.
 */
export const withLauncher = async (
  archive: string,
  launcher: string,
  modules: readonly string[],
  output: string,
): Promise<void> => {
  const file = (path: string, content: Buffer, permissions: number): CpioContent => ({
    ...{ path, mode: fileType.file | permissions, bytes: content.length, content },
  })
  const directory = { path: 'tee', mode: fileType.directory | 0o755, bytes: 0, content: Buffer.alloc(0) }
  const paths = modules.map((path) => `tee/${basename(path)}`)
  const added = [
    directory,
    file('tee/modules', Buffer.from(paths.map((path) => `/${path}\n`).join('')), 0o644),
    ...(await Promise.all(modules.map(async (path, i) => file(paths[i] ?? '', await readFile(path), 0o644)))),
    file('init', await readFile(launcher), 0o755),
  ]
  const own = (await readArchive(archive)).map((e) => (e.path === 'init' ? { ...e, path: 'tee/init' } : e))
  // In front: the manifest has to stay the last entry.
  await writeArchive([...added, ...own], output)
}

const readArchive = async (archive: string): Promise<CpioContent[]> => {
  const entries = parseCpio(await readFile(archive))
  if (entries === undefined) throw new Error(`${archive} is not an archive of ours`)
  return entries
}

/** Writes an archive of these entries. */
export const writeArchive = async (entries: readonly CpioContent[], output: string): Promise<void> => {
  const parts = entries.flatMap((entry, i) => [
    printEntry(entry, i + 1),
    entry.content,
    Buffer.alloc(padding(entry.bytes)),
  ])
  await writeFile(output, Buffer.concat([...parts, printTrailer()]))
}

const holding = (entry: CpioContent, path: string, content: Buffer): CpioContent => ({
  ...entry,
  path,
  bytes: content.length,
  content,
})
