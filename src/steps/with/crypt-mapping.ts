// dm-crypt with proof, shared by the steps that open encrypted volumes: the kernel has to show the table that the step asked
// for, and with `xts-hmac` also the table of dm-integrity below.

import { reasonOf } from '../../fault/errno.ts'
import { BootFault, fail } from '../../fault/index.ts'
import { cryptSectorSize, keyDescription, printCryptTable } from '../../layout/crypt.ts'
import type { Extent } from '../../layout/extent.ts'
import type { CryptName } from '../../layout/layout.ts'
import type { Luks2Profile } from '../../layout/luks2/luks2.ts'
import { sectorSize } from '../../layout/verity.ts'
import type { Machine, Mapping, MappingRequest, Partition } from '../../machine/machine.ts'
import { cryptDiffers } from '../../proof/crypt.ts'
import { integrityName } from '../../proof/integrity.ts'
import type { EvidenceOf } from '../../proof/state.ts'
import type { Secret } from '../../secret/secret.ts'
import { type Content, openIntegrity } from './integrity-mapping.ts'

const open = (machine: Machine, request: MappingRequest): void => {
  try {
    machine.openMapping(request)
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('crypt-open', { volume: request.name, reason: reasonOf(thrown) })
  }
}

type CryptRequest = {
  readonly volume: CryptName
  /** The end of the device-mapper UUID, after the word that names the kind of mapping. */
  readonly uuid: string
  readonly partition: Partition
  readonly extent: Extent
  readonly content: Content
}

export type CryptMapping = {
  readonly mapping: Mapping
  /** The mapping of dm-integrity below, with `xts-hmac`. */
  readonly integrity: Mapping | undefined
}

/**
 * Opens a volume under its name. The caller keeps the key, and zeroes it. Faults: `crypt-open`, `crypt-unproven`, and with
 * `xts-hmac` the faults of integrity-mapping.ts.
 */
export const openCrypt = (
  machine: Machine,
  { volume, uuid, partition, extent, content }: CryptRequest,
  key: Secret,
): CryptMapping => {
  const { profile, superblock, bytes } = extent
  const integrity =
    superblock &&
    openIntegrity(
      machine,
      volume,
      `CRYPT-SUBDEV-${integrityName(uuid)}`,
      partition,
      extent,
      superblock,
      content,
    )
  const description = keyDescription(volume)
  const sector = BigInt(sectorSize)
  const offset = integrity === undefined ? extent.offset / sector : 0n
  const data = integrity?.dev ?? partition.dev
  const sectors = bytes / sector
  const request: MappingRequest = {
    name: volume,
    uuid: `CRYPT-${uuid}`,
    access: 'read-write',
    sectors,
    target: 'crypt',
    table: printCryptTable({ profile, data, key: description, offset }),
  }
  machine.withKey(description, key, () => open(machine, request))
  const mapping = machine.mapping(volume)
  const reason = cryptDiffers({ volume, profile, offset, data, sectors }, mapping)
  if (reason !== undefined) throw fail('crypt-unproven', { volume, reason })
  return { mapping, integrity }
}

/** The cipher as the plan prints it. */
export const printCipher = (profile: Luks2Profile): string =>
  [
    'cipher=aes-xts-plain64',
    ...(profile === 'xts-hmac' ? ['integrity=hmac-sha256'] : []),
    `sector-size=${cryptSectorSize}`,
  ].join(' ')

/** The part of the evidence that describes the mappings. */
export const evidenceOf = ({
  mapping: { device, table },
  integrity,
}: CryptMapping): Pick<EvidenceOf<'open-ephemeral'>, 'integrity' | 'device' | 'table' | 'integrityTable'> =>
  integrity === undefined
    ? { integrity: 'none', device, table }
    : { integrity: 'hmac-sha256', device, table, integrityTable: integrity.table }
