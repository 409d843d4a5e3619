// `cvmboot pack --uki --into DISK`: packs the image, and puts it into a slot of the disk's EFI system partition. The disk stays as
// it is until the new content of the partition is complete and read back.

import { open, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { type FatPlaces, placesOnFat } from '../inspect/fat.ts'
import { bootPath, otherSlot, restingPath, type Slot, type Slots } from '../layout/esp.ts'
import { accessFile, type RandomAccess } from '../machine/random-access.ts'
import { printLaunch } from '../pack/launch.ts'
import { makeUki } from '../pack/uki.ts'
import type { UkiOptions } from '../pack/uki-options.ts'
import { withScratch } from '../pack/whole.ts'
import { openTarget, type Target } from '../setup/target.ts'
import { requireIdle } from './busy.ts'
import { format, putImage } from './fill.ts'
import { type EspPlace, findEsp } from './partition.ts'
import {
  chooseSlot,
  type Found,
  fileOn,
  type Into,
  lookAtEsp,
  pieceBytes,
  requireRoom,
  requireSameNumbers,
  requireWritten,
} from './slot.ts'
import { writeEsp } from './write.ts'

/** Copies the partition into a file. Zeros become holes. */
const copyEsp = async ({ access, bytes }: EspPlace, file: string): Promise<void> => {
  const handle = await open(file, 'w')
  try {
    await handle.truncate(bytes)
    for (let at = 0; at < bytes; at += pieceBytes) {
      const piece = access.read(at, pieceBytes)
      if (!piece.equals(Buffer.alloc(piece.length))) await handle.write(piece, 0, piece.length, at)
    }
  } finally {
    await handle.close()
  }
}

/** Opens the disk for writing, exclusively where it is a device. Faults: `target-*`. */
const openDisk = async (disk: string): Promise<Target> => {
  const target = await openTarget(disk, 'replace')
  if (target.kind === 'file') requireIdle(target.path)
  return target
}

type Job = {
  readonly disk: string
  readonly esp: EspPlace
  readonly found: Found
  readonly slot: Slot
  /** The image to put into the slot. */
  readonly image: string
  /** The new content of the partition, a file to make. */
  readonly file: string
}

/** The path that the image gets which boots now; undefined where it goes, or where there is none. */
const keptPath = ({ boots, rests }: Slots, slot: Slot): readonly [from: string, to: string] | undefined => {
  if (boots !== undefined && boots !== slot) return [bootPath, restingPath(boots)]
  return rests === undefined || rests === slot ? undefined : [restingPath(rests), restingPath(rests)]
}

/** Makes the new content in a file, and reads it back. Faults: `esp-*`, `tool-*`. */
const makeNext = async ({ disk, esp, found, slot, image, file }: Job): Promise<FatPlaces> => {
  const { slots, content } = found
  await format(file, esp)
  if (content === 'ours') {
    requireSameNumbers(disk, esp.access, accessFile(file))
    await copyEsp(esp, file)
  }
  const kept = keptPath(slots, slot)
  const old = accessFile(file)
  const places = placesOnFat(old)
  if (places === undefined)
    throw fail('esp-unusable', { disk, reason: 'mtools made no file system that cvmboot can read' })
  const { size } = await stat(image)
  requireRoom(disk, size, places, kept === undefined ? 0 : (fileOn(old, kept[0])?.size ?? 0))
  await putImage(file, image, slot, slots)
  const wanted: [string, RandomAccess | undefined][] = [[bootPath, accessFile(image)]]
  if (kept !== undefined) wanted.push([kept[1], fileOn(esp.access, kept[0])])
  return requireWritten(disk, accessFile(file), wanted)
}

/** Faults: `target-write`, `device-read`. */
const writeNext = async (target: Target, { disk, esp, file }: Job, places: FatPlaces): Promise<void> => {
  const handle =
    target.kind === 'device'
      ? target.handle
      : await open(target.path, 'r+').catch((thrown) => {
          throw fail('target-write', { target: disk, reason: reasonOf(thrown) })
        })
  try {
    await writeEsp(disk, handle, esp, accessFile(file), places)
  } finally {
    if (target.kind === 'file') await handle.close()
  }
}

const sayDone = (disk: string, slot: Slot, kept: 'yes' | 'no'): string =>
  `${disk}: slot ${slot} boots from now on${kept === 'yes' ? `, and slot ${otherSlot(slot)} keeps its image as ${restingPath(otherSlot(slot))}` : ''}\n`

/** Faults: those of `makeUki`, `esp-*`, `gpt-invalid`, `device-read`, `target-*`, `tool-*`. */
export const packInto = async (asked: Omit<UkiOptions, 'output'>, given: Into): Promise<void> => {
  const disk = resolve(given.disk)
  const esp = findEsp(disk)
  const found = lookAtEsp(disk, esp, asked.existing)
  const slot = chooseSlot({ ...given, disk }, found.slots, asked.existing)
  const target = await openDisk(disk)
  try {
    const around = target.kind === 'file' ? dirname(target.path) : tmpdir()
    const said = await withScratch(around, '.cvmboot-esp-', async (directory) => {
      const job = {
        disk,
        esp,
        found,
        slot,
        image: join(directory.path, 'image.efi'),
        file: join(directory.path, 'esp.img'),
      }
      const made = await makeUki({ ...asked, output: job.image })
      await writeNext(target, job, await makeNext(job))
      return made.said
    })
    const kept = keptPath(found.slots, slot) === undefined ? 'no' : 'yes'
    process.stdout.write(`${sayDone(disk, slot, kept)}${said}${printLaunch({ kind: 'disk', file: disk })}`)
  } finally {
    if (target.kind === 'device') await target.handle.close()
  }
}
