// The keys of partition.conf that say where a volume's key comes from. Pure.

import type { CryptName, LastingKey } from '../layout/layout.ts'
import type { Key } from './key.ts'
import type { Config, Draft, KeyPolicy } from './settings.ts'

const lastingKeys: readonly LastingKey[] = ['snp', 'tpm2', 'snp+tpm2']

/** Of volumes that are encrypted. BIND and BLANK say nothing of a key that does not last, so they are then refused. */
export const keyPolicy = (name: CryptName, key: string, also: (suffix: string) => string[]): Key[] => {
  const set = (to: Draft, change: Partial<KeyPolicy>) => {
    to.keys[name] = { ...to.keys[name], ...change }
  }
  const lasts = ({ keys }: Pick<Config, 'keys'>) => keys[name].provider !== 'ephemeral'
  const onlyLasting = `; only with a ${key}_KEY that lasts`
  return [
    {
      key: `${key}_KEY`,
      aliases: also('KEY'),
      expected:
        'ephemeral (new at each boot), or for a volume that is encrypted one that lasts: snp (of the TEE), tpm2 (of a TPM inside it) or snp+tpm2 (of both)',
      read: (text, to) => {
        const lasting = lastingKeys.find((one) => one === text)
        set(to, { provider: lasting ?? 'ephemeral' })
        const encrypted = name !== 'job-store' || to.jobStore === 'crypt'
        return text === 'ephemeral' || (lasting !== undefined && encrypted)
      },
      print: ({ keys }) => keys[name].provider,
    },
    {
      key: `${key}_BIND`,
      aliases: also('BIND'),
      // An upgrade has other PCRs, so that what is sealed to them would not survive it either.
      expected: `measurement, or id-block with ${key}_KEY=snp${onlyLasting}${name === 'workspace' ? '; directories of the root that lie on workspace are WORKSPACE_DIRECTORIES' : ''}`,
      read: (text, to) => {
        set(to, { binding: text === 'id-block' ? 'id-block' : 'measurement' })
        const signed = text === 'id-block' && to.keys[name].provider === 'snp'
        return lasts(to) && (text === 'measurement' || signed)
      },
      print: (config) => (lasts(config) ? config.keys[name].binding : ''),
    },
    {
      key: `${key}_BLANK`,
      aliases: also('BLANK'),
      // The word that provisions changes the measurement, so a key bound to that would never be found again.
      expected: `format, or halt with ${key}_BIND=id-block${onlyLasting}`,
      read: (text, to) => {
        set(to, { blank: text === 'halt' ? 'halt' : 'format' })
        const provisionable = text === 'halt' && to.keys[name].binding === 'id-block'
        return lasts(to) && (text === 'format' || provisionable)
      },
      print: (config) => (lasts(config) ? config.keys[name].blank : ''),
    },
  ]
}
