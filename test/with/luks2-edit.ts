// Edits of LUKS2 header areas that everybody who holds the disk can make: the checksums are right again afterwards. The edits
// use nothing of the codec, so that a mistake in the codec cannot hide.

import { createHash } from 'node:crypto'

export const copyBytes = 16384
export const jsonStart = 4096
export type Tree = { [name: string]: Tree } & Record<string, unknown>

/** Writes both checksums, or one. */
export const withChecksums = (area: Buffer, which: readonly (0 | 1)[] = [0, 1]): Buffer => {
  for (const n of which) {
    const copy = area.subarray(n * copyBytes, (n + 1) * copyBytes)
    copy.fill(0, 448, 512)
    createHash('sha256').update(copy).digest().copy(copy, 448)
  }
  return area
}

/** The JSON area of the first copy as text. */
export const jsonOf = (area: Buffer): string => area.toString('latin1', jsonStart, area.indexOf(0, jsonStart))

/** New bytes as the JSON area of both copies, or of one. */
export const withJsonBytes = (
  area: Buffer,
  bytes: Uint8Array,
  which: readonly (0 | 1)[] = [0, 1],
): Buffer => {
  const out = Buffer.from(area)
  for (const n of which) {
    out.fill(0, n * copyBytes + jsonStart, (n + 1) * copyBytes)
    out.set(bytes.subarray(0, copyBytes - jsonStart), n * copyBytes + jsonStart)
  }
  return withChecksums(out)
}

export const withText = (area: Buffer, change: (text: string) => string): Buffer =>
  withJsonBytes(area, Buffer.from(change(jsonOf(area)), 'latin1'))

/** The tree is changed in place, and printed as cryptsetup would. */
export const withTree = (area: Buffer, change: (tree: Tree) => void): Buffer =>
  withText(area, (text) => {
    const tree = JSON.parse(text)
    change(tree)
    return JSON.stringify(tree)
  })

/** The binary part of both copies, or of one. */
export const withBinary = (
  area: Buffer,
  change: (copy: Buffer) => void,
  which: readonly (0 | 1)[] = [0, 1],
): Buffer => {
  const out = Buffer.from(area)
  for (const n of which) change(out.subarray(n * copyBytes, (n + 1) * copyBytes))
  return withChecksums(out)
}

/** Any bytes, checksums left as they are. */
export const withBytes = (area: Buffer, change: (area: Buffer) => void): Buffer => {
  const out = Buffer.from(area)
  change(out)
  return out
}
