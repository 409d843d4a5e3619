// Failures of the surroundings in which somebody starts cvmboot boot.

import { family } from './family.ts'

export const environment = family({
  title: 'Where cvmboot was started',
  exit: 12,
  rows: {
    'environment-hostile': {
      cannot: (d: { variable: string }) =>
        `run with ${d.variable} in the environment: it steers Node or the loader and came from the kernel command line`,
      advice: (d: { variable: string }) => `remove ${d.variable}= there`,
    },
    'environment-not-init': {
      cannot: () => 'boot a running system: cvmboot boot is for an initramfs, as PID 1 or with --hook',
      advice: 'use cvmboot plan to see what it would do',
    },
  },
})
