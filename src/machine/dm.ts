// struct dm_ioctl of include/uapi/linux/dm-ioctl.h: print / parse, to the byte. Pure; the calls are in mapper.ts.

import { packDeviceNumber, printDeviceNumber } from '../layout/device-number.ts'

/** ioctl numbers: _IOWR(0xfd, nr, struct dm_ioctl of 312 bytes). */
export const DM = {
  create: 0xc138fd03,
  remove: 0xc138fd04,
  /** Suspends a mapping with `dmFlags.suspend`, and resumes the mapping without that flag. */
  suspend: 0xc138fd06,
  status: 0xc138fd07,
  load: 0xc138fd09,
  tableStatus: 0xc138fd0c,
} as const

export const dmFlags = {
  readOnly: 1 << 0,
  suspend: 1 << 1,
  statusTable: 1 << 4,
  active: 1 << 5,
  bufferFull: 1 << 8,
  noFlush: 1 << 11,
} as const

/** One target; `text` is its parameters, or the kernel's status text in a reply. Sectors of 512 bytes. */
export type DmTarget = {
  readonly start: bigint
  readonly sectors: bigint
  readonly type: string
  readonly text: string
}

export type DmMessage = {
  readonly name: string
  readonly uuid: string
  readonly flags: number
  /** `major:minor`; '0:0' in requests. */
  readonly dev: string
  readonly targets: readonly DmTarget[]
}

const headBytes = 312
const specBytes = 40
/** Size of a message with room for one target's text: a verity line with the longest salt has under 900 bytes. */
const totalBytes = 4096

/** A buffer for ioctl; the kernel writes its reply into the same buffer. cvmboot makes all names and texts, in ASCII. */
export const printDm = (message: DmMessage): Buffer => {
  const out = Buffer.alloc(totalBytes)
  out.writeUInt32LE(4, 0) // interface version 4.0.0: the kernel answers with its own
  out.writeUInt32LE(totalBytes, 12)
  out.writeUInt32LE(headBytes, 16)
  out.writeUInt32LE(message.targets.length, 20)
  out.writeUInt32LE(message.flags, 28)
  out.writeBigUInt64LE(packDeviceNumber(message.dev), 40)
  put(out, message.name, 48, 128)
  put(out, message.uuid, 176, 129)
  let at = headBytes
  for (const target of message.targets) {
    const next = align8(specBytes + target.text.length + 1)
    out.writeBigUInt64LE(target.start, at)
    out.writeBigUInt64LE(target.sectors, at + 8)
    out.writeUInt32LE(next, at + 20)
    put(out, target.type, at + 24, 16)
    put(out, target.text, at + specBytes, totalBytes - at - specBytes)
    at += next
  }
  return out
}

/**
 * Reads a message. Undefined where the message is not whole: the kernel cut the message (`bufferFull`), or a text has no end.
 * Undefined for more than one target, too: `next` counts from the spec in requests but from the data in replies, and the
 * mappings of cvmboot have one target.
 */
export const parseDm = (bytes: Buffer): DmMessage | undefined => {
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== 4) return undefined
  const flags = bytes.readUInt32LE(28)
  const count = bytes.readUInt32LE(20)
  const name = text(bytes, 48, 128)
  const uuid = text(bytes, 176, 129)
  if ((flags & dmFlags.bufferFull) !== 0 || count > 1 || name === undefined || uuid === undefined)
    return undefined
  const dev = bytes.readBigUInt64LE(40)
  // The kernel's dev_t has 32 bits: huge_encode_dev() of include/linux/kdev_t.h fills no more of the field.
  if (dev > 0xffff_ffffn) return undefined
  const message = { name, uuid, flags, dev: printDeviceNumber(dev) }
  if (count === 0) return { ...message, targets: [] }
  const at = bytes.readUInt32LE(16)
  if (at < headBytes || at + specBytes > bytes.length) return undefined
  const type = text(bytes, at + 24, 16)
  const parameters = text(bytes, at + specBytes, bytes.length - at - specBytes)
  if (type === undefined || parameters === undefined) return undefined
  const start = bytes.readBigUInt64LE(at)
  const sectors = bytes.readBigUInt64LE(at + 8)
  return { ...message, targets: [{ start, sectors, type, text: parameters }] }
}

const align8 = (bytes: number): number => bytes + ((8 - (bytes % 8)) % 8)

const put = (out: Buffer, value: string, at: number, room: number): void => {
  // The last byte stays NUL, since the kernel would cut a longer text. A text that is too long is a defect in cvmboot.
  if (value.length >= room || !/^[\x20-\x7e]*$/.test(value)) throw new Error(`dm: bad text ${value}`)
  out.write(value, at, 'latin1')
}

const text = (bytes: Buffer, at: number, room: number): string | undefined => {
  const end = bytes.indexOf(0, at)
  return end < 0 || end >= at + room ? undefined : bytes.toString('latin1', at, end)
}
