// `owner open`: a disk that came back from a host, its header checked as the boot checks it, and the passphrase of
// the owner's keyslot to a pipe. Reads the header area once, and changes nothing.

import { readFileSync, writeSync } from 'node:fs'
import { readFileAndArguments } from '../arguments.ts'
import { fail } from '../fault.ts'
import { ownerMacKey, unwrapAsOwner } from '../keys/owner.ts'
import { Secret } from '../keys/secret.ts'
import { parseGpt } from '../layout/gpt.ts'
import { cryptNames } from '../layout/layout.ts'
import { parseLuks2, sealedIn, unlockLuks2 } from '../layout/luks2/luks2.ts'
import { reasonOf } from '../machine/errno.ts'
import { blockSizeOf, headOf, sizeOf } from '../runtime/inspect.ts'
import { parseIdentity } from './identity.ts'

const accepted = { identity: { type: 'string' }, volume: { type: 'string' } } as const

/** The header area of the volume on a disk with partitions, or of what begins with one. */
const areaOf = (path: string, volume: string): Buffer => {
  const bytes = sizeOf(path)
  const head = headOf(path, 0n, bytes)
  const blockSize = blockSizeOf(head)
  if (blockSize === undefined) return head
  const { partitions } = parseGpt(head, blockSize, bytes / BigInt(blockSize))
  const [partition, ...more] = partitions.filter(({ name }) => name === volume)
  if (partition === undefined || more.length > 0)
    throw fail('owner-volume', {
      ...{ volume, path },
      reason: `${partition === undefined ? 'no partition has' : `${more.length + 1} partitions have`} that name`,
    })
  const { first, last } = partition
  return headOf(path, first * BigInt(blockSize), (last - first + 1n) * BigInt(blockSize))
}

const readIdentity = (path: string) => {
  let text: Secret
  try {
    text = new Secret(readFileSync(path))
  } catch (thrown) {
    throw fail('owner-identity', { path, reason: reasonOf(thrown) })
  }
  using held = text
  return parseIdentity(held, path)
}

/**
 * The passphrase of the owner's keyslot, proved: the owner's MAC is good over every byte of the header area, and the
 * keyslot opens. Faults: `header-*`, `owner-identity`, `owner-token`, `owner-volume`, `gpt-invalid`, `device-read`.
 */
export const ownerPassphrase = async (
  path: string,
  volume: string,
  identityPath: string,
): Promise<Secret> => {
  const identity = readIdentity(identityPath)
  const luks2 = parseLuks2(areaOf(path, volume), volume)
  const { uuid, tokens } = luks2.header
  if (tokens?.owner === undefined)
    throw fail('owner-token', { volume, reason: 'its header has no keyslot of an owner' })
  const { generation } = sealedIn(luks2, volume, undefined)
  const passphrase = await unwrapAsOwner(identity, volume, uuid, tokens.owner)
  try {
    using mac = ownerMacKey(passphrase, volume, uuid, generation)
    using _key = new Secret(
      unlockLuks2(luks2, volume, 'owner', { passphrase: passphrase.bytes, mac: mac.bytes }),
    )
  } catch (thrown) {
    passphrase[Symbol.dispose]()
    throw thrown
  }
  return passphrase
}

/** Faults: `usage`, `owner-terminal`, `target-write`, and those of `ownerPassphrase`. */
export const open = async (args: readonly string[]): Promise<void> => {
  const { file, values } = readFileAndArguments(args, accepted, 'DISK, PARTITION or FILE')
  const { identity, volume = 'job-store' } = values
  if (identity === undefined) throw fail('usage', { reason: 'owner open needs --identity FILE' })
  if (!cryptNames.some((name) => name === volume))
    throw fail('usage', { reason: `--volume takes ${cryptNames.join(' or ')}, not ${volume}` })
  if (process.stdout.isTTY) throw fail('owner-terminal', {})
  using passphrase = await ownerPassphrase(file, volume, identity)
  try {
    for (let at = 0; at < passphrase.bytes.length; ) at += writeSync(1, passphrase.bytes, at)
  } catch (thrown) {
    throw fail('target-write', { target: 'the passphrase to standard output', reason: reasonOf(thrown) })
  }
}
