// `release keygen` and `release secret`: a new signing key, and a new secret of a volume.

import { generateKeyPairSync, randomFillSync } from 'node:crypto'
import { secretBytes } from '../evidence/grant.ts'
import { fail } from '../fault/index.ts'
import { encryptAge } from '../keys/age-encrypt.ts'
import type { CryptName } from '../layout/layout.ts'
import { parseOwnerKey } from '../layout/owner-key.ts'
import { printReleaseOwner } from '../layout/release-owner.ts'
import { Secret } from '../secret/secret.ts'
import { secretLine, writeNew } from './files.ts'

/** Fault: `usage`. */
const requireRecipient = (recipient: string): void => {
  if (parseOwnerKey(recipient)?.alg !== 'age-x25519')
    throw fail('usage', { reason: `--recipient takes an age public key (age1...), not ${recipient}` })
}

/** Writes the private key to a new file, and prints the public key for RELEASE_OWNER. Faults: `usage`, `grant-write`. */
export const keygen = ({
  output,
  recipient,
}: {
  readonly output: string
  readonly recipient: string | undefined
}): void => {
  if (recipient !== undefined) requireRecipient(recipient)
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  using pem = new Secret(Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' })))
  writeNew(output, recipient === undefined ? pem.bytes : encryptAge(recipient, pem.bytes))
  process.stdout.write(`${printReleaseOwner(publicKey)}\n`)
}

/** Writes a new secret, encrypted. Faults: `usage`, `grant-write`. */
export const drawSecret = ({
  volume,
  recipient,
  output,
}: {
  readonly volume: CryptName
  readonly recipient: string
  readonly output: string
}): void => {
  requireRecipient(recipient)
  const line = secretLine(volume)
  using plain = Secret.make(line.length + secretBytes, (bytes) => {
    bytes.set(line)
    randomFillSync(bytes, line.length)
  })
  writeNew(output, encryptAge(recipient, plain.bytes))
}
