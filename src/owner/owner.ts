// The verb `owner`: what the model owner does on a machine of their own. Never reachable from the boot.

import { fail } from '../fault/index.ts'
import { didYouMean } from '../fault/nearest.ts'
import { keygen } from './keygen.ts'
import { open } from './open.ts'

export const ownerHelp = `cvmboot owner keygen [--output FILE]
cvmboot owner open DISK|PARTITION|FILE --identity FILE [--volume NAME] | ...
cvmboot owner open DISK|PARTITION|FILE --identity FILE [--volume NAME] --image FILE

keygen makes a key pair (age, X25519): the private key in a new file that only you can read, the public key on
standard output, for JOBSTORE_OWNER in partition.conf. An RSA key works as well; see kernel-cmdline.md.

open checks the LUKS2 header of a job-store as the boot does, and writes the passphrase of the owner's keyslot, 32
bytes, to a pipe; or with --image the decrypted content, a file system, to a new file. It changes nothing on the disk
and needs no privileges but those of reading.

  --output FILE     where the private key goes (default: owner.key)
  --identity FILE   the private key: of keygen or age-keygen, or RSA in PEM without a passphrase
  --volume NAME     which volume of the disk (default: job-store)
  --image FILE      where the content goes; not with dm-integrity, which only the kernel reads. Sectors that the VM
                    never wrote are noise, as under dm-crypt, and take room
`

const verbs = { keygen, open } as const

/** Faults: `usage`, `owner-*`, and all that a header can be refused with. */
export const owner = async (args: readonly string[]): Promise<void> => {
  const [name = '', ...rest] = args
  if (!Object.hasOwn(verbs, name)) {
    const reason = `owner takes keygen or open, not ${name || 'nothing'}${didYouMean(name, Object.keys(verbs))}`
    throw fail('usage', { reason })
  }
  await verbs[name as keyof typeof verbs](rest)
}
