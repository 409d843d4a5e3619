// The binary part of a LUKS2 header: print / parse. Its checksum covers the binary part and the JSON text. Pure.

import { createHash } from 'node:crypto'
import { binaryBytes, headerBytes } from './profile.ts'
import { isNot, type Refuse } from './refuse.ts'

/** The fields that may vary in the binary part. */
export type Binary = {
  /** Lower case. */
  readonly uuid: string
  /** Up to 47 lower-case letters and `-`: the volume's name. */
  readonly label: string
  /** 1 to 2^32 - 1. cryptsetup counts up with each change. cvmboot prints a header once. */
  readonly sequence: number
  /** 64 bytes. */
  readonly salt: Uint8Array
}

export const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
export const labelPattern = /^[a-z-]{0,47}$/
const sequences = { least: 1n, most: 0xffffffffn }

/** One of the two copies of a header. The copies differ in magic, place, salt and checksum alone. */
export type Copy = 'first' | 'second'

const magic: Record<Copy, Buffer> = {
  first: Buffer.from('4c554b53babe', 'hex'), // LUKS\xba\xbe
  second: Buffer.from('534b554cbabe', 'hex'), // SKUL\xba\xbe
}

/** Where each field of struct luks2_hdr_disk lies. Numbers are big-endian, and texts end with NUL. */
const field = {
  magic: [0, 6],
  version: [6, 8],
  size: [8, 16],
  sequence: [16, 24],
  label: [24, 72],
  algorithm: [72, 104],
  salt: [104, 168],
  uuid: [168, 208],
  subsystem: [208, 256],
  offset: [256, 264],
  reserved: [264, 448],
  checksum: [448, 512],
  padding: [512, binaryBytes],
} as const

const algorithm = 'sha256'

/** The binary part of a copy, with a blank checksum. */
const printBinary = (binary: Binary, copy: Copy): Buffer => {
  const out = Buffer.alloc(binaryBytes)
  magic[copy].copy(out, field.magic[0])
  out.writeUInt16BE(2, field.version[0])
  out.writeBigUInt64BE(BigInt(headerBytes), field.size[0])
  out.writeBigUInt64BE(BigInt(binary.sequence), field.sequence[0])
  out.write(binary.label, field.label[0], 'latin1')
  out.write(algorithm, field.algorithm[0], 'latin1')
  out.set(binary.salt, field.salt[0])
  out.write(binary.uuid, field.uuid[0], 'latin1')
  out.writeBigUInt64BE(copy === 'first' ? 0n : BigInt(headerBytes), field.offset[0])
  return out
}

/** The checksum of a whole copy. In place of the stored checksum it covers zeros. */
const checksumOf = (header: Uint8Array): Buffer => {
  const [from, to] = field.checksum
  return createHash(algorithm)
    .update(header.subarray(0, from))
    .update(Buffer.alloc(to - from))
    .update(header.subarray(to))
    .digest()
}

/** One copy, which has 16 KiB. `json` is its JSON area. */
export const printCopy = (binary: Binary, copy: Copy, json: Uint8Array): Buffer => {
  const out = Buffer.concat([printBinary(binary, copy), json])
  out.set(checksumOf(out), field.checksum[0])
  return out
}

const textOf = (bytes: Buffer, [from, to]: readonly [number, number]): string =>
  bytes.toString('latin1', from, to).replace(/\0+$/, '')

/** Requires the first signs of a LUKS2 header of our size. Faults: `header-foreign`, `header-version`, `header-size`. */
export const recognise = (first: Buffer, refuse: Refuse): void => {
  if (!first.subarray(...field.magic).equals(magic.first))
    throw refuse('header-foreign', 'it is neither blank nor LUKS2')
  const version = first.readUInt16BE(field.version[0])
  if (version !== 2) throw refuse('header-version', isNot('its version', version, 2))
  const size = first.readBigUInt64BE(field.size[0])
  if (size !== BigInt(headerBytes))
    throw refuse('header-size', isNot('the size of its first copy', size, headerBytes))
}

/**
 * Reads the first copy, and requires the second to have the same fields. The JSON texts are compared elsewhere (luks2.ts).
 * Faults: `header-checksum`, `header-copies`, `header-label`, `header-uuid`, `header-binary`.
 */
export const parseCopies = (
  first: Buffer,
  second: Buffer,
  refuse: Refuse,
): { binary: Binary; secondSalt: Buffer } => {
  for (const [header, copy] of [
    [first, 'first'],
    [second, 'second'],
  ] as const) {
    const stored = header.subarray(...field.checksum)
    if (!checksumOf(header).equals(stored.subarray(0, 32)) || stored.subarray(32).some((byte) => byte !== 0))
      throw refuse('header-checksum', `the checksum of its ${copy} copy is wrong`)
  }
  const sequence = first.readBigUInt64BE(field.sequence[0])
  const label = textOf(first, field.label)
  const uuid = textOf(first, field.uuid)
  if (sequence < sequences.least || sequence > sequences.most)
    throw refuse('header-binary', isNot('its sequence number', sequence, 'from 1 to 2^32 - 1'))
  if (!labelPattern.test(label))
    throw refuse('header-label', isNot('its label', label, 'the name of a volume'))
  if (!uuidPattern.test(uuid)) throw refuse('header-uuid', isNot('its UUID', uuid, 'one in lower case'))
  const salt = Buffer.from(first.subarray(...field.salt))
  const binary: Binary = { uuid, label, sequence: Number(sequence), salt }
  const secondSalt = Buffer.from(second.subarray(...field.salt))

  requireSame(first, printBinary(binary, 'first'), (name) =>
    name === 'subsystem'
      ? refuse('header-label', isNot('its subsystem', textOf(first, field.subsystem), ''))
      : refuse('header-binary', `the field ${name} of its first copy is not as cvmboot writes it`),
  )
  requireSame(second, printBinary({ ...binary, salt: secondSalt }, 'second'), (name) =>
    refuse('header-copies', `its copies differ in the field ${name}`),
  )
  return { binary, secondSalt }
}

/** Compares all fields but the checksum, which `parseCopies` has compared already. */
const requireSame = (found: Buffer, expected: Buffer, differs: (name: string) => Error): void => {
  for (const [name, [from, to]] of Object.entries(field))
    if (name !== 'checksum' && !found.subarray(from, to).equals(expected.subarray(from, to)))
      throw differs(name)
}
