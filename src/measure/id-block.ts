// The ID block of SEV-SNP and its signatures, which QEMU hands to the firmware of the chip (`id-block=`, `id-auth=`): the
// firmware starts no VM whose launch digest and policy are not those of the block. Print / parse. Pure.
// Source: SEV Secure Nested Paging Firmware ABI (56860), tables 75 to 78 and chapter 10.

import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { fail } from '../fault/index.ts'
import { digestBytes, sha384 } from './snp.ts'

export type IdBlock = {
  /** 48 bytes. */
  readonly launchDigest: Buffer
  /** 16 bytes each; the owner chooses them, and the report shows them. */
  readonly familyId: Buffer
  readonly imageId: Buffer
  /** Security version of the image, 32 bits: raise it when older images must not open the volumes of newer ones. */
  readonly guestSvn: number
  /** The launch policy, 64 bits, that the VM has to be started with. */
  readonly policy: bigint
}

const blockBytes = 96
const version = 1

/** 96 bytes. */
export const printIdBlock = ({ launchDigest, familyId, imageId, guestSvn, policy }: IdBlock): Buffer => {
  const block = Buffer.alloc(blockBytes)
  launchDigest.copy(block, 0, 0, digestBytes)
  familyId.copy(block, 48, 0, 16)
  imageId.copy(block, 64, 0, 16)
  block.writeUInt32LE(version, 80)
  block.writeUInt32LE(guestSvn, 84)
  block.writeBigUInt64LE(policy, 88)
  return block
}

/** Undefined for anything that `printIdBlock` does not print. */
export const parseIdBlock = (block: Buffer): IdBlock | undefined =>
  block.length !== blockBytes || block.readUInt32LE(80) !== version
    ? undefined
    : {
        launchDigest: block.subarray(0, 48),
        familyId: block.subarray(48, 64),
        imageId: block.subarray(64, 80),
        guestSvn: block.readUInt32LE(84),
        policy: block.readBigUInt64LE(88),
      }

/** ECDSA on P-384 with SHA-384, the only algorithm that the firmware knows; its curve has number 2. */
const algorithm = 1
const curve = 2
const coordinateBytes = 48
/** A number in the firmware's structures: 72 bytes, little-endian. */
const fieldBytes = 72
const keyBytes = 1028
const signatureBytes = 512

const field = (bigEndian: Buffer): Buffer => {
  const bytes = Buffer.alloc(fieldBytes)
  Buffer.from(bigEndian).reverse().copy(bytes)
  return bytes
}

const refuse = (reason: string): never => {
  throw fail('measure-key', { reason })
}

/**
 * 1028 bytes: the public half as the firmware reads it. The report's ID_KEY_DIGEST is the SHA-384 of these bytes. Fault:
 * `measure-key`, for a key of another kind.
 */
export const printIdKey = (key: KeyObject): Buffer => {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  if (publicKey.type !== 'public' || publicKey.asymmetricKeyDetails?.namedCurve !== 'secp384r1')
    return refuse('it is no key of ECDSA on the curve P-384')
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const bytes = Buffer.alloc(keyBytes)
  bytes.writeUInt32LE(curve)
  field(Buffer.from(x, 'base64url')).copy(bytes, 4)
  field(Buffer.from(y, 'base64url')).copy(bytes, 4 + fieldBytes)
  return bytes
}

/** 512 bytes: r and s. */
const printSignature = (bytes: Buffer, key: KeyObject): Buffer => {
  const rs = sign('sha384', bytes, { key, dsaEncoding: 'ieee-p1363' })
  const signature = Buffer.alloc(signatureBytes)
  field(rs.subarray(0, coordinateBytes)).copy(signature)
  field(rs.subarray(coordinateBytes)).copy(signature, fieldBytes)
  return signature
}

const authBytes = 4096
const places = {
  idKeyAlgorithm: 0,
  authorAlgorithm: 4,
  signature: 64,
  idKey: 576,
  keySignature: 1664,
  author: 2176,
} as const

/** The signing keys: the ID key signs the block, and the author's key, where there is one, signs the ID key. */
export type IdKeys = { readonly id: KeyObject; readonly author: KeyObject | undefined }

const requirePrivate = (key: KeyObject): KeyObject =>
  key.type === 'private' ? key : refuse('it is no private key, so it signs nothing')

/** 4096 bytes: QEMU's `id-auth=`. Fault: `measure-key`. */
export const printIdAuth = (block: IdBlock, { id, author }: IdKeys): Buffer => {
  const auth = Buffer.alloc(authBytes)
  const idKey = printIdKey(requirePrivate(id))
  auth.writeUInt32LE(algorithm, places.idKeyAlgorithm)
  printSignature(printIdBlock(block), id).copy(auth, places.signature)
  idKey.copy(auth, places.idKey)
  if (author === undefined) return auth
  auth.writeUInt32LE(algorithm, places.authorAlgorithm)
  const authorKey = printIdKey(requirePrivate(author))
  printSignature(idKey, author).copy(auth, places.keySignature)
  authorKey.copy(auth, places.author)
  return auth
}

/** The digest of a key as the report shows it: 48 bytes. Fault: `measure-key`. */
export const keyDigest = (key: KeyObject): Buffer => sha384(printIdKey(key))
