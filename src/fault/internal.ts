// A failure that nobody foresaw.

import { defect } from './advice.ts'
import { family, type Reason } from './family.ts'

export const internal = family({
  title: 'Defects',
  exit: 70,
  rows: {
    internal: {
      cannot: (d: Reason) => `go on: unexpected: ${d.reason}`,
      advice: defect,
    },
  },
})
