// The keys of partition.conf that key providers bring along. Pure. A value holds for each volume whose key comes from such a
// provider. Where no volume has such a provider, the key is refused, because it would decide nothing.

import type { LastingPolicy } from '../keys/policy.ts'
import { type LastingProvider, providerOf, type Setting } from '../keys/provider.ts'
import { type CryptName, cryptNames } from '../layout/layout.ts'
import type { Key } from './key.ts'
import type { Config } from './settings.ts'
import { either } from './values.ts'

type VolumeSetting = {
  readonly name: CryptName
  readonly policy: LastingPolicy
  readonly setting: Setting<LastingPolicy>
}

const keyOf = (key: string, providers: readonly LastingProvider[]): Key => {
  const settingOf = (policy: LastingPolicy) =>
    providerOf(providers, policy).settings.find((setting) => setting.key === key)
  /** The volumes whose provider has this key. */
  const found = ({ keys }: Pick<Config, 'keys'>): VolumeSetting[] =>
    cryptNames.flatMap((name) => {
      const policy = keys[name]
      if (policy.provider === 'ephemeral') return []
      const setting = settingOf(policy)
      return setting === undefined ? [] : [{ name, policy, setting }]
    })
  const owners = providers.filter(({ settings }) => settings.some((setting) => setting.key === key))
  const expected = owners.flatMap(({ settings }) => settings).find((setting) => setting.key === key)?.expected
  return {
    key,
    aliases: [],
    expected: `${expected}; only with a KEY of ${either(owners.map(({ defaults }) => defaults.provider))}`,
    read: (text, to) => {
      const volumes = found(to)
      for (const { name, policy, setting } of volumes) {
        const changed = setting.read(text, policy)
        if (changed === undefined) return false
        to.keys[name] = changed
      }
      return volumes.length > 0
    },
    print: (config) => {
      const [first] = found(config)
      return first === undefined ? '' : first.setting.print(first.policy)
    },
  }
}

export const providerKeys = (providers: readonly LastingProvider[]): Key[] => {
  const names = new Set(providers.flatMap(({ settings }) => settings.map(({ key }) => key)))
  return [...names].map((key) => keyOf(key, providers))
}
