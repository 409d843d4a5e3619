// The claim of a file that the boot does not read as a volume: by the table of formats, by its content, or as a text.

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
import type { Format, Probe } from './format.ts'
import { formatOf, probeOf } from './formats.ts'
import { claimImage } from './image.ts'
import { claimNamed } from './named.ts'
import { topOfTar } from './tar.ts'
import { claimText, isText, textBytes } from './texts.ts'
import { claimPe } from './uki.ts'

export type ClaimedFile = {
  /** For messages. */
  readonly path: string
  readonly bytes: RandomAccess
  /** A device is taken for no initramfs, and for no compressed file. */
  readonly on: 'file' | 'device'
}

/** Whether other bytes decide. A boot sector says little: a GPT, a file system or a LUKS header beside it says more. */
const isHidden = ({ kind }: Format, { head }: Probe): boolean =>
  (kind === 'mbr' || kind === 'fat') &&
  (gptBlockSize(head) !== undefined || fileSystemOf(head) !== undefined || claimsLuks(head))

const claimFormat = async (asked: ClaimedFile, format: Format): Promise<Claim> => {
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

/** Undefined for a file that inspect.ts judges as a disk or as a volume: one with a GPT, a header, or unknown bytes. */
export const claimFile = async (asked: ClaimedFile): Promise<Claim | undefined> => {
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

/** The claim of a file that is neither of a known format nor a volume: an empty file, a text, or an unknown file. */
export const claimRest = ({ path, bytes }: ClaimedFile): Claim => {
  if (bytes.size === 0)
    return claimNamed(path, { kind: 'empty', name: 'an empty file', use: 'foreign', advice: '' })
  const head = bytes.read(0, 4096)
  if (isText(head)) return claimText(bytes.read(0, textBytes), path)
  return claimNamed(path, {
    kind: 'unknown',
    name: 'a file of no format that cvmboot knows',
    use: 'foreign',
    advice: '',
  })
}

/**
 * The names in a directory. Undefined where the path is no directory, or is unreadable: a later open as a file gives the
 * better message.
 */
const namesIn = (path: string): string[] | undefined => {
  try {
    return statSync(path).isDirectory() ? readdirSync(path) : undefined
  } catch {
    return undefined
  }
}

/** The claim of a directory; undefined where the path is no directory. */
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

/** The claim of a partition that the firmware reads (FAT); undefined for every other partition. */
export const claimPartition = async (path: string, bytes: RandomAccess): Promise<Claim | undefined> => {
  const format = formatOf(probeOf(bytes))
  return format?.kind === 'fat' ? claimFat(bytes, path) : undefined
}
