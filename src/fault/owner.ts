// Failures of cvmboot owner.

import { family, type Reason, type Volume } from './family.ts'

export const owner = family({
  title: 'The owner of a volume',
  exit: 24,
  rows: {
    'owner-identity': {
      cannot: (d: { path: string } & Reason) => `use the identity ${d.path}: ${d.reason}`,
      advice:
        'give the file that cvmboot owner keygen wrote, or an RSA private key in PEM without a passphrase',
    },
    'owner-token': {
      cannot: (d: Volume & Reason) => `unwrap the passphrase of ${d.volume}: ${d.reason}`,
      advice: 'give the identity that JOBSTORE_OWNER named, and the disk as the VM left it',
    },
    'owner-volume': {
      cannot: (d: Volume & { path: string } & Reason) => `take ${d.volume} from ${d.path}: ${d.reason}`,
      advice: 'name the right disk, its partition, or another volume with --volume',
    },
    'owner-terminal': {
      cannot: () => 'write a passphrase to a terminal',
      advice: 'send it through a pipe to cryptsetup open --key-file -',
    },
    'owner-image': {
      cannot: (d: Volume) =>
        `write the content of ${d.volume}: its sectors have tags of dm-integrity, which only the kernel reads`,
      advice: 'leave --image out and send the passphrase to cryptsetup open --key-file -',
    },
    'owner-write': {
      cannot: (d: { path: string } & Reason) => `write the identity ${d.path}: ${d.reason}`,
      advice: 'name a new file with --output, none is ever overwritten',
    },
  },
})
