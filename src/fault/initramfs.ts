// Failures of the initramfs: of its files, and of the kernel modules in it.

import { family, type Reason } from './family.ts'

export const initramfs = family({
  title: 'The initramfs and its kernel modules',
  exit: 19,
  advice: 'pack the initramfs for this kernel',
  rows: {
    'initramfs-incomplete': {
      cannot: (d: { path: string } & Reason) => `trust this initramfs: ${d.path}: ${d.reason}`,
      advice: (d: { remedy: string }) => d.remedy,
    },
    'initramfs-extra': {
      cannot: (d: { path: string }) =>
        `trust this initramfs: ${d.path} is in it: the EFI stub took it from beside the image, and no launch measures it`,
      advice: 'remove the .cred, sysext and confext files from the EFI system partition',
    },
    'module-missing': {
      cannot: (d: { module: string } & Reason) => `find kernel module ${d.module}: ${d.reason}`,
    },
    'module-load': {
      cannot: (d: { module: string } & Reason) => `load kernel module ${d.module}: ${d.reason}`,
    },
  },
})
