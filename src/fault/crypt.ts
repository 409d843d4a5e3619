// Failures of the volumes that dm-crypt encrypts, and of the dm-integrity below them.

import { otherwise } from './advice.ts'
import { family, type Reason, type Volume } from './family.ts'

export const crypt = family({
  title: 'Encrypted volumes',
  exit: 16,
  rows: {
    'crypt-open': {
      cannot: (d: Volume & Reason) => `open ${d.volume} with dm-crypt: ${d.reason}`,
      advice:
        'see that the kernel has dm_crypt and its cipher (cvmboot check) and that nothing else uses the partition',
    },
    'crypt-unproven': {
      cannot: (d: Volume & Reason) => `trust ${d.volume}: its mapping ${d.reason}`,
      advice: otherwise,
    },
    'integrity-superblock': {
      cannot: (d: Volume & { device: string }) =>
        `open ${d.volume} with dm-integrity: its superblock on ${d.device} is not the one that the partition's size gives`,
      advice: 'the disk was changed, or this kernel lays it out otherwise; restore it',
    },
    'integrity-open': {
      cannot: (d: Volume & Reason) => `open ${d.volume} with dm-integrity: ${d.reason}`,
      advice: 'see that the kernel has dm_integrity (cvmboot check) and that nothing else uses the partition',
    },
    'integrity-unproven': {
      cannot: (d: Volume & Reason) => `trust dm-integrity below ${d.volume}: its mapping ${d.reason}`,
      advice: otherwise,
    },
    'format-failed': {
      cannot: (d: Volume & Reason) => `make a file system on ${d.volume}: ${d.reason}`,
      advice: 'see that its SIZE is large enough, and that its disk can be written',
    },
  },
})
