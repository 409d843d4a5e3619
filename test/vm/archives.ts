// Changed archives of `pack`: modules compressed as dracut and initramfs-tools ship them, entries changed or missing, another
// archive in front of the agent's.

import { existsSync } from 'node:fs'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { run, toolPath } from '../../src/machine/exec.ts'
import {
  type CpioContent,
  fileType,
  padding,
  parseCpio,
  printEntry,
  printTrailer,
} from '../../src/pack/cpio.ts'
import { librariesOf } from '../../src/pack/libraries.ts'
import { manifestPath, printManifest } from '../../src/system/initramfs.ts'

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
  await writeArchive(listed(await Promise.all(changed)), output)
  return compressed
}

/** The same archive with entries changed, or left out where `change` gives none. The manifest stays as it was. */
export const withContent = async (
  archive: string,
  output: string,
  change: (entry: CpioContent) => Uint8Array | undefined,
): Promise<void> =>
  writeArchive(
    (await readArchive(archive)).flatMap((entry) => {
      const content = change(entry)
      return content === undefined ? [] : [{ ...entry, bytes: content.length, content }]
    }),
    output,
  )

/** The same archive with contents changed, and a manifest that fits them. */
export const withListedContent = async (
  archive: string,
  output: string,
  change: (entry: CpioContent) => Uint8Array,
): Promise<void> =>
  writeArchive(
    listed(
      (await readArchive(archive)).map((entry) => holding(entry, entry.path, Buffer.from(change(entry)))),
    ),
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
    path,
    mode: fileType.file | permissions,
    bytes: content.length,
    content,
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

/** The entries with the manifest that fits them. */
const listed = (entries: readonly CpioContent[]): CpioContent[] => {
  const isManifest = ({ path }: CpioContent) => `/${path}` === manifestPath
  const files = entries.filter((e) => (e.mode & 0o170000) === fileType.file && !isManifest(e))
  const manifest = printManifest(files.map(({ path, bytes }) => ({ path: `/${path}`, bytes })))
  return entries.map((entry) =>
    isManifest(entry) ? holding(entry, entry.path, Buffer.from(manifest)) : entry,
  )
}

/**
 * The same archive with somebody before the agent: a script of the shell that may use `programs` of this machine and
 * `files`, and then becomes the agent.
 */
export const withPredecessor = async (
  archive: string,
  output: string,
  script: string,
  programs: readonly string[],
  files: ReadonlyMap<string, Buffer>,
): Promise<void> => {
  const entries = (await readArchive(archive)).map((e) => (e.path === 'init' ? { ...e, path: 'agent' } : e))
  const there = new Set(entries.map(({ path }) => path))
  const add = (path: string, content: Uint8Array): void => {
    const parts = path.split('/')
    for (const folder of parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'))) {
      if (there.has(folder)) continue
      there.add(folder)
      entries.unshift({ path: folder, mode: fileType.directory | 0o755, bytes: 0, content: Buffer.alloc(0) })
    }
    if (there.has(path)) return
    there.add(path)
    // Before the manifest, which is the last.
    entries.splice(-1, 0, { path, mode: fileType.file | 0o755, bytes: content.length, content })
  }
  add('init', Buffer.from(`#!/bin/sh\n${script}exec /agent\n`))
  for (const [path, content] of files) add(path, content)
  for (const program of ['dash', ...programs]) {
    const file = toolPath
      .split(':')
      .map((directory) => join(directory, program))
      .find((path) => existsSync(path))
    if (file === undefined) throw new Error(`${program} is not installed`)
    add(`bin/${program === 'dash' ? 'sh' : program}`, await readFile(file))
    for (const library of await librariesOf(file)) add(library.slice(1), await readFile(library))
  }
  await writeArchive(listed(entries), output)
}

/** Files by their paths, executable where they begin with #!, and the folders they are in. */
const entriesOf = (files: Readonly<Record<string, string>>): CpioContent[] => {
  const folders = Object.keys(files).flatMap((path) =>
    path.split('/').flatMap((_, n, parts) => (n === 0 ? [] : [parts.slice(0, n).join('/')])),
  )
  return [
    ...[...new Set(folders)].map((path) => ({
      path,
      mode: fileType.directory | 0o755,
      bytes: 0,
      content: Buffer.alloc(0),
    })),
    ...Object.entries(files).map(([path, text]) => {
      const content = Buffer.from(text)
      const mode = fileType.file | (text.startsWith('#!') ? 0o755 : 0o644)
      return { path, mode, bytes: content.length, content }
    }),
  ]
}

/** An archive of whatever kind behind another, of files that it does not have: the kernel unpacks them first. */
export const withFirst = async (
  archive: string,
  files: Readonly<Record<string, string>>,
  output: string,
): Promise<void> => {
  await writeArchive(entriesOf(files), output)
  await appendFile(output, await readFile(archive))
}

/**
 * An archive of whatever kind with another behind it, which the kernel unpacks over it. Not behind lz4, whose end the
 * kernel does not see.
 */
export const withMore = async (
  archive: string,
  files: Readonly<Record<string, string>>,
  output: string,
): Promise<void> => {
  await run('cp', ['--sparse=never', archive, output])
  await writeArchive(entriesOf(files), `${output}.more`)
  await appendFile(output, await readFile(`${output}.more`))
  await rm(`${output}.more`)
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
