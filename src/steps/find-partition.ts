// Waits for the one partition a volume needs. Late disks are normal; two claimants are not: the host could
// swap one for the other between two reads, so neither is taken.

import { fail } from '../fault.ts'
import type { Machine, Partition } from '../machine/machine.ts'

/** By PARTUUID where a root hash gives it, else by GPT name. Both are hints only. */
export type Claim = { readonly by: 'PARTUUID' | 'PARTLABEL'; readonly value: string }

export const printClaim = ({ by, value }: Claim): string => `${by}=${value}`

const pollMilliseconds = 50

/** Faults: `device-missing` after `seconds`, `device-duplicate`. */
export const findPartition = async (
  machine: Machine,
  volume: string,
  claim: Claim,
  seconds: number,
): Promise<Partition> => {
  const deadline = machine.now() + seconds * 1000
  for (let told = false; ; told = true) {
    const { partitions, seen } = machine.disks()
    const found = partitions.filter((p) => (claim.by === 'PARTUUID' ? p.uuid : p.name) === claim.value)
    const [first, ...others] = found
    const partition = printClaim(claim)
    if (others.length > 0)
      throw fail('device-duplicate', { volume, partition, devices: found.map((p) => p.device).join(' and ') })
    if (first !== undefined) return first
    if (machine.now() >= deadline)
      throw fail('device-missing', { volume, partition, seconds, seen: seen.join(', ') || 'no disk at all' })
    if (!told) machine.log(5, `waiting up to ${seconds} s for ${partition} of ${volume}`)
    await machine.sleep(pollMilliseconds)
    machine.loadDrivers()
  }
}
