// The failures of a boot outside a confidential VM, and of a boot in a confidential VM that keeps its TEE from the kernel.

import { family } from './family.ts'

export const cvm = family({
  title: 'The confidential VM',
  exit: 13,
  rows: {
    'cvm-absent': {
      cannot: () => 'boot outside a confidential VM: the kernel reports neither SEV-SNP nor TDX',
      advice: 'start the VM as one (cvmboot-mock is the build for trials)',
    },
    'cvm-paravisor': {
      cannot: ({ tee }: { tee: string }) =>
        `boot behind a paravisor: Hyper-V says that this VM runs under ${tee}, but a paravisor between the VM and the TEE keeps the TEE to itself, so the boot gets no report and no key from the TEE, and the TEE measures the paravisor in place of the kernel, the initramfs and the command line`,
      advice: 'start the VM on a host that gives the TEE to the VM itself, without a paravisor',
    },
  },
})
