// The owner's files: the signing key and the secret of a volume, plain or encrypted with age.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { secretBytes } from '../evidence/grant.ts'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import type { CryptName } from '../layout/layout.ts'
import { readBounded } from '../machine/bounded.ts'
import { decryptAge } from '../owner/age.ts'
import type { OwnerIdentity } from '../owner/unwrap.ts'
import { Secret } from '../secret/secret.ts'

/** The first bytes of each binary age file. */
const ageHead = Buffer.from('age-encryption.org/v1\n', 'latin1')

/** The line before the 32 bytes of a secret. A secret of another volume has another line. */
export const secretLine = (volume: CryptName): Buffer =>
  Buffer.from(`cvmboot release secret v1 ${volume}\n`, 'latin1')

/** Writes a new file that only its owner can read. Fault: `grant-write`. */
export const writeNew = (path: string, bytes: Uint8Array): void => {
  try {
    // "wx" overwrites no file: a file in the way may hold the only copy of an older key.
    const fd = openSync(path, 'wx', 0o600)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch (thrown) {
    throw fail('grant-write', { path, reason: reasonOf(thrown) })
  }
}

type Code = 'grant-key' | 'grant-secret'

const readFile = (path: string, code: Code): Secret => {
  try {
    return new Secret(readBounded(path, 'identity'))
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail(code, { path, reason: reasonOf(thrown) })
  }
}

const decrypted = async (
  file: Secret,
  path: string,
  identity: OwnerIdentity | undefined,
  code: Code,
): Promise<Secret> => {
  if (identity === undefined)
    throw fail(code, { path, reason: 'it is encrypted with age, and no --identity is given' })
  if (identity.publicKey.alg !== 'age-x25519')
    throw fail(code, { path, reason: 'it is encrypted with age, and the identity is an RSA key' })
  try {
    return new Secret(await decryptAge(identity.privateKey, file.bytes))
  } catch {
    throw fail(code, { path, reason: 'it is encrypted for another identity, or was changed' })
  }
}

const isAge = ({ bytes }: Secret): boolean => bytes.subarray(0, ageHead.length).equals(ageHead)

/** The Ed25519 private key of the file. Faults: `grant-key`, `input-too-large`. */
export const readSigningKey = async (
  path: string,
  identity: OwnerIdentity | undefined,
): Promise<KeyObject> => {
  using file = readFile(path, 'grant-key')
  using plain = isAge(file) ? await decrypted(file, path, identity, 'grant-key') : undefined
  let key: KeyObject
  try {
    key = createPrivateKey({ key: (plain ?? file).bytes, format: 'pem' })
  } catch {
    throw fail('grant-key', { path, reason: 'it is no private key in PEM' })
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw fail('grant-key', { path, reason: `its key is ${key.asymmetricKeyType} and not Ed25519` })
  return key
}

/** The secret of the volume, which the caller disposes of. Faults: `grant-secret`, `input-too-large`. */
export const readSecret = async (
  path: string,
  identity: OwnerIdentity,
  volume: CryptName,
): Promise<Secret> => {
  using file = readFile(path, 'grant-secret')
  if (!isAge(file)) throw fail('grant-secret', { path, reason: 'it is no file of age' })
  using plain = await decrypted(file, path, identity, 'grant-secret')
  const line = secretLine(volume)
  if (!plain.bytes.subarray(0, line.length).equals(line))
    throw fail('grant-secret', { path, reason: `it is no secret of ${volume}` })
  if (plain.bytes.length !== line.length + secretBytes)
    throw fail('grant-secret', { path, reason: `it has another length than a secret of ${volume}` })
  return Secret.make(secretBytes, (bytes) => void plain.bytes.copy(bytes, 0, line.length))
}
