// The failure of a boot outside a confidential VM.

import { family } from './family.ts'

export const cvm = family({
  title: 'The confidential VM',
  exit: 13,
  rows: {
    'cvm-absent': {
      cannot: () => 'boot outside a confidential VM: the kernel reports neither SEV-SNP nor TDX',
      advice: 'start the VM as one (cvmboot-mock is the build for trials)',
    },
  },
})
