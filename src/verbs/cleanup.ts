// The verb `cleanup`: its options and words.

import { bootedConfig } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const cleanup = verb({
  about: 'take down what the boot set up, and drop the keys',
  text: [
    'Unmounts all volumes of the boot but the root, closes their mappings, upon which the kernel drops the keys, and overwrites the files in memory. Refuses while a process uses a volume, and names the process. May be repeated. Needs root.',
  ],
  options: {
    erase: {
      kind: 'flag',
      help: 'Erase the encrypted volumes, too: their headers are overwritten, so that no key opens them again, and their blocks are discarded.',
    },
    'dry-run': {
      kind: 'flag',
      help: 'Only print what would be done, and which processes would prevent it.',
    },
    'at-shutdown': {
      kind: 'flag',
      help: 'Go on after each step that fails, and take the keys away from volumes that are in use, too: every later access to such a volume fails.',
    },
    config: bootedConfig,
  },
  words: {},
  run: async (given) => {
    const { cleanup } = await import('../runtime/cleanup.ts')
    await cleanup({
      config: given.config,
      volumes: given.erase ? 'erased' : 'kept',
      act: given['dry-run'] ? 'say' : 'do',
      system: given['at-shutdown'] ? 'ending' : 'running',
    })
  },
})
