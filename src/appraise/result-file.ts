// Signs an attestation result and writes it: a JSON Web Token (RFC 7519). No other file imports the package jose, which is
// loaded on first use.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { writeOutput } from '../machine/output.ts'

/** The algorithm of RFC 7518 and RFC 8037 for each curve of the key. */
const algorithms: Readonly<Record<string, string>> = {
  ed25519: 'EdDSA',
  prime256v1: 'ES256',
  secp384r1: 'ES384',
}

export type ResultKey = { readonly key: KeyObject; readonly algorithm: string }

/** A private key in PEM: Ed25519, P-256 or P-384. `file` is its name in messages. The bytes are zeroed. Fault: `appraise-result-key`. */
export const readResultKey = (pem: Buffer, file: string): ResultKey => {
  const wrong = (reason: string) => fail('appraise-result-key', { file, reason })
  try {
    const key = createPrivateKey({ key: pem, format: 'pem' })
    const algorithm = algorithms[key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? '']
    if (algorithm === undefined) throw wrong('the key is none of Ed25519, P-256 or P-384')
    return { key, algorithm }
  } catch (thrown) {
    if (thrown instanceof Error && 'fault' in thrown) throw thrown
    throw wrong('it has no private key in PEM without a password')
  } finally {
    pem.fill(0)
  }
}

/** The compact form: three parts in base64url with dots between them, and a line end. */
export const signResult = async (
  claims: Record<string, unknown>,
  { key, algorithm }: ResultKey,
): Promise<string> => {
  const { SignJWT } = await import('jose')
  return `${await new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: 'JWT' }).sign(key)}\n`
}

/** Fault: `appraise-output`. */
export const writeResult = async (path: string, token: string): Promise<void> => {
  try {
    await writeOutput(path, token)
  } catch (thrown) {
    throw fail('appraise-output', { path, reason: reasonOf(thrown) })
  }
}
