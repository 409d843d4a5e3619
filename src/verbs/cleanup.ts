// The verb `cleanup`: its options and words.

import { bootedConfig } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const cleanup = verb({
  about: 'take down what the boot set up, and drop the keys',
  text: [
    'Unmounts all volumes of the boot but the root, and closes their mappings, so that the kernel drops the keys. Overwrites the files in memory. Refuses while a process uses a volume, and names the process. May be repeated. Needs root.',
  ],
  options: {
    erase: {
      kind: 'flag',
      help: 'Erase the encrypted volumes as well: overwrite their headers, so that no key opens these volumes again, and discard their blocks.',
    },
    'dry-run': {
      kind: 'flag',
      help: 'Only print the steps that the cleanup would take, and the processes that would prevent it.',
    },
    'at-shutdown': {
      kind: 'flag',
      help: 'Go on after each step that fails, and drop the keys of volumes that are in use as well: every later access to such a volume fails.',
    },
    config: bootedConfig,
  },
  words: {},
  run: async (given, { providers }) => {
    const { cleanup } = await import('../runtime/cleanup.ts')
    await cleanup({
      config: given.config,
      providers,
      volumes: given.erase ? 'erased' : 'kept',
      act: given['dry-run'] ? 'say' : 'do',
      system: given['at-shutdown'] ? 'ending' : 'running',
    })
  },
})
