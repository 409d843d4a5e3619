// A FAT file system, and the EFI programs on it. Each program is judged like a file of its own.

import { slotsOf } from '../layout/esp.ts'
import type { RandomAccess } from '../machine/random-access.ts'
import type { Claim, Facts, Part } from './claim.ts'
import { filesOnFat } from './fat.ts'
import { claimNamed } from './named.ts'
import { claimPe } from './uki.ts'

/** The path that the firmware starts by default. */
const standard = /^efi\/boot\/bootx64\.efi$/i

/** The entries of a boot loader. They name a kernel and words that no prediction of cvmboot covers. */
const entry = /^loader\/entries\/.*\.conf$/i

/** The files of the directory from which systemd's stub takes add-ons, credentials and extensions (systemd-stub(7)). */
const extra = /\.efi\.extra\.d\/|^loader\/(?:addons|credentials)\//i

const mostPrograms = 32

/** The slot that boots, and the slot with the other image. */
const slotFacts = (paths: readonly string[]): Facts => {
  const { boots, rests } = slotsOf(paths)
  return boots === undefined || rests === undefined ? {} : { boots: `slot ${boots}`, rests: `slot ${rests}` }
}

/** The claim of a FAT file system. `path` is for messages. */
export const claimFat = async (disk: RandomAccess, path: string): Promise<Claim> => {
  const files = filesOnFat(disk)
  if (files === undefined) {
    const name = 'a file system (FAT) whose numbers do not fit its size'
    return claimNamed(path, { kind: 'fat', name, use: 'foreign', advice: '' })
  }
  const parts: Part[] = []
  for (const file of files.filter((one) => /\.efi$/i.test(one.path)).slice(0, mostPrograms)) {
    const claim = await claimPe(file.bytes, `${path}: ${file.path}`)
    // A boot loader beside a unified kernel image demands no action of an owner.
    parts.push({
      name: file.path,
      bytes: file.bytes.size,
      claim: claim.kind === 'uki' ? claim : { ...claim, refused: undefined },
    })
  }
  const isEsp = files.some((file) => standard.test(file.path))
  const beside = files.filter((file) => extra.test(file.path)).length
  const entries = files.filter((file) => entry.test(file.path)).length
  return claimNamed(path, {
    kind: isEsp ? 'esp' : 'fat',
    use: 'taken',
    parts,
    name: isEsp ? 'an EFI system partition (FAT)' : 'a file system (FAT) without EFI/BOOT/BOOTX64.EFI',
    advice: isEsp
      ? 'the firmware starts EFI/BOOT/BOOTX64.EFI'
      : 'the firmware starts nothing from this file system by default; copy a unified kernel image to EFI/BOOT/BOOTX64.EFI',
    facts: {
      ...(isEsp ? slotFacts(files.map((file) => file.path)) : {}),
      ...(entries === 0 ? {} : { loaderEntries: entries }),
      ...(beside === 0 ? {} : { filesBeside: beside }),
    },
  })
}
