// open-lasting: opens a volume whose key outlives the boot, sealed in a header on the disk. The measured plan says whether
// the boot may format a blank volume. Any other header that does not prove to be ours ends the boot.

import { hostData } from '../cmdline/params.ts'
import { BootFault, fail, isAboutHeader } from '../fault/index.ts'
import {
  type Lasting,
  type LastingVolume,
  type OpenedHeader,
  openLasting as openHeader,
  sealLasting,
} from '../keys/lasting.ts'
import type { LastingPolicy } from '../keys/policy.ts'
import { providerOf, type Tee } from '../keys/provider.ts'
import type { Extent } from '../layout/extent.ts'
import type { CryptName } from '../layout/layout.ts'
import { isBlank, type Luks2Profile, luks2Profiles } from '../layout/luks2/luks2.ts'
import { type OwnerKey, ownerKeyId } from '../layout/owner-key.ts'
import type { RootHash } from '../layout/verity.ts'
import type { Machine, Partition } from '../machine/machine.ts'
import type { EvidenceOf } from '../proof/state.ts'
import type { Secret } from '../secret/secret.ts'
import { makeExt4 } from './mount-ephemeral.ts'
import type { Definition } from './step.ts'
import { type CryptMapping, evidenceOf, openCrypt, printCipher } from './with/crypt-mapping.ts'
import { byName, findPartitions } from './with/find-partitions.ts'
import { dataExtent, finishHeader, readAreas, writeHeader } from './with/header-areas.ts'
import { siteOf } from './with/site.ts'

export type OpenLasting = {
  readonly kind: 'open-lasting'
  readonly volume: CryptName
  /** The policy of partition.conf, for the provider of the key. */
  readonly policy: LastingPolicy
  /** The provider's fields of the policy, in words for the plan. */
  readonly policyWords: readonly string[]
  readonly profile: Luks2Profile
  /**
   * The root hashes of this boot, where the key is bound to the measurement. `host-data` stands for the value of the site, on
   * which the key depends in both bindings.
   */
  readonly rootHashes: readonly (RootHash | typeof hostData)[]
  /** The key of the owner who also has a keyslot. */
  readonly owner: OwnerKey | undefined
  /** What the boot does with a blank volume. `provision`: formats a blank volume, and refuses one that is not blank. */
  readonly blank: 'format' | 'halt' | 'provision'
  /** Seconds to wait for the partition of the volume. */
  readonly timeout: number
}

/** The words about the names of verified volumes, on which a key depends too. */
const printNames = (names: OpenLasting['rootHashes']): string =>
  [
    names.some((name) => name !== hostData) ? ',root-hashes' : '',
    names.includes(hostData) ? ',site' : '',
  ].join('')

/** The machine and the volume that a step of this kind works on. */
type Bench = {
  readonly machine: Machine
  readonly tee: Tee
  readonly wanted: LastingVolume
  readonly partition: Partition
  readonly extent: Extent
}

const mapped = (
  { machine, wanted: { volume }, partition, extent }: Bench,
  uuid: string,
  key: Secret,
  content: 'kept' | 'new',
): CryptMapping => {
  const name = `LUKS2-${uuid.replaceAll('-', '')}-${volume}`
  return openCrypt(machine, { volume, uuid: name, partition, extent, content }, key)
}

/** The header in the spare area, if the header there is complete. Half a header counts for nothing, like other content. */
const openSpare = async ({ tee, wanted }: Bench, spare: Buffer): Promise<OpenedHeader | undefined> => {
  if (isBlank(spare)) return undefined
  try {
    return await openHeader(spare, wanted, tee)
  } catch (thrown) {
    if (thrown instanceof BootFault && isAboutHeader(thrown.fault)) return undefined
    throw thrown
  }
}

/**
 * Whether this boot made the file system. `resumed`: an earlier boot made the file system, and the first header lay in the
 * spare area, where a power cut leaves a header. A host can also copy the first header there, so such a volume may be old.
 */
type Provisioned = 'yes' | 'no' | 'resumed'

type FoundHeader = OpenedHeader & {
  /** The area in which the header that counts lay. */
  readonly from: 'own' | 'spare'
  readonly spare: Buffer
}

/** Opens the header that counts; undefined for a blank volume. Writes nothing. */
const openFound = async (bench: Bench): Promise<FoundHeader | undefined> => {
  const { own, spare } = readAreas(bench.machine, bench.partition.device)
  const whole = await openSpare(bench, spare)
  if (whole !== undefined) return { ...whole, from: 'spare', spare }
  if (isBlank(own)) return undefined
  return { ...(await openHeader(own, bench.wanted, bench.tee)), from: 'own', spare }
}

