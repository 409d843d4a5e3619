// The slots of an EFI system partition: what the partition holds, which slot a new image takes, whether the image fits, and
// whether the new content is what was asked for.

import { createHash } from 'node:crypto'
import { fail } from '../fault/index.ts'
import { type FatPlaces, filesOnFat, placesOnFat } from '../inspect/fat.ts'
import { foreignIn, otherSlot, type Slot, type Slots, slotDirectory, slotsOf } from '../layout/esp.ts'
import type { RandomAccess } from '../machine/random-access.ts'
import type { EspPlace } from './partition.ts'

type Existing = 'keep' | 'replace'

export type Into = { readonly disk: string; readonly slot: Slot | undefined }

export type Found = { readonly slots: Slots; readonly content: 'ours' | 'to format' }

/** Bytes that are read at a time. */
export const pieceBytes = 1024 ** 2

const isBlankAtStart = ({ access }: EspPlace): boolean =>
  access.read(0, pieceBytes).equals(Buffer.alloc(pieceBytes))

/** The slots of the partition. A partition with other content than cvmboot's is refused, or formatted. Fault: `esp-unusable`. */
export const lookAtEsp = (disk: string, esp: EspPlace, existing: Existing): Found => {
  const empty: Found = { slots: { boots: undefined, rests: undefined }, content: 'to format' }
  if (isBlankAtStart(esp)) return empty
  const places = placesOnFat(esp.access)
  const foreign = places === undefined ? undefined : foreignIn(places.paths)
  if (places?.sound === 'yes' && foreign === undefined && places.directory(slotDirectory) !== undefined)
    return { slots: slotsOf(places.paths), content: 'ours' }
  if (existing === 'replace') return empty
  const reason =
    foreign === undefined
      ? 'it is damaged, or holds data that cvmboot did not write; pass --force if all of its content may be lost'
      : `it has ${foreign}, which cvmboot did not write; pass --force if all of its files may be lost`
  throw fail('esp-unusable', { disk, reason })
}

/** Fault: `esp-slot`. */
export const chooseSlot = ({ disk, slot }: Into, { boots, rests }: Slots, existing: Existing): Slot => {
  const free = boots !== undefined ? otherSlot(boots) : rests !== undefined ? otherSlot(rests) : 'a'
  if (slot === undefined || slot === free) return free
  if (boots === undefined && rests === undefined)
    throw fail('esp-slot', { disk, slot, reason: 'the first image of a disk goes into slot a' })
  if (boots === slot && existing === 'keep')
    throw fail('esp-slot', {
      disk,
      slot,
      reason: `this image boots, and an interrupted write would leave none; write slot ${otherSlot(slot)}, or pass --force`,
    })
  return slot
}

const digestOf = ({ size, read }: RandomAccess): string => {
  const hash = createHash('sha256')
  for (let at = 0; at < size; at += pieceBytes) hash.update(read(at, pieceBytes))
  return hash.digest('hex')
}

export const fileOn = (access: RandomAccess, path: string): RandomAccess | undefined =>
  filesOnFat(access)?.find((one) => one.path.toUpperCase() === path)?.bytes

/** The directories EFI and EFI/BOOT, and the root. */
const directories = 3

const inClusters = (bytes: number, clusterBytes: number): number =>
  Math.ceil(bytes / clusterBytes) * clusterBytes

/** `kept`: the bytes of the image that stays. Fault: `esp-full`. */
export const requireRoom = (disk: string, needed: number, places: FatPlaces, kept: number): void => {
  const { clusterBytes, clusters } = places
  const free = (clusters - directories) * clusterBytes - inClusters(kept, clusterBytes)
  if (inClusters(needed, clusterBytes) > free) throw fail('esp-full', { disk, needed, free })
}

/** The numbers of a boot sector on which the places of all else depend (BPB). */
const numbers = { at: 11, bytes: 79 } as const

/** mtools gets a file system with the numbers of a new one, and no other. Fault: `esp-unusable`. */
export const requireSameNumbers = (disk: string, found: RandomAccess, made: RandomAccess): void => {
  const [own, wanted] = [found, made].map(({ read }) => read(numbers.at, numbers.bytes))
  if (own === undefined || wanted === undefined || !own.equals(wanted))
    throw fail('esp-unusable', {
      disk,
      reason: 'its boot sector is none of cvmboot; pass --force if all of its content may be lost',
    })
}

/** Reads back the new content, and compares it with the image and with the old content. Fault: `esp-unusable`. */
export const requireWritten = (
  disk: string,
  next: RandomAccess,
  wanted: readonly (readonly [path: string, bytes: RandomAccess | undefined])[],
): FatPlaces => {
  const places = placesOnFat(next)
  const good = wanted.every(([path, bytes]) => {
    const found = fileOn(next, path)
    return found !== undefined && bytes !== undefined && digestOf(found) === digestOf(bytes)
  })
  const files = places?.paths.filter((path) => !path.endsWith('/')).length
  if (places === undefined || !good || files !== wanted.length)
    throw fail('esp-unusable', { disk, reason: 'mtools made another file system than it was asked for' })
  return places
}
