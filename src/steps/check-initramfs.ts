// check-initramfs: proves that the kernel unpacked the whole archive. The host chooses the size of the RAM, and with too
// little RAM the kernel only logs that files are missing. The step also refuses files that the EFI stub found beside the
// image and added to the initramfs.

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
/** The kernel unpacks an archive that does not fit into the memory without the end of the archive. */
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
