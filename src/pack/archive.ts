// The archive of the initramfs: the plan of its entries, and the writer. The writer writes one entry after the other, and never
// holds all of them in memory.

import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path/posix'
import { fail } from '../fault/index.ts'
import { manifestPath, newRoot, printManifest } from '../system/initramfs.ts'
import { type CpioEntry, fileType, padding, printEntry, printTrailer } from './cpio.ts'
import type { Files, Source } from './source.ts'

type Planned = CpioEntry & { readonly source?: Source }

const bytesOf = (source: Source): number => ('file' in source ? source.bytes : source.content.length)

/** Mount points of the boot. `planArchive` adds the parent directories of files. */
const directories = ['/dev', '/etc', '/proc', '/run', '/sys', newRoot, '/tmp']

/** Without these two Node aborts as PID 1: the kernel opens its standard streams before devtmpfs is there. */
const devices: readonly Planned[] = [
  { path: 'dev/console', mode: fileType.device | 0o600, bytes: 0, device: { major: 5, minor: 1 } },
  { path: 'dev/null', mode: fileType.device | 0o666, bytes: 0, device: { major: 1, minor: 3 } },
]

/** All entries in the order of the archive: parents first, then by name, the manifest last of all. */
export const planArchive = (files: Files): readonly Planned[] => {
  const parents = (path: string): string[] => (path === '/' ? [] : [...parents(dirname(path)), path])
  const folders = new Set([...directories, ...[...files.keys(), manifestPath].map(dirname)].flatMap(parents))
  const file = (path: string, source: Source): Planned => ({
    path: path.slice(1),
    // A file of the build host is a program or a library.
    mode: fileType.file | ('file' in source ? 0o755 : 0o644),
    bytes: bytesOf(source),
    source,
  })
  const folder = (path: string): Planned => ({
    path: path.slice(1),
    mode: fileType.directory | (path === '/tmp' ? 0o1777 : 0o755),
    bytes: 0,
  })
  const all = [
    ...[...folders].map(folder),
    ...devices,
    ...[...files].map(([path, source]) => file(path, source)),
  ]
  const sorted = all.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  const listed = sorted.flatMap(({ path, bytes, source }) => (source ? [{ path: `/${path}`, bytes }] : []))
  return [...sorted, file(manifestPath, { content: Buffer.from(printManifest(listed)) })]
}

/** Writes the archive and returns its size. Fault: `pack-input` for a file that changes while it is read. */
export const writeArchive = async (planned: readonly Planned[], output: FileHandle): Promise<number> => {
  let written = 0
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length; ) at += (await output.write(bytes, at)).bytesWritten
    written += bytes.length
  }
  for (const [index, { source, ...entry }] of planned.entries()) {
    await write(printEntry(entry, index + 1))
    const before = written
    if (source !== undefined) {
      if ('file' in source) for await (const chunk of createReadStream(source.file)) await write(chunk)
      else await write(source.content)
      if ('file' in source && written - before !== entry.bytes)
        throw fail('pack-input', { path: source.file, reason: 'it changes while it is read' })
    }
    await write(Buffer.alloc(padding(entry.bytes)))
  }
  await write(printTrailer())
  return written
}
