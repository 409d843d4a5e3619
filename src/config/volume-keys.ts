// The keys of partition.conf that each volume has. Pure.

import type { LastingProvider } from '../keys/provider.ts'
import type { CryptName, Volume } from '../layout/layout.ts'
import { constant, type Key } from './key.ts'
import { keyPolicy } from './key-policy.ts'
import { isMountPoint, parseSize, printSize } from './values.ts'
import { isPlain } from './verdict.ts'

const encryption = (volume: Volume): Omit<Key, 'key' | 'aliases'> => {
  if (volume.name === 'job-store')
    return {
      expected: 'required (the host cannot read it) or none (the host can)',
      read: (text, to) => {
        // With `optional` the scripts left the choice to an environment variable. cvmboot always takes it for `required`.
        to.jobStore = text === 'none' ? 'none' : 'crypt'
        return ['none', 'required', 'optional'].includes(text)
      },
      print: (config) => (config.jobStore === 'none' ? 'none' : 'required'),
    }
  const needed = volume.protection === 'crypt' ? ['required', 'optional'] : ['none']
  return { expected: needed[0] ?? '', read: (text) => needed.includes(text), print: () => '' }
}

const integrity = (name: CryptName): Omit<Key, 'key' | 'aliases'> => ({
  expected: 'none, or hmac-sha256 (a read notices a change by the host), for a volume that is encrypted',
  read: (text, to) => {
    to.profile[name] = text === 'hmac-sha256' ? 'xts-hmac' : 'xts'
    const encrypted = !isPlain(name, to)
    return text === 'none' || (text === 'hmac-sha256' && encrypted)
  },
  print: (config) => (config.profile[name] === 'xts-hmac' ? 'hmac-sha256' : 'none'),
})

export const volumeKeys = (volume: Volume, providers: readonly LastingProvider[]): Key[] => {
  const { name, key } = volume
  const also = (suffix: string) => volume.aliases.map((alias) => `${alias}_${suffix}`)
  return [
    {
      key: `${key}_SIZE`,
      aliases: also('SIZE'),
      expected: 'a whole number of MiB as 512M, 20G or 1T',
      read: (text, to) => {
        const bytes = parseSize(text)
        if (bytes !== undefined) to.size[name] = bytes
        return bytes !== undefined
      },
      print: (config) => printSize(config.size[name]),
    },
    constant(`${key}_TYPE`, volume.protection, also('TYPE')),
    {
      key: `${key}_MOUNT`,
      aliases: also('MOUNT'),
      expected: name === 'root-fs' ? '/' : 'an absolute path outside /proc, /sys, /dev and /run, without ..',
      read: (text, to) => {
        to.mount[name] = text
        return name === 'root-fs' ? text === '/' : isMountPoint(text)
      },
      print: (config) => config.mount[name],
    },
    { key: `${key}_ENCRYPTION`, aliases: also('ENCRYPTION'), ...encryption(volume) },
    ...(volume.protection === 'crypt'
      ? [
          { key: `${key}_INTEGRITY`, aliases: also('INTEGRITY'), ...integrity(volume.name) },
          ...keyPolicy(volume.name, key, also, providers),
        ]
      : []),
  ]
}
