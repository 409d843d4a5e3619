// A file or a link under a name of an open directory: there whole, or not at all. A link that somebody put there is
// replaced, and what it leads to is never written.

import { createReadStream } from 'node:fs'
import { open, rename, rm, symlink } from 'node:fs/promises'
import type { Directory } from './beneath.ts'

/** Bytes, a file of this machine, or where a link leads. */
export type Content =
  | { readonly bytes: Uint8Array | string }
  | { readonly file: string }
  | { readonly link: string }

/** A new file, never one that is there: `wx` is O_EXCL, which follows no link. */
const write = async (
  draft: Buffer,
  content: Exclude<Content, { link: string }>,
  mode: number,
): Promise<void> => {
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile('file' in content ? createReadStream(content.file) : content.bytes)
    // Not by open's mode, which the umask cuts.
    await handle.chmod(mode)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Throws what the kernel says. */
export const putIn = async (
  directory: Directory,
  name: string,
  content: Content,
  mode: number,
): Promise<void> => {
  const draft = directory.at(`.${name}.cvmboot`)
  try {
    // What a run that ended half-way left.
    await rm(draft, { force: true })
    if ('link' in content) await symlink(content.link, draft)
    else await write(draft, content, mode)
    await rename(draft, directory.at(name))
  } finally {
    await rm(draft, { force: true })
  }
}
