// Searches a dump of a guest's memory.

import { open } from 'node:fs/promises'

/** Where `bytes` begin in a file. */
export const placesOf = async (path: string, bytes: Buffer): Promise<number[]> => {
  const found: number[] = []
  const file = await open(path, 'r')
  const step = 1 << 26
  const chunk = Buffer.alloc(step + bytes.length - 1)
  for (let at = 0; ; at += step) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    const have = chunk.subarray(0, bytesRead)
    for (let i = have.indexOf(bytes); i >= 0; i = have.indexOf(bytes, i + 1)) found.push(at + i)
    if (bytesRead < chunk.length) break
  }
  await file.close()
  return found
}

/** 16 bytes each: whatever is left of a secret in one piece of 31 bytes has one of them. */
export const pieces = (bytes: Buffer): Buffer[] =>
  Array.from({ length: bytes.length / 16 }, (_, n) => bytes.subarray(16 * n, 16 * n + 16))
