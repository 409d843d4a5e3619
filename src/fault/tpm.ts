// Failures of the TPM.

import { family, type Reason } from './family.ts'

export const tpm = family({
  title: 'The TPM',
  exit: 25,
  rows: {
    'tpm-none': {
      cannot: (d: { device: string } & Reason) => `ask a TPM by ${d.device}: ${d.reason}`,
      advice: 'start the VM with a TPM 2.0, or set another KEY',
    },
    'tpm-device': {
      cannot: (d: { device: string } & Reason) => `ask the TPM by ${d.device}: ${d.reason}`,
      advice: 'start the VM again',
    },
    'tpm-response': {
      cannot: (d: { command: string }) =>
        `trust the TPM: its answer to TPM2_${d.command} is none that a TPM 2.0 gives`,
      advice: 'give the VM another TPM',
    },
    'tpm-error': {
      cannot: (d: { command: string; answer: string }) =>
        `use the TPM: it answers TPM2_${d.command} with ${d.answer}`,
      advice: 'see TPM_RC in part 2 of the TPM 2.0 Library',
    },
    'tpm-srk': {
      cannot: (d: { found: string; pinned: string }) =>
        `unseal by this TPM: its storage key is ${d.found}, expected ${d.pinned}`,
      advice: "attach the VM's own TPM, or correct TPM_SRK",
    },
    'tpm-session': {
      cannot: (d: Reason) => `trust the TPM: ${d.reason}`,
      advice: 'something answers in place of the TPM or on the way to it',
    },
    'tpm-pcrs': {
      cannot: (d: Reason) => `use the TPM's PCRs: ${d.reason}`,
      advice: 'start the firmware, kernel, initramfs and command line that the volume was made with',
    },
    'tpm-blob': {
      cannot: (d: Reason) => `unseal what the header holds: ${d.reason}`,
      advice: 'the disk was changed, or another TPM made it',
    },
    'tpm-extend': {
      cannot: (d: { pcr: number } & Reason) =>
        `close the TPM to what comes after the boot: PCR ${d.pcr}: ${d.reason}`,
      advice: 'give the VM another TPM',
    },
  },
})
