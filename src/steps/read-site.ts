// read-site: asks the TEE for the value of the site, and takes the site record whose digest is the value. The plan, and so the
// launch measurement, is the same for all sites. The host chooses the value, so the value authenticates nothing by itself.

import { BootFault, fail } from '../fault/index.ts'
import type { siteVolume } from '../layout/layout.ts'
import { parseSiteBlock, type SiteRecord, siteBytes, sitePartition, siteValue } from '../layout/site.ts'
import { printSalt } from '../layout/verity.ts'
import type { HostData, Machine, Partition } from '../machine/machine.ts'
import { evidenceOf } from '../proof/state.ts'
import type { Definition } from './step.ts'
import { byName, pollMilliseconds, printHint } from './with/find-partitions.ts'

export type ReadSite = {
  readonly kind: 'read-site'
  readonly volume: typeof siteVolume
  /** Seconds to wait for the partition of the record. */
  readonly timeout: number
}

/** Faults: `site-none`, `site-zero`, and the faults of the TEE. */
const wantedOf = (machine: Machine): HostData => {
  const found = machine.hostData()
  if (found === undefined) throw fail('site-none', {})
  if (/^0*$/.test(found.value)) throw fail('site-zero', { field: found.field })
  return found
}

/** The record in a partition, or the reason why there is none of this value. */
const recordIn = (
  machine: Machine,
  { device, bytes }: Partition,
  { field, value }: HostData,
): SiteRecord | string => {
  if (bytes < BigInt(siteBytes)) return `${device} has ${bytes} bytes`
  let block: Buffer
  try {
    block = machine.read(device, 0n, siteBytes)
  } catch (thrown) {
    if (thrown instanceof BootFault && thrown.fault.code === 'device-read')
      return `${device} cannot be read: ${thrown.fault.reason}`
    throw thrown
  }
  const record = parseSiteBlock(block)
  if (record === undefined) return `${device} has no site record of version 1`
  const digest = siteValue(record, field)
  return digest === value ? record : `the record on ${device} has the digest ${digest}`
}

/** More partitions of that name than any disk needs: each is read at each look. */
const mostCandidates = 16

type Found = { readonly record: SiteRecord; readonly device: string }

/** Looks at all partitions of the name, since the host chooses names. Faults: `site-missing`, `site-record` after `seconds`. */
const findRecord = async (machine: Machine, wanted: HostData, seconds: number): Promise<Found> => {
  const deadline = machine.now() + seconds * 1000
  for (let told = false; ; told = true) {
    const { partitions, seen } = machine.disks()
    const candidates = partitions.filter(({ name }) => name === sitePartition)
    if (candidates.length > mostCandidates)
      throw fail('site-record', {
        ...wanted,
        reason: `${candidates.length} partitions are named ${sitePartition}, of which at most ${mostCandidates} are read`,
      })
    const reasons: string[] = []
    for (const candidate of candidates) {
      const record = recordIn(machine, candidate, wanted)
      if (typeof record !== 'string') return { record, device: candidate.device }
      reasons.push(record)
    }
    if (machine.now() >= deadline) {
      if (reasons.length > 0) throw fail('site-record', { ...wanted, reason: reasons.join(', and ') })
      throw fail('site-missing', {
        partition: sitePartition,
        seconds,
        seen: seen.join(', ') || 'no disk at all',
      })
    }
    if (!told) machine.log(5, `waiting up to ${seconds} s for the site record of ${wanted.field}`)
    await machine.sleep(pollMilliseconds)
    machine.loadDrivers()
  }
}

export const readSite: Definition<ReadSite> = {
  print: ({ volume, timeout }) =>
    `read-site ${volume} on ${printHint(byName(sitePartition))} by HOSTDATA or MRCONFIGID within=${timeout}s`,
  subject: ({ volume }) => volume,
  run: async ({ volume, timeout }, boot) => {
    const { machine } = boot
    const wanted = wantedOf(machine)
    const { record, device } = await findRecord(machine, wanted, timeout)
    const other = evidenceOf({ steps: boot.done }, 'open-verity').find(
      ({ rootHash }) => rootHash === record.rootHash,
    )
    // Two volumes with one root hash would claim the same partitions.
    if (other !== undefined)
      throw fail('site-record', { ...wanted, reason: `its root hash is the one of ${other.volume}` })
    boot.site = { value: wanted.value, record }
    return {
      kind: 'read-site',
      volume,
      field: wanted.field,
      value: wanted.value,
      data: device,
      rootHash: record.rootHash,
      blocks: `${record.blocks}`,
      salt: printSalt(record.salt),
    }
  },
}
