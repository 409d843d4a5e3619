// Failures of the volumes that dm-verity verifies.

import { otherwise } from './advice.ts'
import { family, type Reason, type Volume } from './family.ts'

export const verity = family({
  title: 'Verified volumes',
  exit: 15,
  rows: {
    'verity-open': {
      cannot: (d: Volume & Reason) => `open ${d.volume} with dm-verity: ${d.reason}`,
      advice: 'see that the kernel has dm_verity (cvmboot check) and that nothing else uses its partitions',
    },
    'verity-corrupt': {
      cannot: (d: Volume & { block: bigint | string }) =>
        `verify ${d.volume}: block ${d.block} does not match its root hash`,
      advice: 'the disk was changed, or the root hash belongs to another image',
    },
    'verity-unproven': {
      cannot: (d: Volume & Reason) => `trust ${d.volume}: its mapping ${d.reason}`,
      advice: otherwise,
    },
  },
})
