// open-verity: opens a volume behind dm-verity, and proves the mapping before anything is mounted from it. The table comes
// from constants and the measured command line; the boot never reads the superblock on the disk.

import type { hostData, VerityParams } from '../cmdline/params.ts'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail, faultOf } from '../fault/index.ts'
import type { VerityName } from '../layout/layout.ts'
import {
  blockSize,
  type OnCorruption,
  partuuids,
  printSalt,
  printVerityTable,
  treeBlocks,
  treeStart,
  type VerityTable,
} from '../layout/verity.ts'
import type { Machine, Mapping, MappingRequest, Partition } from '../machine/machine.ts'
import {
  hasMetWrongBlock,
  isVerityStatus,
  knowsOnError,
  verityDiffers,
  veritySectors,
} from '../proof/verity.ts'
import type { Definition } from './step.ts'
import { findPartitions, type PartitionHint, printHint } from './with/find-partitions.ts'
import { siteOf } from './with/site.ts'

export type OpenVerity = {
  readonly kind: 'open-verity'
  readonly volume: VerityName
  readonly onCorruption: Exclude<OnCorruption, 'fail'>
  /** Seconds to wait for the partitions of the volume. */
  readonly timeout: number
} & (VerityParams | BySite)

/** The volume has the values of the record that `read-site` took. */
type BySite = { readonly rootHash: typeof hostData }

const claims = ({ rootHash }: VerityParams): { data: PartitionHint; tree: PartitionHint } => {
  const { data, tree } = partuuids(rootHash)
  return { data: { by: 'PARTUUID', value: data }, tree: { by: 'PARTUUID', value: tree } }
}

/** The host chooses the size of a partition. On one that is too small, the kernel would only say EINVAL. */
const requireRoom = (volume: string, partition: Partition, blocks: bigint): void => {
  const needed = blocks * BigInt(blockSize)
  if (partition.bytes < needed)
    throw fail('device-geometry', { volume, device: partition.device, bytes: partition.bytes, needed })
}

/** Reads one block through the mapping. A block that does not verify turns the status to `C`. */
const verifyBlock = (machine: Machine, volume: string, mapping: Mapping, block: bigint): void => {
  try {
    machine.read(mapping.device, block * BigInt(blockSize), blockSize)
  } catch (thrown) {
    if (!isVerityStatus(machine.mapping(volume).status)) throw fail('verity-corrupt', { volume, block })
    const fault = faultOf(thrown)
    // The device gave no bytes, rather than wrong bytes. The fault names the volume beside the device.
    throw fault.code === 'device-read'
      ? fail(fault.code, { ...fault, device: `${volume} (${fault.device})` })
      : thrown
  }
}

/** Faults: `verity-corrupt`, `verity-unproven`. */
const prove = (volume: VerityName, expected: VerityTable, mapping: Mapping): void => {
  const reason = verityDiffers(expected, mapping)
  if (reason === undefined) return
  // The kernel reads ahead, so a block that the boot did not ask for may have failed.
  if (hasMetWrongBlock(mapping.status))
    throw fail('verity-corrupt', { volume, block: 'near those that were read' })
  throw fail('verity-unproven', { volume, reason })
}

/** Turns failures of device-mapper into faults. Fault: `verity-open`. */
const opening = <T>(volume: string, use: () => T): T => {
  try {
    return use()
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('verity-open', { volume, reason: reasonOf(thrown) })
  }
}

const printNamed = (named: VerityParams | BySite): readonly string[] => {
  if (!('blocks' in named)) return ['as the site record says']
  const { data, tree } = claims(named)
  return [
    `data=${printHint(data)}`,
    `tree=${printHint(tree)}`,
    `root-hash=${named.rootHash}`,
    `blocks=${named.blocks}`,
    `salt=${printSalt(named.salt)}`,
  ]
}

export const openVerity: Definition<OpenVerity> = {
  print: (step) =>
    [
      `open-verity ${step.volume}`,
      ...printNamed(step),
      `on-corruption=${step.onCorruption}`,
      `within=${step.timeout}s`,
    ].join(' '),
  subject: (step) => step.volume,
  run: async (step, boot) => {
    const { machine } = boot
    const { volume } = step
    const named = 'blocks' in step ? step : siteOf(boot).record
    const { blocks, rootHash, salt } = named
    const { data, tree } = await findPartitions(machine, volume, claims(named), step.timeout)
    requireRoom(volume, data, blocks)
    requireRoom(volume, tree, BigInt(treeStart) + treeBlocks(blocks))

    const tableOn = (onCorruption: OnCorruption): VerityTable => ({
      data: data.dev,
      tree: tree.dev,
      blocks,
      rootHash,
      salt,
      onCorruption,
      onError: knowsOnError(machine.kernel()),
    })
    const request = (table: VerityTable): MappingRequest => ({
      name: volume,
      uuid: `CRYPT-VERITY-${rootHash.slice(0, 32)}-${volume}`,
      access: 'read-only',
      sectors: veritySectors(blocks),
      target: 'verity',
      table: printVerityTable(table),
    })
    // The probe does not panic, so a wrong disk ends in a message. The armed table replaces the probe before any mount.
    const probe = tableOn('fail')
    const probed = opening(volume, () => machine.openMapping(request(probe)))
    verifyBlock(machine, volume, probed, 0n)
    verifyBlock(machine, volume, probed, blocks - 1n)
    prove(volume, probe, machine.mapping(volume))

    const armed = tableOn(step.onCorruption)
    prove(
      volume,
      armed,
      opening(volume, () => machine.replaceTable(request(armed))),
    )
    const mapping = machine.mapping(volume)
    prove(volume, armed, mapping)
    return {
      kind: 'open-verity',
      volume,
      protection: 'verity',
      rootHash,
      data: data.device,
      tree: tree.device,
      device: mapping.device,
      table: mapping.table,
    }
  },
}
