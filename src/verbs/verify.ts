// The verb `verify`: its options and words.

import { bootedConfig, json } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const verify = verb({
  about: 'compare what runs with what was measured',
  text: [
    'Compares what runs now with what the measured kernel command line and the configuration demand: tables and status of device-mapper, mounts and what lies over them, layers, limits of tmpfs, swap, and headers on the disk. Prints one line a check. The exit status is that of the first check that fails. Needs root. Changes nothing.',
  ],
  options: {
    deep: {
      kind: 'flag',
      help: 'Read every block of the verified volumes. A block that was changed stops the machine, as it would when any other program reads it.',
    },
    config: bootedConfig,
    json,
  },
  words: {},
  run: async (given) => {
    const { verify } = await import('../runtime/verify.ts')
    await verify(given)
  },
})
