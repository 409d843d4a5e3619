// The bytes between a boot and its relay: frames, and the request that a boot sends. Print / parse, pure. A frame is a length of
// four bytes, big endian, and as many bytes. docs/reference/grant.md describes the conversation.

import { type CryptName, cryptNames } from '../layout/layout.ts'

/** The most bytes of one frame. */
export const mostFrameBytes = 1024 * 1024
const lengthBytes = 4

export const printFrame = (body: Uint8Array): Buffer => {
  if (body.length === 0 || body.length > mostFrameBytes)
    throw new RangeError(`a frame of ${body.length} bytes`)
  const frame = Buffer.alloc(lengthBytes + body.length)
  frame.writeUInt32BE(body.length)
  frame.set(body, lengthBytes)
  return frame
}

export type Framed = { readonly frame: Buffer; readonly rest: Buffer } | 'more' | { readonly wrong: string }

/** The first frame of the bytes that have come. `more`: its end has not come yet. `most` bounds the length of the frame. */
export const takeFrame = (bytes: Buffer, most: number): Framed => {
  if (bytes.length < lengthBytes) return 'more'
  const length = bytes.readUInt32BE(0)
  if (length === 0 || length > most)
    return { wrong: `a frame says that it has ${length} bytes, and 1 to ${most} are read` }
  const end = lengthBytes + length
  if (bytes.length < end) return 'more'
  return { frame: bytes.subarray(lengthBytes, end), rest: bytes.subarray(end) }
}

/** What a boot asks for. */
export type KeyRequest = {
  /** In the order of `cryptNames`, each once, at least one. */
  readonly volumes: readonly CryptName[]
  /** The text of `printEvidence`. */
  readonly evidence: string
}

/** The version of the request. */
const format = 1

/** A line of JSON, and then the file with the evidence as it is. */
export const printKeyRequest = ({ volumes, evidence }: KeyRequest): Buffer =>
  Buffer.from(`${JSON.stringify({ 'cvmboot-request': format, volumes })}\n${evidence}`)

export type NoKeyRequest = { readonly wrong: string }

const isVolumes = (value: unknown): value is CryptName[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  JSON.stringify(value) === JSON.stringify(cryptNames.filter((name) => value.includes(name)))

/** Reads exactly the bytes that `printKeyRequest` prints, and leaves the evidence to its own reader. */
export const parseKeyRequest = (bytes: Buffer): KeyRequest | NoKeyRequest => {
  const end = bytes.indexOf('\n')
  if (bytes.length > mostFrameBytes || end < 0 || end > 256)
    return { wrong: 'it does not begin with a short line' }
  try {
    const tree: unknown = JSON.parse(bytes.toString('utf8', 0, end))
    if (typeof tree !== 'object' || tree === null) return { wrong: 'its first line is no object' }
    if (!('cvmboot-request' in tree) || tree['cvmboot-request'] !== format)
      return { wrong: `it is not of version ${format}, the version that is known` }
    if (!('volumes' in tree) || !isVolumes(tree.volumes))
      return { wrong: 'it names no volumes, or wrong ones' }
    const request = { volumes: tree.volumes, evidence: bytes.toString('utf8', end + 1) }
    return printKeyRequest(request).equals(bytes) ? request : { wrong: 'its first line has another spelling' }
  } catch {
    return { wrong: 'its first line is not JSON' }
  }
}
