// Decrypts age files as their owner: the only file that knows the package, which is loaded on use.

import { type KeyObject, webcrypto } from 'node:crypto'

/** What was encrypted. The caller zeroes it. Throws where the key is another one, or the file was changed. */
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
