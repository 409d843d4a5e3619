// `owner open`: opens a volume on a disk that came back from a host. The command checks the header as the boot does, then writes
// the passphrase of the owner's keyslot to a pipe, or the content to a file. The command never writes to the disk.

import { writeSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { blockSizeOf, headOf, sizeOf } from '../inspect/inspect.ts'
import { ownerMacKey } from '../keys/owner.ts'
import { allSeals } from '../keys/seals.ts'
import { parseGpt } from '../layout/gpt.ts'
import type { CryptName } from '../layout/layout.ts'
import { acceptHeader } from '../layout/luks2/accept.ts'
import { dataOffset, type Luks2Profile, unlockForOwner } from '../layout/luks2/luks2.ts'
import { readBounded } from '../machine/bounded.ts'
import { Secret } from '../secret/secret.ts'
import { parseIdentity } from './identity.ts'
import { type VolumePlace, writeImage } from './image.ts'
import { type OwnerIdentity, unwrapAsOwner } from './unwrap.ts'

/** The volume's partition on a disk with a partition table, or all of a disk without one. */
const findVolume = (path: string, volume: string): VolumePlace => {
  const bytes = sizeOf(path)
  const head = headOf(path, 0n, bytes)
  const blockSize = blockSizeOf(path, head)
  if (blockSize === undefined) return { path, offset: 0n, bytes }
  const { partitions } = parseGpt(head, blockSize, bytes / BigInt(blockSize))
  const [partition, ...more] = partitions.filter(({ name }) => name === volume)
  if (partition === undefined || more.length > 0)
    throw fail('owner-volume', {
      volume,
      path,
      reason: `${partition === undefined ? 'no partition has' : `${more.length + 1} partitions have`} that name`,
    })
  const { first, last } = partition
  return { path, offset: first * BigInt(blockSize), bytes: (last - first + 1n) * BigInt(blockSize) }
}

/** Faults: `owner-identity`, `input-too-large`. */
export const readIdentity = (path: string): OwnerIdentity => {
  let text: Secret
  try {
    text = new Secret(readBounded(path, 'identity'))
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('owner-identity', { path, reason: reasonOf(thrown) })
  }
  using held = text
  return parseIdentity(held, path)
}

export type OpenedByOwner = Disposable & {
  readonly place: VolumePlace
  readonly profile: Luks2Profile
  readonly dataBytes: bigint
  readonly passphrase: Secret
  readonly volumeKey: Secret
}

/**
 * Opens the owner's keyslot, and proves the header: the owner's MAC covers every byte of the header area but the two MACs.
 * Faults: `header-*`, `seal-provider`, `owner-identity`, `owner-token`, `owner-volume`, `gpt-invalid`, `device-read`.
 */
export const openAsOwner = async (
  path: string,
  volume: string,
  identityPath: string,
): Promise<OpenedByOwner> => {
  const identity = readIdentity(identityPath)
  const place = findVolume(path, volume)
  const luks2 = acceptHeader(headOf(path, place.offset, place.bytes), volume, {
    label: volume,
    profile: 'claimed',
    dataBytes: 'any',
    owner: 'any',
    providers: allSeals,
  })
  const { uuid, tokens, profile, dataBytes = 0n } = luks2.header
  if (tokens?.owner === undefined)
    throw fail('owner-token', { volume, reason: 'its header has no keyslot of an owner' })
  const { generation } = luks2.token
  const passphrase = await unwrapAsOwner(identity, volume, uuid, tokens.owner)
  try {
    using mac = ownerMacKey(passphrase, volume, uuid, generation)
    const keys = { passphrase: passphrase.bytes, mac: mac.bytes }
    const volumeKey = new Secret(unlockForOwner(luks2, volume, keys))
    const dispose = () => {
      passphrase[Symbol.dispose]()
      volumeKey[Symbol.dispose]()
    }
    return { place, profile, dataBytes, passphrase, volumeKey, [Symbol.dispose]: dispose }
  } catch (thrown) {
    passphrase[Symbol.dispose]()
    throw thrown
  }
}

const writePassphrase = ({ bytes }: Secret): void => {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at)
  } catch (thrown) {
    throw fail('target-write', { target: 'the passphrase to standard output', reason: reasonOf(thrown) })
  }
}

/** Refuses a header that claims more data than fits: bytes behind the partition are not its content. Fault: `header-extent`. */
const requireRoom = ({ dataBytes, place }: OpenedByOwner, volume: string): void => {
  const room = place.bytes - BigInt(dataOffset)
  if (dataBytes > room)
    throw fail('header-extent', {
      volume,
      reason: `its data has ${dataBytes} bytes, and the partition room for ${room}`,
    })
}

type OpenOptions = {
  /** A disk, a partition, or the copy of either in a file. */
  readonly disk: string
  readonly identity: string
  readonly volume: CryptName
  /** The file for the content; undefined: the passphrase goes to standard output. */
  readonly image: string | undefined
}

/** Faults: `owner-terminal`, `owner-image`, `header-extent`, `target-write`, and the faults of `openAsOwner`. */
export const open = async ({ disk, identity, volume, image }: OpenOptions): Promise<void> => {
  if (image === undefined && process.stdout.isTTY) throw fail('owner-terminal', {})
  using opened = await openAsOwner(disk, volume, identity)
  if (image === undefined) return writePassphrase(opened.passphrase)
  if (opened.profile !== 'xts') throw fail('owner-image', { volume })
  requireRoom(opened, volume)
  writeImage(opened.place, opened.dataBytes, opened.volumeKey.bytes, image)
}
