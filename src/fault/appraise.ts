// Refusals of evidence by `cvmboot appraise`. Each code is one check, and names the check in the verdict.

import { family, type Reason } from './family.ts'

const accept = (d: Reason) => `accept this evidence: ${d.reason}`

export const appraise = family({
  title: 'The appraisal of evidence',
  exit: 33,
  advice: 'do not trust the machine that sent it, and give it no key',
  rows: {
    'appraise-input': {
      cannot: (d: { file: string } & Reason) => `appraise ${d.file}: ${d.reason}`,
      advice: 'give the file as the machine or the manufacturer wrote it',
    },
    'appraise-format': {
      cannot: accept,
      means:
        'the bytes are no report, no quote and no evidence of cvmboot of a known version, or only a TPM made them',
    },
    'appraise-signature': { cannot: accept, means: 'the signature over the report or the quote is wrong' },
    'appraise-signer': { cannot: accept, means: 'another kind of key signed it than the policy accepts' },
    'appraise-chain': {
      cannot: accept,
      means: "the certificates do not lead from the signing key to the manufacturer's pinned root",
    },
    'appraise-date': { cannot: accept, means: 'a certificate or a collateral is not valid at the date' },
    'appraise-revoked': { cannot: accept, means: 'the manufacturer has revoked a certificate of the chain' },
    'appraise-revocation': {
      cannot: accept,
      means: 'a revocation list that the policy demands is absent, too old, or not signed by its issuer',
      advice: "give the manufacturer's current revocation list",
    },
    'appraise-product': {
      cannot: accept,
      means: 'the processor is of a product that the policy does not accept',
    },
    'appraise-chip': { cannot: accept, means: 'the certificate belongs to another chip than the report' },
    'appraise-tcb': {
      cannot: accept,
      means: "the firmware's TCB version is inconsistent, or below what the policy demands",
    },
    'appraise-debug': { cannot: accept, means: 'the host may debug the machine, and so read its memory' },
    'appraise-migration': { cannot: accept, means: 'a migration agent may move the machine to another host' },
    'appraise-guest-policy': {
      cannot: accept,
      means: 'the guest policy or the TD attributes allow something that the policy forbids',
    },
    'appraise-platform': { cannot: accept, means: 'the platform is set up in a way that the policy forbids' },
    'appraise-vmpl': {
      cannot: accept,
      means: 'a part of the guest with fewer privileges made the report than the policy demands',
    },
    'appraise-measurement': {
      cannot: accept,
      means: 'the launch measurement is none that the manifest predicts',
    },
    'appraise-identity': {
      cannot: accept,
      means: 'the ID block, the owner fields or their keys are not as the policy demands',
    },
    'appraise-host-data': { cannot: accept, means: 'HOSTDATA or MRCONFIGID is not the value of the policy' },
    'appraise-report-data': { cannot: accept, means: 'REPORT_DATA is not what the verifier computed' },
    'appraise-nonce': {
      cannot: accept,
      means: "the nonce of the evidence is not the verifier's, or the evidence of a boot has a nonce",
    },
    'appraise-statement': {
      cannot: accept,
      means:
        'the statement of the VM has another form, or names another plan, root hash, image or site than the manifest and the report',
    },
    'appraise-boot': {
      cannot: accept,
      means: 'the evidence of the boot is of another VM than the evidence that holds it',
    },
    'appraise-qe': {
      cannot: accept,
      means: "the report of Intel's quoting enclave is wrong, or of another enclave",
    },
    'appraise-collateral': {
      cannot: accept,
      means: 'the collateral of Intel is absent, not signed by Intel, or for another processor',
      advice: "give Intel's current collateral for this processor",
    },
    'appraise-module': { cannot: accept, means: 'the TDX module is none that Intel names in the collateral' },
    'appraise-tpm-quote': {
      cannot: accept,
      means: 'the quote of the TPM is absent where it has to be there, or has another form',
    },
    'appraise-tpm-signature': {
      cannot: accept,
      means: 'the attestation key did not sign the quote of the TPM',
    },
    'appraise-tpm-key': {
      cannot: accept,
      means:
        'the attestation key is of another kind, or the policy names neither the key nor the root of its certificate, or the statement names another key',
      advice:
        'compare the name of the key with that of your TPM, and then name the key in tpm.keys of the policy',
    },
    'appraise-tpm-nonce': {
      cannot: accept,
      means: 'the quote of the TPM is over another nonce or another statement',
    },
    'appraise-tpm-pcrs': {
      cannot: accept,
      means: 'the PCRs are not those of the quote, or a PCR has a value that the policy does not name',
    },
    'appraise-tpm-log': {
      cannot: accept,
      means: 'the event log is absent, damaged, or does not add up to the PCRs of the quote',
    },
    'appraise-tpm-measurement': {
      cannot: accept,
      means: 'PCR 4, 7, 9, 11 or 12 has a value that the manifest does not predict',
    },
    'appraise-result-key': {
      cannot: (d: { file: string } & Reason) => `sign the attestation result with ${d.file}: ${d.reason}`,
      means: 'the file of --result-key has no private key that can sign',
      advice: 'make a key with: openssl genpkey -algorithm ed25519 -out FILE',
    },
    'appraise-output': {
      cannot: (d: { path: string } & Reason) => `write ${d.path}: ${d.reason}`,
      means: 'the verdict stands, but its file could not be written',
      advice: 'name a file in a directory that can be written',
    },
    'appraise-policy': {
      cannot: (d: Reason) => `read the policy: ${d.reason}`,
      means: 'the policy is not written as docs/reference/policy.md has it',
      advice: 'correct it; docs/reference/policy.md has every field',
    },
  },
})
