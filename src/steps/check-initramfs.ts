// check-initramfs: the archive was unpacked to its end. The host chooses the RAM size, and on too little the
// kernel only logs that files are missing. And the EFI stub has added nothing that it found beside the image.

import { fail } from '../fault/index.ts'
import type { Machine } from '../machine/machine.ts'
import { extraDirectory, extraOfImage, manifestPath, parseManifest } from '../system/initramfs.ts'
import type { Definition } from './step.ts'

export type CheckInitramfs = { readonly kind: 'check-initramfs' }

/** Fault: `initramfs-extra`. */
const refuseExtra = (machine: Machine): void => {
  const found = machine.below(extraDirectory, extraOfImage.length + 1)
  const odd = found.find(({ path, kind }) => kind !== 'file' || !extraOfImage.includes(path))
  if (odd !== undefined) throw fail('initramfs-extra', { path: odd.path })
}
/** An archive that did not fit into memory is unpacked without its tail. */
const remedy = 'give the VM more memory or pack it again'

export const checkInitramfs: Definition<CheckInitramfs> = {
  print: () => 'check-initramfs',
  subject: () => '',
  run: (_, { machine }) => {
    const text = machine.readText(manifestPath)
    const entries = text === undefined ? undefined : parseManifest(text)
    if (entries === undefined)
      throw fail('initramfs-incomplete', { path: manifestPath, reason: 'it is missing or cut off', remedy })
    for (const { path, bytes } of entries) {
      const found = machine.fileBytes(path)
      if (found !== bytes)
        throw fail('initramfs-incomplete', {
          path,
          reason: `${found ?? 'no'} bytes instead of ${bytes}`,
          remedy,
        })
    }
    refuseExtra(machine)
    return { kind: 'check-initramfs', files: entries.length }
  },
}
