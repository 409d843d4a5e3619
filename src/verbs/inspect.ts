// The verb `inspect`: its options and words.

import type { Luks2Profile } from '../layout/luks2/profile.ts'
import { json } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const inspect = verb({
  about: 'say what a disk or a header claims to be, and why it would be refused',
  text: [
    'Says what a disk, a partition or the copy of a header claims to be: a partition table, a dm-verity superblock, a LUKS2 header or a file system. Says whether an initramfs has all files that the boot needs. Says whether the boot would take the command line and the initramfs of a unified kernel image, which may lie alone or on an EFI system partition. Also knows other disk images, archives, kernels, keys and texts of cvmboot, and says what to do with each.',
    'Where the boot would refuse the file, this verb ends with the same code and the same exit status. This verb uses no key: only the boot can tell whether a header was made for its volume. Changes nothing.',
  ],
  options: {
    profile: {
      kind: 'choice',
      words: ['xts', 'xts-hmac'] satisfies Luks2Profile[],
      need: { otherwise: 'the profile that each header names' },
      help: 'The profile that the configuration demands of LUKS2 volumes. INTEGRITY=hmac-sha256 demands xts-hmac.',
    },
    json,
  },
  words: {
    file: {
      kind: 'file',
      value: 'FILE|DEVICE',
      need: 'required',
      help: 'The file, the device or the directory to look at.',
    },
  },
  run: async (given) => {
    const { inspect } = await import('../inspect/inspect.ts')
    await inspect(given)
  },
})
