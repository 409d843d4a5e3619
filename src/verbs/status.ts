// The verb `status`: its options and words.

import { bootedConfig, json } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const status = verb({
  about: 'say what this machine runs from, and whether it is healthy',
  text: [
    'Says what this machine runs from: each volume with its device, its protection, its key, its mount, its size and its use; the kind of confidential VM and the evidence for it; swap; kernel lockdown; and whether the host can read the job-store. The exit status comes from the first problem that cvmboot verify finds. Needs root. Changes nothing.',
  ],
  options: {
    manifest: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'Compare the launch measurement that the TEE reported at boot with this manifest of cvmboot measure. Needs TEE_EVIDENCE in partition.conf.',
    },
    config: bootedConfig,
    json,
  },
  words: {},
  run: async (given, { providers }) => {
    const { status } = await import('../runtime/status.ts')
    await status({ ...given, providers })
  },
})
