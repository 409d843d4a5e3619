// open-verity: a volume behind dm-verity, proved before it has its final name's trust. The table comes from
// constants and the measured command line; the superblock on the disk is never read.

import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail, faultOf } from '../fault/index.ts'
import type { VerityName } from '../layout/layout.ts'
import {
  blockSize,
  type OnCorruption,
  partuuids,
  printSalt,
  printVerityTable,
  type RootHash,
  type Salt,
  sectorSize,
  treeBlocks,
  treeStart,
} from '../layout/verity.ts'
import type { Machine, Mapping, MappingRequest, Partition } from '../machine/machine.ts'
import { kernelAtLeast } from '../system/kernel-release.ts'
import type { Definition } from './step.ts'
import { type Claim, findPartitions, printClaim } from './with/find-partitions.ts'

export type OpenVerity = {
  readonly kind: 'open-verity'
  readonly volume: VerityName
  readonly rootHash: RootHash
  /** Data blocks of 4096 bytes. */
  readonly blocks: bigint
  readonly salt: Salt
  readonly onCorruption: Exclude<OnCorruption, 'fail'>
  /** Seconds to wait for its partitions. */
  readonly timeout: number
}

const claims = (step: OpenVerity): { data: Claim; tree: Claim } => {
  const { data, tree } = partuuids(step.rootHash)
  return { data: { by: 'PARTUUID', value: data }, tree: { by: 'PARTUUID', value: tree } }
}

/** Host-chosen sizes: enough room, or the kernel would only say EINVAL. */
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
    if (!isValid(machine.mapping(volume).status)) throw fail('verity-corrupt', { volume, block })
    const fault = faultOf(thrown)
    // Not wrong bytes but none: said with the volume's name.
    throw fault.code === 'device-read'
      ? fail(fault.code, { ...fault, device: `${volume} (${fault.device})` })
      : thrown
  }
}

/** verity_status: `V` until a block failed, then `C`; kernels since 6.15 add ` -` where there is no FEC. */
const isValid = (status: string): boolean => status === 'V' || status === 'V -'

/** What the kernel says must be what was asked, to the letter. */
const prove = (request: MappingRequest, mapping: Mapping): void => {
  const volume = request.name
  const unproven = (reason: string) => fail('verity-unproven', { volume, reason })
  if (mapping.target !== 'verity') throw unproven(`target ${mapping.target}`)
  if (mapping.access !== 'read-only') throw unproven('that it is writable')
  if (mapping.sectors !== request.sectors) throw unproven(`${mapping.sectors} sectors`)
  if (mapping.table !== request.table) throw unproven(`another table: ${mapping.table}`)
  // The kernel reads ahead: a block that nobody asked for has failed.
  if (/^C(?: -)?$/.test(mapping.status))
    throw fail('verity-corrupt', { volume, block: 'near those that were read' })
  if (!isValid(mapping.status)) throw unproven(`status ${mapping.status}`)
}

/** Device-mapper's own failures as ours. */
const opening = <T>(volume: string, use: () => T): T => {
  try {
    return use()
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('verity-open', { volume, reason: reasonOf(thrown) })
  }
}

export const openVerity: Definition<OpenVerity> = {
  print: (step) => {
    const { data, tree } = claims(step)
    return [
      `open-verity ${step.volume}`,
      `data=${printClaim(data)}`,
      `tree=${printClaim(tree)}`,
      `root-hash=${step.rootHash}`,
      `blocks=${step.blocks}`,
      `salt=${printSalt(step.salt)}`,
      `on-corruption=${step.onCorruption}`,
      `within=${step.timeout}s`,
    ].join(' ')
  },
  subject: (step) => step.volume,
  run: async (step, { machine }) => {
    const { volume, blocks, rootHash, salt } = step
    const { data, tree } = await findPartitions(machine, volume, claims(step), step.timeout)
    requireRoom(volume, data, blocks)
    requireRoom(volume, tree, BigInt(treeStart) + treeBlocks(blocks))

    const table = { data: data.dev, tree: tree.dev, blocks, rootHash, salt }
    const request = (onCorruption: OnCorruption): MappingRequest => ({
      name: volume,
      uuid: `CRYPT-VERITY-${rootHash.slice(0, 32)}-${volume}`,
      access: 'read-only',
      sectors: blocks * BigInt(blockSize / sectorSize),
      target: 'verity',
      table: printVerityTable({ ...table, onCorruption, onError: kernelAtLeast(machine.kernel(), 6, 12) }),
    })
    // Probed without the panic, so that a wrong disk ends in a line that says so; armed before anyone mounts it.
    const probe = request('fail')
    const probed = opening(volume, () => machine.openMapping(probe))
    verifyBlock(machine, volume, probed, 0n)
    verifyBlock(machine, volume, probed, blocks - 1n)
    prove(probe, machine.mapping(volume))

    const armed = request(step.onCorruption)
    prove(
      armed,
      opening(volume, () => machine.replaceTable(armed)),
    )
    const mapping = machine.mapping(volume)
    prove(armed, mapping)
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
