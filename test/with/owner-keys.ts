// Owners for tests, made anew each time, and a disk that a VM would have left for one of them.

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { ownerMacKey, wrapForOwner } from '../../src/keys/owner.ts'
import type { Luks2Profile, OwnerToken } from '../../src/layout/luks2/luks2.ts'
import { type OwnerKey, parseOwnerKey, textOfRsa } from '../../src/layout/owner-key.ts'
import { parseIdentity, printIdentity } from '../../src/owner/identity.ts'
import { Secret } from '../../src/secret/secret.ts'
import { bytesOf, generation, goodArea, goodFormat, uuid } from './luks2-good.ts'

export type Owner = { readonly publicKey: OwnerKey; readonly privateKey: KeyObject; readonly file: Buffer }

export const ageOwner = (): Owner => {
  const { privateKey } = generateKeyPairSync('x25519')
  const file = printIdentity(privateKey).bytes
  return { ...parseIdentity(new Secret(Buffer.from(file)), 'owner.key'), file }
}

export const rsaOwner = (modulusLength = 3072): Owner => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength })
  const key = parseOwnerKey(textOfRsa(publicKey)) ?? { alg: 'rsa-oaep-256', text: '' }
  const file = Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  return { publicKey: key, privateKey, file }
}

export const ownerPassphrase = bytesOf("the owner's passphrase", 32)
export const secretOf = (bytes: Uint8Array): Secret => new Secret(Buffer.from(bytes))

/** The header area of a job-store as a boot provisions it; `differently` where a host has a hand in it. */
export const areaFor = async (
  owner: Owner,
  profile: Luks2Profile = 'xts',
  differently: { token?: OwnerToken; mac?: Buffer; passphrase?: Buffer; dataBytes?: bigint } = {},
): Promise<Buffer> => {
  const passphrase = secretOf(ownerPassphrase)
  const mac = differently.mac ?? ownerMacKey(passphrase, 'job-store', uuid, generation).bytes
  const token = differently.token ?? (await wrapForOwner(owner.publicKey, uuid, passphrase))
  const keys = { passphrase: differently.passphrase ?? ownerPassphrase, mac }
  const { dataBytes = goodFormat(profile).dataBytes } = differently
  return goodArea(profile, { volume: 'job-store', dataBytes, owner: { keys, token } })
}
