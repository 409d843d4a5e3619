// The sources of the files of an initramfs, before `pack` writes them.

import { stat } from 'node:fs/promises'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { mostBytes } from './cpio.ts'

/** The source of one file: the bytes themselves, or a file of the build host with its size in bytes. */
export type Source = { readonly content: Uint8Array } | { readonly file: string; readonly bytes: number }

/** Absolute path in the initramfs -> the source of the file. */
export type Files = ReadonlyMap<string, Source>

/** A file of this machine, links followed. Fault: `pack-input`. */
export const sourceOf = async (file: string): Promise<Source> => {
  const found = await stat(file).catch((thrown) => {
    throw fail('pack-input', { path: file, reason: reasonOf(thrown) })
  })
  if (!found.isFile()) throw fail('pack-input', { path: file, reason: 'it is no file' })
  if (found.size > mostBytes)
    throw fail('pack-input', { path: file, reason: 'cpio holds at most 4 GiB a file' })
  return { file, bytes: found.size }
}
