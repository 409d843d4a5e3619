// The verb `boot`: its options and words. src/cli.ts boots by itself, so that a boot loads none of this; what is left for here
// is to explain and to refuse.

import { fail } from '../fault/index.ts'
import { hook } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const boot = verb({
  about: 'boot; also what it does as /init, PID 1',
  text: ['Boots the verified root, or halts the machine. Runs in an initramfs only.'],
  options: {
    hook: {
      ...hook,
      help: 'The init of dracut or initramfs-tools runs this boot, and switches to the new root by itself.',
    },
    'check-cmdline': {
      kind: 'flag',
      help: 'Only refuse a command line that the boot refuses, before that init acts on it. Prints "accepted" for a good line, since an exit status alone can come from a loader that was told not to run cvmboot.',
      with: 'hook',
    },
  },
  words: {},
  run: async () => {
    throw fail('usage', { reason: 'boot takes its options as they are, and no --' })
  },
})
