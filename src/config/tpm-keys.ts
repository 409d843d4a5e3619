// The keys of partition.conf about a TPM. Pure. Where no volume has one, they say nothing, and are refused.

import { type CryptName, cryptNames, usesTpm } from '../layout/layout.ts'
import { fencePcr, highestPcr, mostPcrs, srkName } from '../system/tpm.ts'
import type { Key } from './key.ts'
import type { Config } from './settings.ts'

type Chosen = Pick<Config, 'keys' | 'tpm'>

const hasTpm = ({ keys }: Chosen): boolean => cryptNames.some((name) => usesTpm(keys[name].provider))
const onlyTpm = '; only with a KEY of tpm2 or snp+tpm2'

/**
 * A TPM that the host runs sees each secret it seals. Beside the TEE's key that does no harm; alone it counts only
 * where the measured configuration says that the TPM is part of the TEE.
 */
export const trustedAlone = (name: CryptName, { keys, tpm }: Chosen): boolean =>
  keys[name].provider !== 'tpm2' || tpm.trust === 'inside'

export const parsePcrs = (text: string): number[] | undefined => {
  const pcrs = text.split(' ').map((word) => (/^(?:0|[1-9][0-9]?)$/.test(word) ? Number(word) : Number.NaN))
  const rising = pcrs.every((pcr, i) => pcr <= highestPcr && pcr > (pcrs[i - 1] ?? -1))
  return rising && pcrs.length <= mostPcrs && pcrs.includes(fencePcr) ? pcrs : undefined
}

export const tpmKeys: readonly Key[] = [
  {
    key: 'TPM_TRUST',
    aliases: [],
    expected: `inside (the TPM is part of the TEE) or outside (the host runs it)${onlyTpm}`,
    read: (text, to) => {
      to.tpm = { ...to.tpm, trust: text === 'inside' ? 'inside' : 'outside' }
      return hasTpm(to) && (text === 'inside' || text === 'outside')
    },
    print: (config) => (hasTpm(config) ? config.tpm.trust : ''),
  },
  {
    key: 'TPM_PCRS',
    aliases: [],
    expected: `1 to ${mostPcrs} numbers from 0 to ${highestPcr}, rising, with a space between, ${fencePcr} among them${onlyTpm}`,
    read: (text, to) => {
      const pcrs = parsePcrs(text)
      if (pcrs !== undefined) to.tpm = { ...to.tpm, pcrs }
      return hasTpm(to) && pcrs !== undefined
    },
    print: (config) => (hasTpm(config) ? config.tpm.pcrs.join(' ') : ''),
  },
  {
    key: 'TPM_SRK',
    aliases: [],
    expected: `the Name of the TPM's storage key: 000b and 64 lower-case hexadecimal digits${onlyTpm}`,
    read: (text, to) => {
      to.tpm = { ...to.tpm, srk: text }
      return hasTpm(to) && srkName.test(text)
    },
    print: (config) => (hasTpm(config) ? (config.tpm.srk ?? '') : ''),
  },
]
