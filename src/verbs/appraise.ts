// The verb `appraise`: its options and words.

import { json, judging } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const appraise = verb({
  about: 'judge the evidence of a VM against a policy',
  text: [
    "Judges a report of SEV-SNP or a quote of TDX, raw or in the evidence of cvmboot, and the quote of a TPM in that evidence: its signature, the certificates up to the manufacturer's pinned root, dates, revocation, TCB, how the VM was launched, and which VM it is. Prints one line a check. The exit status is that of the first check that fails. Needs no network and no privileges.",
    'The page docs/reference/evidence.md describes the evidence of cvmboot, and how each part is judged.',
    'The page docs/reference/policy.md describes each field of a policy, with its strict default.',
  ],
  options: {
    manifest: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: 'no measurement is accepted, unless the policy says any' },
      help: 'Accept the measurements that this manifest of cvmboot measure predicts.',
    },
    ...judging,
    'report-data': {
      kind: 'text',
      value: 'HEX',
      need: { otherwise: 'the report data is shown, and bound to no nonce' },
      help: 'The 64 bytes of report data that you computed: from your nonce, for example.',
    },
    nonce: {
      kind: 'text',
      value: 'HEX',
      need: { otherwise: 'the nonce is not compared, so the evidence may be old' },
      help: "The nonce that you chose, 0 to 64 bytes. Only for cvmboot's own evidence.",
    },
    result: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: 'no attestation result is written' },
      help: 'Write the verdict as a signed attestation result (EAR in a JSON Web Token), for programs that rely on it.',
    },
    'result-key': {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: '--result is refused' },
      help: 'The private key in PEM that signs the attestation result: Ed25519, P-256 or P-384.',
    },
    html: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: 'no page is written' },
      help: 'Write the verdict as one HTML page: the chain as a picture, and each check.',
    },
    json,
  },
  words: {
    evidence: {
      kind: 'file',
      value: 'EVIDENCE',
      need: 'required',
      help: "A report of SEV-SNP, with its certificate table behind it or without, a quote of TDX, or cvmboot's own evidence.",
    },
  },
  run: async (given) => {
    const { appraise } = await import('../appraise/appraise.ts')
    await appraise(given)
  },
})
