// Writes a file or a link under a name of an open directory, whole or not at all. A link that another user put there is
// replaced, and its target is never written.

import { createReadStream } from 'node:fs'
import { open, rename, rm, symlink } from 'node:fs/promises'
import type { Directory } from './beneath.ts'

/** Bytes, the path of a file of this machine, or the target of a link. */
export type Content =
  | { readonly bytes: Uint8Array | string }
  | { readonly file: string }
  | { readonly link: string }

/** Writes a new file, never an existing one: `wx` is O_EXCL, which follows no link. */
const write = async (
  draft: Buffer,
  content: Exclude<Content, { link: string }>,
  mode: number,
): Promise<void> => {
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile('file' in content ? createReadStream(content.file) : content.bytes)
    // chmod sets the mode, since the umask cuts the mode of open.
    await handle.chmod(mode)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Throws the kernel's error. */
export const putIn = async (
  directory: Directory,
  name: string,
  content: Content,
  mode: number,
): Promise<void> => {
  const draft = directory.at(`.${name}.cvmboot`)
  try {
    // An earlier run that ended half-way may have left a draft.
    await rm(draft, { force: true })
    if ('link' in content) await symlink(content.link, draft)
    else await write(draft, content, mode)
    await rename(draft, directory.at(name))
  } finally {
    await rm(draft, { force: true })
  }
}
