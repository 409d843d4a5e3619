// What a file is that the boot does not read as a volume: by the table of formats, by what is in it, or as a text.

import { readdirSync, statSync } from 'node:fs'
import { fileSystemOf } from '../layout/filesystem.ts'
import { gptBlockSize } from '../layout/gpt.ts'
import type { RandomAccess } from '../machine/random-access.ts'
import { kernelHeadBytes, releaseOfKernel } from '../pack/bzimage.ts'
import { isImage } from '../pack/image.ts'
import { quoted } from '../terminal/quoted.ts'
import type { Claim } from './claim.ts'
import { claimsLuks } from './claim.ts'
import { claimPacked, isPacked } from './compressed.ts'
import { containerOf, unpackContainer } from './container.ts'
import { claimFat } from './esp.ts'
import { type Format, formatOf, type Probe, probeOf } from './formats.ts'
import { claimImage } from './image.ts'
import { claimNamed } from './named.ts'
import { topOfTar } from './tar.ts'
import { claimText, isText, textBytes } from './texts.ts'
import { claimPe } from './uki.ts'

export type Asked = {
  /** For words. */
  readonly path: string
  readonly bytes: RandomAccess
  /** Only a file can be an initramfs, or be compressed. */
  readonly on: 'file' | 'device'
}

/** A boot sector says little: a partition table or a file system behind it decides. */
const isHidden = ({ kind }: Format, { head }: Probe): boolean =>
  (kind === 'mbr' || kind === 'fat') &&
  (gptBlockSize(head) !== undefined || fileSystemOf(head) !== undefined || claimsLuks(head))

const claimFormat = async (asked: Asked, format: Format): Promise<Claim> => {
  const { path, bytes } = asked
  const { kind, name, use, advice } = format
  if (kind === 'fat') return claimFat(bytes, path)
  const facts = kind === 'kernel' ? releaseFacts(bytes) : {}
  const container = kind === 'tar' ? containerOf(topOfTar(bytes)) : undefined
  return container === undefined
    ? claimNamed(path, { kind, name, use, advice: advice(quoted(path)), facts })
    : claimNamed(path, { kind: 'container', name: container, use: 'convert', advice: unpackContainer })
}

const releaseFacts = ({ read }: RandomAccess) => {
  const release = releaseOfKernel(read(0, kernelHeadBytes))
  return release === undefined ? {} : { release }
}

/** Undefined for what the boot reads: a disk with a GPT, a volume, bytes that nobody knows. */
export const claimFile = async (asked: Asked): Promise<Claim | undefined> => {
  const { path, bytes, on } = asked
  const probe = probeOf(bytes)
  const { head } = probe
  const format = formatOf(probe)
  if (format !== undefined && !isHidden(format, probe)) return claimFormat(asked, format)
  if (head.toString('latin1', 0, 2) === 'MZ') return claimPe(bytes, path)
  if (on === 'device' || gptBlockSize(head) !== undefined) return undefined
  const packed =
    isPacked(head) && fileSystemOf(head) === undefined ? await claimPacked(path, head) : undefined
  if (packed !== undefined && packed !== 'initramfs') return packed
  if (packed === 'initramfs' || isImage(head)) return claimImage(path)
  return undefined
}

/** A file that the boot does not read either. */
export const claimRest = ({ path, bytes }: Asked): Claim => {
  if (bytes.size === 0)
    return claimNamed(path, { kind: 'empty', name: 'an empty file', use: 'foreign', advice: '' })
  const head = bytes.read(0, 4096)
  if (isText(head)) return claimText(bytes.read(0, textBytes), path)
  return claimNamed(path, {
    kind: 'unknown',
    name: 'of no format that is known here',
    use: 'foreign',
    advice: '',
  })
}

/** The names in a directory; undefined for what is none, or cannot be looked at, which opening it as a file says better. */
const namesIn = (path: string): string[] | undefined => {
  try {
    return statSync(path).isDirectory() ? readdirSync(path) : undefined
  } catch {
    return undefined
  }
}

/** Undefined for what is no directory. */
export const claimDirectory = (path: string): Claim | undefined => {
  const names = namesIn(path)
  if (names === undefined) return undefined
  const container = containerOf(names)
  return container === undefined
    ? claimNamed(path, {
        kind: 'directory',
        name: 'a directory',
        use: 'taken',
        advice: `cvmboot setup takes it: --root-fs ${quoted(path)}, or for another volume`,
      })
    : claimNamed(path, { kind: 'container', name: container, use: 'convert', advice: unpackContainer })
}

/** A part of a disk, as of `claimFile`; undefined where the boot reads it. */
export const claimPartition = async (path: string, bytes: RandomAccess): Promise<Claim | undefined> => {
  const format = formatOf(probeOf(bytes))
  return format?.kind === 'fat' ? claimFat(bytes, path) : undefined
}
