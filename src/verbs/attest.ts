// The verb `attest`: its options and words.

import { verb } from './table/verb.ts'

export const attest = verb({
  about: 'make evidence of this machine for a verifier',
  text: [
    'Makes evidence of the running VM: a report that the processor signs, over a statement of what booted and over the nonce of a verifier. Where the machine has a TPM, the evidence also has a quote of its PCRs. The evidence that the boot itself made goes along, where the boot made some. Needs root, and the device of the TEE or of the TPM. The verifier judges the file with cvmboot appraise.',
    'The page docs/reference/evidence.md describes the file.',
  ],
  options: {
    nonce: {
      kind: 'text',
      value: 'HEX',
      need: 'required',
      help: 'The number that the verifier chose, 16 to 64 bytes in hexadecimal digits. The evidence is fresh because it covers this number.',
    },
    output: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: 'standard output' },
      help: 'Write the evidence to FILE.',
    },
  },
  words: {},
  run: async (given, { providers }) => {
    const { attest } = await import('../runtime/attest.ts')
    await attest({ ...given, providers })
  },
})
