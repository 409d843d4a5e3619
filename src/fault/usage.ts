// A command of cvmboot that cannot be understood.

import { family, type Reason } from './family.ts'

export const usage = family({
  title: 'The command that was typed',
  exit: 2,
  rows: {
    usage: {
      cannot: (d: Reason) => `understand the command: ${d.reason}`,
      advice: 'see cvmboot --help',
    },
  },
})
