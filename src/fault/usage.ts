// The failure of a command that cvmboot does not understand.

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
