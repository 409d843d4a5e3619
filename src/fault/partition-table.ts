// Failures of a disk's partition table.

import { family, type Reason } from './family.ts'

export const partitionTable = family({
  title: 'The partition table of a disk',
  exit: 20,
  rows: {
    'gpt-invalid': {
      cannot: (d: Reason) => `read the partition table: ${d.reason}`,
    },
  },
})
