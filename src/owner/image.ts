// Decrypts the content of a volume into a new file, without device-mapper or privileges. The file has the bytes that dm-crypt
// would show, and zeros where the VM never wrote. No code here interprets the decrypted bytes.

import { createDecipheriv } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { dataOffset } from '../layout/luks2/luks2.ts'
import { dataSectorBytes } from '../layout/luks2/profile.ts'
import { followDirectory, isStill } from '../machine/beneath.ts'
import { readDevice } from '../machine/block.ts'

/** The place of a volume in a file or on a device; both numbers are in bytes. */
export type VolumePlace = { readonly path: string; readonly offset: bigint; readonly bytes: bigint }

const chunkBytes = 1024 ** 2

/**
 * Decrypts `aes-xts-plain64` in sectors of 4096 bytes; `first` is the number of the first sector. dm-crypt counts the IV in
 * sectors of 512 bytes all the same (no `iv_large_sectors`). A sector of zeroes becomes noise, as under dm-crypt: if such a
 * sector stayed zero, a host that writes zeroes would choose the bytes that the owner reads.
 */
export const decryptSectors = (key: Uint8Array, bytes: Buffer, first: bigint): Buffer => {
  const out = Buffer.alloc(bytes.length)
  const iv = Buffer.alloc(16)
  for (let at = 0; at < bytes.length; at += dataSectorBytes) {
    const sector = bytes.subarray(at, at + dataSectorBytes)
    iv.writeBigUInt64LE((first + BigInt(at / dataSectorBytes)) * BigInt(dataSectorBytes / 512))
    const cipher = createDecipheriv('aes-256-xts', key, iv)
    cipher.update(sector).copy(out, at)
    // Frees OpenSSL's copy of the key, which would otherwise stay until the garbage collector runs.
    cipher.final()
  }
  return out
}

/** Copies the decrypted data, with a hole where the VM wrote zeroes. The ciphertext of such zeroes decrypts like any content. */
const copyTo = (fd: number, { path, offset }: VolumePlace, bytes: bigint, key: Uint8Array): void => {
  const start = BigInt(dataOffset)
  const length = Number(bytes)
  for (let at = 0; at < length; at += chunkBytes) {
    const encrypted = readDevice(path, offset + start + BigInt(at), Math.min(chunkBytes, length - at))
    const plain = decryptSectors(key, encrypted, BigInt(at / dataSectorBytes))
    if (plain.every((byte) => byte === 0)) continue
    for (let done = 0; done < plain.length; )
      done += writeSync(fd, plain, done, plain.length - done, at + done)
  }
  ftruncateSync(fd, length)
  fsyncSync(fd)
}

/**
 * Decrypts `bytes` of data into a new file that only its owner may read, whole or not at all. Faults: `device-read`,
 * `target-write`.
 */
export const writeImage = (place: VolumePlace, bytes: bigint, key: Uint8Array, target: string): void => {
  const notWritten = (thrown: unknown) =>
    thrown instanceof BootFault ? thrown : fail('target-write', { target, reason: reasonOf(thrown) })
  const name = basename(target)
  try {
    using directory = followDirectory(dirname(target))
    const fd = openSync(directory.at(name), 'wx', 0o600)
    try {
      copyTo(fd, place, bytes, key)
    } catch (thrown) {
      // Another file may have taken the name meanwhile, and then stays.
      if (isStill(directory, name, { stat: fstatSync(fd) })) unlinkSync(directory.at(name))
      throw thrown
    } finally {
      closeSync(fd)
    }
  } catch (thrown) {
    throw notWritten(thrown)
  }
}
