// dm-crypt with proof, shared by the steps that open encrypted volumes: the kernel shows the table that was asked for,
// and of dm-integrity below it, where there is one.

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

type Wanted = {
  readonly volume: CryptName
  /** The device-mapper UUID's end, after the word that says its kind. */
  readonly uuid: string
  readonly partition: Partition
  readonly extent: Extent
  readonly content: Content
}

export type Opened = {
  readonly mapping: Mapping
  /** Below it, with `xts-hmac`. */
  readonly integrity: Mapping | undefined
}

/**
 * Opens a volume under its name. Faults: `crypt-open`, `crypt-unproven`, and with `xts-hmac` those of
 * integrity-mapping.ts. The key stays the caller's.
 */
export const openCrypt = (
  machine: Machine,
  { volume, uuid, partition, extent, content }: Wanted,
  key: Secret,
): Opened => {
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

/** As a plan says it. */
export const printCipher = (profile: Luks2Profile): string =>
  [
    'cipher=aes-xts-plain64',
    ...(profile === 'xts-hmac' ? ['integrity=hmac-sha256'] : []),
    `sector-size=${cryptSectorSize}`,
  ].join(' ')

/** What the state says of it. */
export const evidenceOf = ({
  mapping: { device, table },
  integrity,
}: Opened): Pick<EvidenceOf<'open-ephemeral'>, 'integrity' | 'device' | 'table' | 'integrityTable'> =>
  integrity === undefined
    ? { integrity: 'none', device, table }
    : { integrity: 'hmac-sha256', device, table, integrityTable: integrity.table }
