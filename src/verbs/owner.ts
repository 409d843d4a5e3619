// The verb `owner`, a family of two verbs: their options and words.

import type { CryptName } from '../layout/layout.ts'
import { type Family, verb } from './table/verb.ts'

const keygen = verb({
  about: 'make a key pair',
  text: [
    'Makes a key pair (age, X25519). Writes the private key to a new file that only you can read, and prints the public key for JOBSTORE_OWNER of partition.conf. An RSA key works as well; see docs/owner.md.',
  ],
  options: {
    output: {
      kind: 'file',
      value: 'FILE',
      need: { default: 'owner.key' },
      help: 'The new file for the private key.',
    },
  },
  words: {},
  run: async ({ output }) => {
    const { keygen } = await import('../owner/keygen.ts')
    keygen(output)
  },
})

const open = verb({
  about: 'open a job-store with a private key',
  text: [
    "Checks the LUKS2 header of a job-store as the boot does. Then writes the passphrase of the owner's keyslot, 32 bytes, to a pipe, as in: cvmboot owner open DISK --identity FILE | cryptsetup open --key-file - PARTITION NAME. With --image, writes the decrypted content, a file system, to a new file instead. Changes nothing on the disk, and needs no privileges but the right to read the disk.",
  ],
  options: {
    identity: {
      kind: 'file',
      value: 'FILE',
      need: 'required',
      help: 'The private key: a file of cvmboot owner keygen or age-keygen, or RSA as PEM without a passphrase.',
    },
    volume: {
      kind: 'choice',
      words: ['job-store', 'workspace'] satisfies CryptName[],
      need: { default: 'job-store' },
      help: 'The volume of the disk to open.',
    },
    image: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'The new file for the decrypted content. Sectors that the VM never wrote become noise, as under dm-crypt, and take room. This option cannot decrypt a volume with dm-integrity: only the kernel reads such a volume.',
    },
  },
  words: {
    disk: {
      kind: 'file',
      value: 'DISK|PARTITION|FILE',
      need: 'required',
      help: 'The disk that came back from the host, or one partition of the disk, or a copy of either in a file.',
    },
  },
  run: async (given) => {
    const { open } = await import('../owner/open.ts')
    await open(given)
  },
})

export const owner: Family = {
  kind: 'family',
  about: "the model owner's side: make a key, open a job-store",
  text: ['These verbs are for the owner of a model, who runs them on a machine of their own.'],
  verbs: { keygen, open },
}
