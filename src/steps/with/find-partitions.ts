// Waits for the partitions that a volume needs. Late disks are normal. Two partitions that answer to one claim are not: the
// host could swap one for the other between two reads, so the boot takes neither.

import { fail } from '../../fault/index.ts'
import type { Machine, Partition } from '../../machine/machine.ts'
import { printUndriven } from '../../system/controllers.ts'

/** By PARTUUID where a root hash gives the PARTUUID, else by the name in the GPT. Both are hints only. */
export type PartitionHint = { readonly by: 'PARTUUID' | 'PARTLABEL'; readonly value: string }

export const printHint = ({ by, value }: PartitionHint): string => `${by}=${value}`

/** A writable volume has no root hash. Its partition carries the name of the volume in the GPT. */
export const byName = (volume: string): PartitionHint => ({ by: 'PARTLABEL', value: volume })

export const pollMilliseconds = 50

/** Looks for all claims together, one partition for each claim. Faults: `device-missing` after `seconds`, `device-duplicate`. */
export const findPartitions = async <C extends Record<string, PartitionHint>>(
  machine: Machine,
  volume: string,
  claims: C,
  seconds: number,
): Promise<{ [K in keyof C]: Partition }> => {
  const deadline = machine.now() + seconds * 1000
  for (let told = false; ; told = true) {
    const { partitions, seen } = machine.disks()
    const found = Object.entries(claims).map(
      ([key, claim]) => [key, claim, theOne(partitions, volume, claim)] as const,
    )
    const missing = found.find(([, , partition]) => partition === undefined)
    if (missing === undefined)
      return Object.fromEntries(found.map(([key, , partition]) => [key, partition])) as never
    const partition = printHint(missing[1])
    if (machine.now() >= deadline)
      throw fail('device-missing', {
        volume,
        partition,
        seconds,
        seen: `${seen.join(', ') || 'no disk at all'}${printUndriven(machine.undriven())}`,
      })
    if (!told) machine.log(5, `waiting up to ${seconds} s for ${partition} of ${volume}`)
    await machine.sleep(pollMilliseconds)
    machine.loadDrivers()
  }
}

/** The partition that a claim names; undefined where there is none yet. Fault: `device-duplicate`. */
const theOne = (
  partitions: readonly Partition[],
  volume: string,
  claim: PartitionHint,
): Partition | undefined => {
  const found = partitions.filter((p) => (claim.by === 'PARTUUID' ? p.uuid : p.name) === claim.value)
  if (found.length > 1) {
    const devices = found.map((p) => p.device).join(' and ')
    throw fail('device-duplicate', { volume, partition: printHint(claim), devices })
  }
  return found[0]
}
