// Failures of cvmboot release: the owner's side of a grant.

import { family, type Reason } from './family.ts'

type File = { readonly path: string } & Reason

export const grant = family({
  title: 'cvmboot release',
  exit: 37,
  rows: {
    'grant-key': {
      cannot: (d: File) => `use the signing key ${d.path}: ${d.reason}`,
      advice: 'give the file that cvmboot release keygen wrote, with --identity where the file is encrypted',
    },
    'grant-secret': {
      cannot: (d: File) => `use the secret ${d.path}: ${d.reason}`,
      advice:
        'give the file that cvmboot release secret wrote for this volume, and the identity that it is for',
    },
    'grant-evidence': {
      cannot: (d: Reason) => `grant a key: ${d.reason}`,
      advice: 'take the evidence that the boot sent with its request for the key',
    },
    'grant-launch': {
      cannot: (d: { readonly launch: string }) =>
        `grant a key: the manifest does not predict the launch ${d.launch}`,
      advice: 'give the manifest of the image that the VM booted, whatever the policy accepts',
    },
    'grant-relay': {
      cannot: (d: File) => `carry a grant over ${d.path}: ${d.reason}`,
      advice:
        'start the VM with -chardev socket,id=release,path=PATH,server=on,wait=off and -device virtserialport,chardev=release,name=org.cvmboot.release, then this program with --socket PATH',
    },
    'grant-write': {
      cannot: (d: File) => `write ${d.path}: ${d.reason}`,
      advice: 'name a new file with --output, none is ever overwritten',
    },
  },
})
