// The verb `boot`: its options and words. src/cli.ts starts a boot without this file, so that a boot loads no verb. This file
// explains the verb and refuses wrong words.

import { fail } from '../fault/index.ts'
import { hook } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const boot = verb({
  about: 'boot, as cvmboot also does when the kernel starts it as /init',
  text: ['Boots the verified root, or halts the machine. Runs in an initramfs only.'],
  options: {
    hook: {
      ...hook,
      help: 'The init of dracut or initramfs-tools runs this boot, and that init switches to the new root itself.',
    },
    'check-cmdline': {
      kind: 'flag',
      help: 'Only check the command line, before that init acts on it, and refuse a line that the boot refuses. Prints "accepted" for a good line, because an exit status of 0 can also come from a loader that was told not to run cvmboot.',
      with: 'hook',
    },
  },
  words: {},
  run: async () => {
    throw fail('usage', { reason: 'boot takes its options as they are, and no --' })
  },
})
