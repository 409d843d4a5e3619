// The failure of a reader whose input exceeds a limit.

import { family } from './family.ts'

export const input = family({
  title: 'Input beyond a limit',
  exit: 32,
  rows: {
    'input-too-large': {
      cannot: (d: { path: string; of: string; most: number; unit: string }) =>
        `read all of ${d.path}: ${d.of} at most ${d.most} ${d.unit}, and this limit is exceeded`,
      advice: 'give the right file',
    },
  },
})
