// Failures of the settings and masks that close the new root to the host and to users.

import { defect } from './advice.ts'
import { family, type Reason } from './family.ts'

export const hardening = family({
  title: 'Settings and masks of the new root',
  exit: 26,
  rows: {
    'door-unmasked': {
      cannot: (d: { path: string }) =>
        `keep the host from starting something in the new root: the boot wrote ${d.path}, and it is no mask`,
      advice: defect,
    },
    'harden-unproven': {
      cannot: (d: { setting: string } & Reason) => `trust that ${d.setting} is set: ${d.reason}`,
      advice: (d: { remedy: string }) => d.remedy,
    },
  },
})
