// What the boot needs, laid into the tree that dracut or initramfs-tools makes an initramfs of.

import { chmod, copyFile, lstat, mkdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fail } from '../fault.ts'
import { type ManifestEntry, manifestPath, printManifest } from '../layout/initramfs.ts'
import { reasonOf } from '../machine/errno.ts'
import { resolveWithin } from '../machine/within.ts'
import type { Files, Source } from './source.ts'

/** Where a directory of the tree lies, made if it is not there: `lib` may be a link to `usr/lib`. */
const directoryIn = async (root: string, path: string): Promise<string> => {
  const found = resolveWithin(root, path)
  if (found !== undefined) return found
  const made = join(await directoryIn(root, dirname(path)), basename(path))
  await mkdir(made, { mode: 0o755 })
  return made
}

const isSame = async (source: Source, path: string): Promise<boolean> => {
  const bytes = 'file' in source ? source.bytes : source.content.length
  const found = await stat(path)
  if (!found.isFile() || found.size !== bytes) return false
  return (await readFile(path)).equals('file' in source ? await readFile(source.file) : source.content)
}

/** What another module of the framework laid there already stays if it is the same, as a library may be. */
const place = async (root: string, path: string, source: Source): Promise<void> => {
  const there = resolveWithin(root, path)
  if (there !== undefined && (await isSame(source, there))) return
  const file = join(await directoryIn(root, dirname(path)), basename(path))
  await rm(file, { force: true })
  if ('file' in source) await copyFile(source.file, file)
  else await writeFile(file, source.content, { mode: 0o644 })
  if (path.startsWith('/usr/sbin/')) await chmod(file, 0o755)
}

/** Bytes of what somebody else laid there. A unit that is masked is a link to /dev/null. Fault: `pack-input`. */
const bytesIn = async (root: string, path: string): Promise<number> => {
  const found = resolveWithin(root, path)
  if (found !== undefined) return (await stat(found)).size
  const itself = join(root, path)
  const isLink = await lstat(itself).then(
    (entry) => entry.isSymbolicLink(),
    () => false,
  )
  if (isLink && (await readlink(itself)) === '/dev/null') return 0
  throw fail('pack-input', { path, reason: `it is not in ${root}` })
}

/**
 * Lays files into the tree, and the manifest of these and of what is `also` to be there. Faults: `pack-input`,
 * `pack-write`.
 */
export const writeTree = async (files: Files, also: readonly string[], root: string): Promise<void> => {
  const entries: ManifestEntry[] = []
  for (const [path, source] of files) {
    await place(root, path, source).catch((thrown) => {
      throw fail('pack-write', { path: join(root, path), reason: reasonOf(thrown) })
    })
    entries.push({ path, bytes: 'file' in source ? source.bytes : source.content.length })
  }
  for (const path of also) entries.push({ path, bytes: await bytesIn(root, path) })
  const sorted = entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  const manifest = { content: Buffer.from(printManifest(sorted)) }
  await place(root, manifestPath, manifest).catch((thrown) => {
    throw fail('pack-write', { path: join(root, manifestPath), reason: reasonOf(thrown) })
  })
}
