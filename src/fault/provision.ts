// Refusals of a launch that may format a volume.

import { family, type Volume } from './family.ts'

export const provision = family({
  title: 'A launch that provisions',
  exit: 23,
  rows: {
    'provision-exists': {
      cannot: (d: Volume) => `provision ${d.volume}: it opens, and may hold data`,
      advice: 'boot without cvmboot.provision',
    },
  },
})
