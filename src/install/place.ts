// The files of another root (or this one): looked at, written whole, removed. Links are followed as they will look there.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fail } from '../fault.ts'
import { reasonOf } from '../machine/errno.ts'
import { resolveWithin } from '../machine/within.ts'
import type { Found } from './changes.ts'

/** Text, a file of this machine, or where a link leads. */
export type Content = { readonly text: string } | { readonly file: string } | { readonly link: string }

const sha256Of = async (file: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

export const digestOf = async (content: Content): Promise<string> => {
  if ('file' in content) return sha256Of(content.file)
  const text = 'link' in content ? content.link : content.text
  return createHash('sha256').update(text).digest('hex')
}

/** Where a path of the root lies: its directory followed, itself not. Undefined where the directory is not there. */
const placeOf = (root: string, path: string): string | undefined => {
  const directory = resolveWithin(root, dirname(path))
  return directory === undefined ? undefined : join(directory, basename(path))
}

/** Runs `act`, and names the path where it fails. Fault: `install-write`. */
const doing = async <T>(root: string, path: string, act: () => Promise<T>): Promise<T> =>
  act().catch((thrown) => {
    throw fail('install-write', { path: join(root, path), reason: reasonOf(thrown) })
  })

/** Fault: `install-write`. */
export const lookAt = (root: string, path: string): Promise<Found> =>
  doing(root, path, async () => {
    const place = placeOf(root, path)
    const stats =
      place === undefined
        ? undefined
        : await lstat(place).catch((thrown) => {
            if (thrown.code === 'ENOENT') return undefined
            throw thrown
          })
    if (place === undefined || stats === undefined) return 'nothing'
    const mode = stats.mode & 0o7777
    if (stats.isSymbolicLink())
      return { kind: 'link', mode, sha256: await digestOf({ link: await readlink(place) }) }
    return stats.isFile() ? { kind: 'file', mode, sha256: await sha256Of(place) } : 'other'
  })

/** Undefined where there is none. Fault: `install-write`. */
export const readIn = (root: string, path: string): Promise<string | undefined> =>
  doing(root, path, async () => {
    const place = resolveWithin(root, path)
    return place === undefined ? undefined : readFile(place, 'utf8')
  })

/** Directories of the path that are not there, parents first. */
export const missingDirectories = (root: string, path: string): string[] => {
  const directory = dirname(path)
  if (directory === '/' || resolveWithin(root, directory) !== undefined) return []
  return [...missingDirectories(root, directory), directory]
}

const writeSynced = async (path: string, content: Exclude<Content, { link: string }>, mode: number) => {
  if ('file' in content) await copyFile(content.file, path)
  else await writeFile(path, content.text)
  await chmod(path, mode)
  const written = await open(path)
  await written.sync()
  await written.close()
}

/** Whole under its name, or not there; its directories with it. Fault: `install-write`. */
export const writeIn = (root: string, path: string, content: Content, mode: number): Promise<void> =>
  doing(root, path, async () => {
    for (const directory of missingDirectories(root, path))
      await mkdir(placeOf(root, directory) ?? join(root, directory), { mode: 0o755 })
    const place = placeOf(root, path) ?? join(root, path)
    const draft = join(dirname(place), `.${basename(place)}.cvmboot`)
    try {
      if ('link' in content) await symlink(content.link, draft)
      else await writeSynced(draft, content, mode)
      await rename(draft, place)
    } finally {
      await rm(draft, { force: true })
    }
  })

/** Fault: `install-write`. */
export const removeIn = (root: string, path: string): Promise<void> =>
  doing(root, path, async () => {
    const place = placeOf(root, path)
    if (place !== undefined) await rm(place, { force: true })
  })

/** Unless something is in it. Fault: `install-write`. */
export const removeDirectoryIn = (root: string, path: string): Promise<void> =>
  doing(root, path, async () => {
    const place = placeOf(root, path)
    if (place === undefined) return
    await rmdir(place).catch((thrown) => {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY'].includes(thrown.code)) throw thrown
    })
  })
