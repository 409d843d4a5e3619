// Failures of cvmboot cleanup.

import { family, type Reason } from './family.ts'

export const cleanup = family({
  title: 'cvmboot cleanup',
  exit: 28,
  rows: {
    'cleanup-busy': {
      cannot: (d: { pid: number; name: string; path: string }) =>
        `clean up while process ${d.pid} (${d.name}) uses ${d.path}`,
      advice: 'end it first',
    },
    'cleanup-failed': {
      cannot: (d: { step: string } & Reason) => `${d.step}: ${d.reason}`,
      advice: 'the finished steps stay done, and cleaning up again goes on from here',
    },
    'cleanup-keys': {
      cannot: (d: { key: string }) => `say that no key is left: the kernel still has ${d.key}`,
      advice: 'power the VM off',
    },
  },
})
