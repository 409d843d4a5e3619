// check-initramfs: the archive was unpacked to its end. The host chooses the RAM size, and on too little the
// kernel only logs that files are missing.

import { fail } from '../fault.ts'
import { manifestPath, parseManifest } from '../layout/initramfs.ts'
import type { Definition } from './step.ts'

export type CheckInitramfs = { readonly kind: 'check-initramfs' }

export const checkInitramfs: Definition<CheckInitramfs> = {
  print: () => 'check-initramfs',
  subject: () => '',
  run: (_, { machine }) => {
    const text = machine.readText(manifestPath)
    const entries = text === undefined ? undefined : parseManifest(text)
    if (entries === undefined)
      throw fail('initramfs-incomplete', { path: manifestPath, reason: 'it is missing or cut off' })
    for (const { path, bytes } of entries) {
      const found = machine.fileBytes(path)
      if (found !== bytes)
        throw fail('initramfs-incomplete', { path, reason: `${found ?? 'no'} bytes instead of ${bytes}` })
    }
    return { files: entries.length }
  },
}
