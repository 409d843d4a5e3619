// The verb `verify`: its options and words.

import { bootedConfig, json } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const verify = verb({
  about: 'compare what runs with what was measured',
  text: [
    'Compares the running system with the demands of the measured kernel command line and of the configuration: tables and status of device-mapper, mounts and other mounts over them, layers, limits of tmpfs, swap, and headers on the disk. Prints one line for each check. The exit status comes from the first check that fails. Needs root. Changes nothing.',
  ],
  options: {
    deep: {
      kind: 'flag',
      help: 'Read every block of the verified volumes. A changed block stops the machine, as it does when any other program reads the block.',
    },
    config: bootedConfig,
    json,
  },
  words: {},
  run: async (given, { providers }) => {
    const { verify } = await import('../runtime/verify.ts')
    await verify({ ...given, providers })
  },
})
