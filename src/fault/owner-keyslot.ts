// Failures of the keyslot that a boot makes for a volume's owner.

import { family, type Reason } from './family.ts'

export const ownerKeyslot = family({
  title: "The keyslot of a volume's owner",
  exit: 24,
  rows: {
    'owner-key': {
      cannot: (d: Reason) => `wrap a passphrase for the owner: ${d.reason}`,
      advice: 'correct JOBSTORE_OWNER',
    },
  },
})
