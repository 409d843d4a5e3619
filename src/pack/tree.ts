// The files that the boot needs, laid into the tree from which dracut or initramfs-tools makes an initramfs. Every name is
// looked up in an open directory of that tree.

import { closeSync, createReadStream, fstatSync, mkdirSync, readlinkSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { type Directory, lookAt, openFileWithin, openWithin } from '../machine/beneath.ts'
import { putIn } from '../machine/put.ts'
import { type ManifestEntry, manifestPath, printManifest } from '../system/initramfs.ts'
import type { Files, Source } from './source.ts'

/** Opens a directory of the tree, and makes a missing one. `lib` may be a link to `usr/lib`. */
const directoryIn = (root: string, path: string): Directory => {
  const found = openWithin(root, path)
  if (found !== undefined) return found
  using parent = directoryIn(root, dirname(path))
  mkdirSync(parent.at(basename(path)), { mode: 0o755 })
  return directoryIn(root, path)
}

/** Whether the tree has a file at `path` with exactly the bytes of the source. */
const isSame = async (root: string, path: string, source: Source): Promise<boolean> => {
  const bytes = 'file' in source ? source.bytes : source.content.length
  const fd = openFileWithin(root, path)
  if (fd === undefined) return false
  if (fstatSync(fd).size !== bytes) {
    closeSync(fd)
    return false
  }
  const content = 'file' in source ? await readFile(source.file) : source.content
  let at = 0
  for await (const chunk of createReadStream('', { fd }) as AsyncIterable<Buffer>) {
    if (!chunk.equals(content.subarray(at, at + chunk.length))) return false
    at += chunk.length
  }
  return at === bytes
}

/** Lays one file into the tree. The same file stays where another module of the framework laid it, as may be with a library. */
const place = async (root: string, path: string, source: Source): Promise<void> => {
  if (await isSame(root, path, source)) return
  using directory = directoryIn(root, dirname(path))
  const content = 'file' in source ? source : { bytes: source.content }
  const own = 'file' in source ? statSync(source.file).mode % 0o1000 : 0o644
  await putIn(directory, basename(path), content, path.startsWith('/usr/sbin/') ? 0o755 : own)
}

const isMasked = (root: string, path: string): boolean => {
  using directory = openWithin(root, dirname(path))
  if (directory === undefined) return false
  using found = lookAt(directory, basename(path))
  return found?.stat.isSymbolicLink() === true && readlinkSync(directory.at(basename(path))) === '/dev/null'
}

/** The size of a file that somebody else laid there; 0 for a masked unit, a link to /dev/null. Fault: `pack-input`. */
const bytesIn = (root: string, path: string): number => {
  if (isMasked(root, path)) return 0
  const fd = openFileWithin(root, path)
  if (fd === undefined) throw fail('pack-input', { path, reason: `it is not in ${root}` })
  const { size } = fstatSync(fd)
  closeSync(fd)
  return size
}

const doing = async (root: string, path: string, act: () => Promise<void>): Promise<void> =>
  act().catch((thrown) => {
    if (thrown instanceof BootFault) throw thrown
    throw fail('pack-write', { path: join(root, path), reason: reasonOf(thrown) })
  })

/**
 * Lays the files into the tree, and a manifest that lists them and the files `also`, which have to be in the tree. Faults:
 * `pack-input`, `pack-write`.
 */
export const writeTree = async (files: Files, also: readonly string[], root: string): Promise<void> => {
  const entries: ManifestEntry[] = []
  for (const [path, source] of files) {
    await doing(root, path, () => place(root, path, source))
    entries.push({ path, bytes: 'file' in source ? source.bytes : source.content.length })
  }
  for (const path of also) entries.push({ path, bytes: bytesIn(root, path) })
  const sorted = entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  const manifest = { content: Buffer.from(printManifest(sorted)) }
  await doing(root, manifestPath, () => place(root, manifestPath, manifest))
}