/** Each attempt has its own key and writes the header last: until the header is written, the volume still counts as blank. */
const provision = async (bench: Bench, key: Secret): Promise<{ header: Lasting; opened: CryptMapping }> => {
  const { machine, tee, wanted, partition } = bench
  const { area, ...header } = await sealLasting(key, wanted, tee, undefined)
  const opened = mapped(bench, header.uuid, key, 'new')
  await makeExt4(machine, wanted.volume, opened.mapping.device, 'lasting', wanted.profile)
  writeHeader(machine, partition.device, area)
  machine.log(5, `${wanted.volume} was blank: it is new, and empty`)
  return { header, opened }
}

/** Seals to this launch the key that an older launch sealed. */
const renew = async ({ machine, tee, wanted, partition }: Bench, before: OpenedHeader): Promise<Lasting> => {
  const { area, ...header } = await sealLasting(before.key, wanted, tee, before)
  writeHeader(machine, partition.device, area)
  return header
}

export const openLasting: Definition<OpenLasting> = {
  print: ({ volume, policy, policyWords, profile, rootHashes, owner, blank, timeout }) =>
    [
      `open-lasting ${volume} on PARTLABEL=${volume} key=${policy.provider}`,
      `bound-to=${policy.binding}${printNames(rootHashes)} blank=${blank}`,
      ...policyWords,
      ...(owner === undefined ? [] : [`owner=${ownerKeyId(owner)}`]),
      `${printCipher(profile)} within=${timeout}s`,
    ].join(' '),
  subject: ({ volume }) => volume,
  run: async (step, boot) => {
    const { machine, edition, storageKeys, released } = boot
    const { volume, policy, profile, owner, blank, timeout } = step
    const rootHashes = step.rootHashes.map((name) =>
      name === hostData ? `site:${siteOf(boot).value}` : name,
    )
    const { partition } = await findPartitions(machine, volume, { partition: byName(volume) }, timeout)
    const provider = providerOf(edition.providers, policy)
    const extent = dataExtent(volume, profile, partition)
    using _granted = released.get(volume)?.secret
    const bench: Bench = {
      machine,
      tee: { ...machine, released: (name) => released.get(name) },
      wanted: { volume, policy, provider, profile, dataBytes: extent.bytes, rootHashes, owner },
      partition,
      extent,
    }
    const evidence = (
      { generation, sealed, digest }: Lasting,
      opened: CryptMapping,
      said: { readonly provisioned: Provisioned; readonly renewed: 'yes' | 'no' },
    ): EvidenceOf<'open-lasting'> => {
      const { tcb = '-', srk } = provider.evidence(sealed)
      if (srk !== undefined) storageKeys.add(srk)
      return {
        kind: 'open-lasting',
        volume,
        protection: 'crypt',
        key: provider.name,
        binding: policy.binding,
        generation,
        tcb,
        srk: srk ?? '-',
        ...said,
        owner: owner === undefined ? 'none' : ownerKeyId(owner),
        header: digest,
        data: partition.device,
        ...evidenceOf(opened),
      }
    }

    const found = await openFound(bench)
    if (found === undefined) {
      if (blank === 'halt') throw fail('header-blank', { volume, reason: 'it is all zero' })
      using key = edition.ephemeral.create(volume, machine.random, luks2Profiles[profile].volumeKeyBytes)
      const { header, opened } = await provision(bench, key)
      return evidence(header, opened, { provisioned: 'yes', renewed: 'no' })
    }
    using _ = found.key
    // Before this launch may refuse the volume: a provisioning that lost power has to be completed in any case.
    if (found.from === 'spare') finishHeader(machine, partition.device, found.spare)
    if (blank === 'provision') throw fail('provision-exists', { volume })
    const resumed = found.from === 'spare' && found.generation === 1
    if (resumed)
      machine.log(5, `${volume} was made by an earlier boot: its first header lay in the spare area`)
    const opened = mapped(bench, found.uuid, found.key, 'kept')
    const header = found.age === 'older' ? await renew(bench, found) : found
    return evidence(header, opened, {
      provisioned: resumed ? 'resumed' : 'no',
      renewed: found.age === 'older' ? 'yes' : 'no',
    })
  },
}
