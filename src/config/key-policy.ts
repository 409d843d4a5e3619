// The keys of partition.conf that say where a volume's key comes from. Pure. They read the policy of the provider that KEY
// names; provider-keys.ts has the keys that belong to one provider.

import type { LastingPolicy } from '../keys/policy.ts'
import { type LastingProvider, providerOf } from '../keys/provider.ts'
import type { CryptName } from '../layout/layout.ts'
import type { Key } from './key.ts'
import type { Config } from './settings.ts'
import { either } from './values.ts'
import { isPlain } from './verdict.ts'

/** The keys KEY, BIND and BLANK of an encrypted volume. BIND and BLANK are refused where the key of the volume does not last. */
export const keyPolicy = (
  name: CryptName,
  key: string,
  also: (suffix: string) => string[],
  providers: readonly LastingProvider[],
): Key[] => {
  const lasting = ({ keys }: Pick<Config, 'keys'>): LastingPolicy | undefined => {
    const policy = keys[name]
    return policy.provider === 'ephemeral' ? undefined : policy
  }
  const onlyLasting = `; only with a ${key}_KEY that lasts`
  const words = providers.map(({ about, defaults }) => `${defaults.provider} (${about})`)
  const signed = providers.filter(({ bindings }) => bindings.includes('id-block'))
  return [
    {
      key: `${key}_KEY`,
      aliases: also('KEY'),
      expected: `ephemeral (new at each boot), or for a volume that is encrypted one that lasts: ${either(words)}`,
      read: (text, to) => {
        const provider = providers.find(({ defaults }) => defaults.provider === text)
        to.keys[name] = provider?.defaults ?? { provider: 'ephemeral' }
        const encrypted = !isPlain(name, to)
        return text === 'ephemeral' || (provider !== undefined && encrypted)
      },
      print: ({ keys }) => keys[name].provider,
    },
    {
      key: `${key}_BIND`,
      aliases: also('BIND'),
      expected: `measurement, or id-block with ${key}_KEY=${either(signed.map(({ defaults }) => defaults.provider))}${onlyLasting}${name === 'workspace' ? '; directories of the root that lie on workspace are WORKSPACE_DIRECTORIES' : ''}`,
      read: (text, to) => {
        const policy = lasting(to)
        if (policy === undefined) return false
        const binding = providerOf(providers, policy).bindings.find((one) => one === text)
        if (binding !== undefined) to.keys[name] = { ...policy, binding }
        return binding !== undefined
      },
      print: (config) => lasting(config)?.binding ?? '',
    },
    {
      key: `${key}_BLANK`,
      aliases: also('BLANK'),
      // cvmboot.provision changes the measurement, so the next boot could not derive a key that is bound to the measurement.
      expected: `format, or halt with ${key}_BIND=id-block or a grant${onlyLasting}`,
      read: (text, to) => {
        const policy = lasting(to)
        if (policy === undefined || (text !== 'format' && text !== 'halt')) return false
        to.keys[name] = { ...policy, blank: text }
        return text === 'format' || policy.binding !== 'measurement'
      },
      print: (config) => lasting(config)?.blank ?? '',
    },
  ]
}
