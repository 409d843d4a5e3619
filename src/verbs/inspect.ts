// The verb `inspect`: its options and words.

import type { Luks2Profile } from '../layout/luks2/profile.ts'
import { json } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const inspect = verb({
  about: 'say what a disk or a header claims to be, and why it would be refused',
  text: [
    'Says what a disk, a partition or the copy of a header claims to be: a partition table, a dm-verity superblock, a LUKS2 header or a file system. Of an initramfs it says whether all files are there that the boot needs. Of a unified kernel image, alone or on an EFI system partition, it says what the boot would say of the command line and of the initramfs. It also knows other disk images, archives, kernels, keys and texts of cvmboot, and says what to do with each.',
    'Where the boot would refuse the file, this verb ends with the same code and the same exit status. It uses no key: only the boot can tell whether a header was made for its volume. Changes nothing.',
  ],
  options: {
    profile: {
      kind: 'choice',
      words: ['xts', 'xts-hmac'] satisfies Luks2Profile[],
      need: { otherwise: 'the profile that each header names' },
      help: 'The profile that the configuration asks of LUKS2 volumes; xts-hmac is INTEGRITY=hmac-sha256.',
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
