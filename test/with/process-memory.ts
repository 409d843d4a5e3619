// Searches the memory of a process that stands still: for known bytes, and for a private key of which only the public key is
// known.

import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const step = 1 << 20
/** So much of a piece is in the next one, too. */
const overlap = 64
const untouched = Buffer.alloc(step + overlap)

/** All that the process may write to, in pieces. What the kernel gives to nobody is not there. */
export const memoryOf = (pid: number | undefined): Buffer[] => {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const pieces: Buffer[] = []
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
    for (let at = BigInt(`0x${from ?? 0}`); at < BigInt(`0x${to ?? 0}`); at += BigInt(step))
      try {
        const piece = Buffer.alloc(step + overlap)
        const length = readSync(memory, piece, 0, piece.length, at)
        // Most of it nobody has written to yet.
        if (!piece.equals(untouched)) pieces.push(piece.subarray(0, length))
      } catch {}
  }
  closeSync(memory)
  return pieces
}

const reversed = (bytes: Buffer): Buffer => Buffer.from(bytes).reverse()

/** Each half of it is enough, and OpenSSL keeps numbers with their lowest byte first. */
export const isIn = (pieces: readonly Buffer[], secret: Buffer): boolean => {
  const half = secret.length / 2
  const halves = [secret.subarray(0, half), secret.subarray(half)].flatMap((bytes) => [
    bytes,
    reversed(bytes),
  ])
  return pieces.some((piece) => halves.some((bytes) => piece.includes(bytes)))
}

/** Whether a private key belongs to the public one. */
export type Match = (candidate: Buffer) => boolean

const curve = createECDH('prime256v1')

export const matchesP256 =
  (publicKey: Buffer): Match =>
  (candidate) => {
    try {
      curve.setPrivateKey(candidate)
    } catch {
      return false
    }
    return curve.getPublicKey().equals(publicKey)
  }

// PrivateKeyInfo of X25519 (RFC 8410) is the 32 bytes behind a constant.
const pkcs8Head = Buffer.from('302e020100300506032b656e04220420', 'hex')

export const matchesX25519 =
  (publicKey: Buffer): Match =>
  (candidate) => {
    const der = Buffer.concat([pkcs8Head, candidate])
    const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
    return key.export({ format: 'der', type: 'spki' }).subarray(-32).equals(publicKey)
  }

const keyBytes = 32
/**
 * One in 5,000 keys has fewer different bytes, or fewer on one side of 0x80. Text has none there, and four pointers in a
 * row, of which memory is full, never have so many different ones.
 */
const least = { different: 26, oneSide: 5 } as const
const seen = new Uint32Array(256)
let round = 0

const looksRandom = (piece: Buffer, at: number): boolean => {
  round++
  let different = 0
  let high = 0
  for (let n = 0; n < keyBytes; n++) {
    // The bytes to come cannot make up for those that were the same.
    if (n - different > keyBytes - least.different) return false
    const byte = piece[at + n] ?? 0
    if (seen[byte] !== round) different++
    seen[byte] = round
    high += byte >> 7
  }
  return different >= least.different && high >= least.oneSide && high <= keyBytes - least.oneSide
}

/** Each place where a number of 32 bytes may begin and that looks like a key, by its bytes. */
export const candidatesIn = (pieces: readonly Buffer[]): ReadonlyMap<string, Buffer> => {
  const found = new Map<string, Buffer>()
  for (const piece of pieces)
    for (let at = 0; at + keyBytes <= piece.length; at += 8)
      if (looksRandom(piece, at)) {
        const there = piece.subarray(at, at + keyBytes)
        found.set(there.toString('latin1'), there)
      }
  return found
}

/** Which of the private keys are among the candidates. */
export const privateKeysIn = (candidates: Iterable<Buffer>, matches: readonly Match[]): boolean[] => {
  const found = matches.map(() => false)
  for (const candidate of candidates) {
    const both = [candidate, reversed(candidate)]
    for (const [n, match] of matches.entries()) found[n] ||= both.some(match)
  }
  return found
}
