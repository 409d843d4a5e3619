// The few TPM 2.0 structures that the boot uses: print / parse, each in one form only. Pure.
// Numbers and layouts: TCG TPM 2.0 Library, Part 2; the storage key: TCG TPM v2.0 Provisioning Guidance, 7.5.1.

import { createHash } from 'node:crypto'
import { readAll, sized, u8, u16, u32 } from './wire.ts'

/** TPM_ALG_ID (Part 2, 6.3). */
export const alg = {
  aes: 0x0006,
  keyedHash: 0x0008,
  sha256: 0x000b,
  none: 0x0010,
  ecc: 0x0023,
  cfb: 0x0043,
} as const

/** TPM_RH and TPM_RS (Part 2, 7.4). */
export const handles = {
  owner: 0x40000001,
  null: 0x40000007,
  password: 0x40000009,
  endorsement: 0x4000000b,
} as const

export const digestBytes = 32
/** Length of a Name: the algorithm in 16 bits, and the digest of a public area. */
export const nameBytes = 2 + digestBytes

export const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The Name of an object (Part 1, 16): HMACs and TPM_SRK name an object's public area by this digest. */
export const nameOf = (publicArea: Buffer): Buffer => Buffer.concat([u16(alg.sha256), sha256(publicArea)])

/** A point on P-256. Each coordinate has 32 bytes. */
export type Point = { readonly x: Buffer; readonly y: Buffer }

const coordinateBytes = 32
const zero = Buffer.alloc(coordinateBytes)

export const printPoint = ({ x, y }: Point): Buffer => Buffer.concat([sized(x), sized(y)])

// TPMA_OBJECT (Part 2, 8.3).
const fixedTpm = 0x2
const fixedParent = 0x10
const sensitiveDataOrigin = 0x20
const userWithAuth = 0x40
const noDictionaryAttack = 0x400
const restricted = 0x10000
const decrypt = 0x20000

/**
 * The public area of the storage root key: ECC P-256, with AES-128-CFB for the keys below it. The template has zeroes for the
 * point. A TPM makes the same key of the template each time, until its owner clears the TPM.
 */
export const printSrk = (point: Point): Buffer =>
  Buffer.concat([
    ...[u16(alg.ecc), u16(alg.sha256)],
    u32(
      fixedTpm | fixedParent | sensitiveDataOrigin | userWithAuth | noDictionaryAttack | restricted | decrypt,
    ),
    ...[sized(Buffer.alloc(0)), u16(alg.aes), u16(128), u16(alg.cfb)],
    ...[u16(alg.none), u16(3), u16(alg.none)], // no scheme; TPM_ECC_NIST_P256; no KDF
    printPoint(point),
  ])

export const srkTemplate: Buffer = printSrk({ x: zero, y: zero })

/** The point of a storage root key. Undefined for any other kind of key. */
export const parseSrk = (publicArea: Buffer): Point | undefined =>
  readAll(publicArea, (from) => {
    from.bytes(srkTemplate.length - 2 * (2 + coordinateBytes))
    const point = { x: from.sized(coordinateBytes), y: from.sized(coordinateBytes) }
    const whole = point.x.length === coordinateBytes && point.y.length === coordinateBytes
    return whole && printSrk(point).equals(publicArea) ? point : undefined
  })

/** The public area of a sealed secret, which the host can read. `unique` is empty in the request, else it has 32 bytes. */
export type SealedPublic = { readonly policy: Buffer; readonly unique: Buffer }

/** The policy is the only authorization, since userWithAuth is clear. The object stays below its key, and in its TPM. */
export const printSealedPublic = ({ policy, unique }: SealedPublic): Buffer =>
  Buffer.concat([
    ...[u16(alg.keyedHash), u16(alg.sha256), u32(fixedTpm | fixedParent | noDictionaryAttack)],
    ...[sized(policy), u16(alg.none), sized(unique)],
  ])

/** Undefined for an object that anything but its policy opens. */
export const parseSealedPublic = (publicArea: Buffer): SealedPublic | undefined =>
  readAll(publicArea, (from) => {
    from.bytes(8)
    const policy = from.sized(digestBytes)
    from.u16()
    const found = { policy, unique: from.sized(digestBytes) }
    const whole = policy.length === digestBytes && found.unique.length === digestBytes
    return whole && printSealedPublic(found).equals(publicArea) ? found : undefined
  })

/** TPML_PCR_SELECTION of the sha256 bank; `pcrs` are from 0 to 23. */
export const printSelection = (pcrs: readonly number[]): Buffer => {
  const bits = Buffer.alloc(3)
  for (const pcr of pcrs) bits.writeUInt8(bits.readUInt8(pcr >> 3) | (1 << (pcr & 7)), pcr >> 3)
  return Buffer.concat([u32(1), u16(alg.sha256), u8(bits.length), bits])
}

/** TPML_PCR_SELECTION of nothing. */
export const noSelection = u32(0)

/** The policy digest of a fresh session after TPM2_PolicyPCR (Part 3, 23.7). `pcrDigest` is over the values in order. */
export const policyOf = (pcrs: readonly number[], pcrDigest: Buffer): Buffer =>
  sha256(Buffer.alloc(digestBytes), u32(0x17f), printSelection(pcrs), pcrDigest)

export type Creation = { readonly pcrs: readonly number[]; readonly pcrDigest: Buffer; readonly srk: Buffer }

/** TPMS_CREATION_DATA of an object below the storage key, made at locality 0 with no outside information. */
export const printCreation = ({ pcrs, pcrDigest, srk }: Creation): Buffer =>
  Buffer.concat([
    ...[printSelection(pcrs), sized(pcrDigest), u8(1), u16(alg.sha256), sized(srk)],
    // The Qualified Name of a primary key covers the key's Name and its hierarchy (Part 1, 26.5).
    ...[sized(Buffer.concat([u16(alg.sha256), sha256(u32(handles.owner), srk)])), sized(Buffer.alloc(0))],
  ])

/** TPM_ST_CREATION (Part 2, 6.9). */
const creationTag = 0x8021
const mostTicketBytes = 64

/** TPMT_TK_CREATION in the owner hierarchy: the TPM's proof, to itself, that it made an object so. */
export const printTicket = (digest: Buffer): Buffer =>
  Buffer.concat([u16(creationTag), u32(handles.owner), sized(digest)])

/** The ticket's digest. Undefined for a ticket of another kind. */
export const parseTicket = (ticket: Buffer): Buffer | undefined =>
  readAll(ticket, (from) => {
    if (from.u16() !== creationTag || from.u32() !== handles.owner) return undefined
    const digest = from.sized(mostTicketBytes)
    return digest.length >= digestBytes ? digest : undefined
  })
