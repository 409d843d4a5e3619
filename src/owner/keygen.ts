// `owner keygen`: writes an age X25519 identity to a new file, and its public key to standard output.

import { generateKeyPairSync } from 'node:crypto'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { printOwnerKey } from '../layout/owner-key.ts'
import { parseIdentity, printIdentity } from './identity.ts'

/** `path` is the new file. Fault: `owner-write`. */
export const keygen = (path: string): void => {
  using identity = printIdentity(generateKeyPairSync('x25519').privateKey)
  const { publicKey } = parseIdentity(identity, path)
  try {
    // "wx" overwrites no file: a file in the way may hold the only copy of an older key.
    const fd = openSync(path, 'wx', 0o600)
    try {
      for (let at = 0; at < identity.bytes.length; ) at += writeSync(fd, identity.bytes, at)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch (thrown) {
    throw fail('owner-write', { path, reason: reasonOf(thrown) })
  }
  process.stdout.write(`${printOwnerKey(publicKey)}\n`)
}
