// Decrypts age files with the owner's key. No other file imports the package age-encryption, which is loaded on first use.

import { type KeyObject, webcrypto } from 'node:crypto'

/** The plaintext, which the caller zeroes. Throws where the file is for another key, or was changed. */
export const decryptAge = async (identity: KeyObject, file: Uint8Array): Promise<Buffer> => {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  const pkcs8 = identity.export({ format: 'der', type: 'pkcs8' })
  try {
    decrypter.addIdentity(
      await webcrypto.subtle.importKey('pkcs8', pkcs8, { name: 'X25519' }, false, ['deriveBits']),
    )
  } finally {
    pkcs8.fill(0)
  }
  const bytes = await decrypter.decrypt(file)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
