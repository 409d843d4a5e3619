// Failures of cvmboot attest: this machine has nothing to show.

import { family, type Reason } from './family.ts'

export const attest = family({
  title: 'The evidence of a machine',
  exit: 34,
  rows: {
    'attest-no-report': {
      cannot: (d: Reason) =>
        `make evidence: this machine gives no report of a TEE and no quote of a TPM: ${d.reason}`,
      advice:
        'attest works in a VM with SEV-SNP or TDX whose driver is loaded: set TEE_AFTER_BOOT=report where a volume has KEY=snp',
    },
    'attest-state': {
      cannot: (d: Reason) => `make a statement of this boot: ${d.reason}`,
      advice: 'boot with this version of cvmboot',
    },
    'attest-boot': {
      cannot: (d: Reason) => `show the evidence of the boot: ${d.reason}`,
      advice: 'find out who changed /run/cvmboot/evidence.json, and start the VM again',
    },
  },
})
