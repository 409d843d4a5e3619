// Failures of the programs that cvmboot runs.

import { family, type Reason } from './family.ts'

export const tool = family({
  title: 'Programs that cvmboot runs',
  exit: 20,
  rows: {
    'tool-missing': {
      cannot: (d: { tool: string }) => `run ${d.tool}: it is not installed`,
      advice: (d: { package: string }) => `apt-get install ${d.package}`,
    },
    'tool-failed': {
      cannot: (d: { tool: string } & Reason) => `go on: ${d.tool} failed: ${d.reason}`,
    },
  },
})
