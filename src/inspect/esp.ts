// A FAT file system: the EFI programs on it, each judged as if it were a file of its own.

import type { RandomAccess } from '../machine/random-access.ts'
import type { Claim, Part } from './claim.ts'
import { filesOnFat } from './fat.ts'
import { claimNamed } from './named.ts'
import { claimPe } from './uki.ts'

/** What the firmware starts without being told. */
const standard = /^efi\/boot\/bootx64\.efi$/i

/** Entries of a boot loader: they name a kernel and words that nobody here has measured. */
const entry = /^loader\/entries\/.*\.conf$/i

const mostPrograms = 32

/** `path` is for words. */
export const claimFat = async (disk: RandomAccess, path: string): Promise<Claim> => {
  const files = filesOnFat(disk)
  if (files === undefined) {
    const name = 'a file system (FAT) whose numbers do not fit its size'
    return claimNamed(path, { kind: 'fat', name, use: 'foreign', advice: '' })
  }
  const parts: Part[] = []
  for (const file of files.filter((one) => /\.efi$/i.test(one.path)).slice(0, mostPrograms)) {
    const claim = await claimPe(file.bytes, `${path}: ${file.path}`)
    // A boot loader beside it is nothing that an owner has to act on.
    parts.push({
      name: file.path,
      bytes: file.bytes.size,
      claim: claim.kind === 'uki' ? claim : { ...claim, refused: undefined },
    })
  }
  const isEsp = files.some((file) => standard.test(file.path))
  const entries = files.filter((file) => entry.test(file.path)).length
  return claimNamed(path, {
    kind: isEsp ? 'esp' : 'fat',
    use: 'taken',
    parts,
    name: isEsp ? 'an EFI system partition (FAT)' : 'a file system (FAT) without EFI/BOOT/BOOTX64.EFI',
    advice: isEsp
      ? 'the firmware starts EFI/BOOT/BOOTX64.EFI'
      : 'the firmware starts nothing from it unless it is told; copy a unified kernel image there by that name',
    facts: entries === 0 ? {} : { loaderEntries: entries },
  })
}
