// The partition.conf with comments that is shipped. Pure. It has every key once: with the default, or in a comment with a sample
// where there is no default. examples/partition.conf is this text; a test compares.

import type { LastingProvider } from '../keys/provider.ts'
import { lastingProviders } from '../keys/providers.ts'
import { volumes } from '../layout/layout.ts'
import type { Key } from './key.ts'
import { configKeysOf } from './keys.ts'
import { defaultConfig } from './settings.ts'

/** The samples for keys without a default. Empty: only the writer of the file can know the value. */
const samples: Readonly<Record<string, string>> = {
  ROOT_MOUNT: '/mnt/nvflare',
  DEVICE: '/dev/vdb',
  BIND: 'measurement',
  BLANK: 'format',
  JOBSTORE_OWNER: '',
  SWAP_ENABLED: 'false',
  CMDLINE_WORDS: 'nosmt printk.devkmsg=on',
  MIN_DISK: '',
  MIN_MEMORY: '',
  HARDEN_USERS_BUT: 'kernel.io_uring_disabled kernel.perf_event_paranoid',
  GENERATORS: 'lvm2-activation-generator',
  HOST_AGENTS: 'qemu-guest-agent.service',
  MODULES: 'overlay nf_tables veth',
  WORKSPACE_DIRECTORIES: '/var/lib/containers',
  PORTS: '',
  PORT_RANGES: '',
}

const suffixOf = (key: string): string => key.slice(key.lastIndexOf('_') + 1)

/** The sample of a key. `expected` begins with the value where the key only confirms a constant. */
const sampleOf = ({ key, expected }: Key, providers: readonly LastingProvider[]): string => {
  const setting = providers.flatMap(({ settings }) => settings).find((one) => one.key === key)
  return setting?.sample ?? samples[key] ?? samples[suffixOf(key)] ?? expected.split(' ')[0] ?? ''
}

const about = {
  verity: 'verified by dm-verity, read-only. SIZE is the most that its image may take.',
  crypt: 'encrypted. SIZE is the size of its partition.',
  tmpfs: 'in encrypted memory. SIZE is the most that its files may take.',
} as const

type Section = { readonly title: string; readonly has: (key: string) => boolean }

const sections: readonly Section[] = [
  { title: 'Where things are', has: (key) => ['ROOT_MOUNT', 'DEVICE'].includes(key) },
  ...volumes.map(({ name, key: prefix, protection }) => ({
    title: `${name}: ${about[protection]}`,
    has: (key: string) => key.startsWith(`${prefix}_`) && key !== 'JOBSTORE_OWNER',
  })),
  { title: 'A TPM, where a KEY has one', has: (key) => key.startsWith('TPM_') },
  { title: 'Who besides the VM opens the job-store', has: (key) => key === 'JOBSTORE_OWNER' },
  { title: 'dm-crypt and dm-verity', has: (key) => /^(?:CRYPT|VERITY)_/.test(key) },
  { title: 'The TEE', has: (key) => key.startsWith('TEE_') },
  { title: 'Keys from an owner', has: (key) => key.startsWith('RELEASE_') },
  {
    title: 'The system',
    has: (key) =>
      /^(?:SWAP_ENABLED|OVERLAYS?(?:_SIZE)?|MACHINE_ID|WORKSPACE_DIRECTORIES|MODULES|INIT|CMDLINE_WORDS)$/.test(
        key,
      ),
  },
  {
    title: 'What the running system may not do',
    has: (key) =>
      /^(?:LOCKDOWN|PTRACE_SCOPE|MODULES_AFTER_BOOT|HARDEN_USERS_BUT|GENERATORS|HOST_AGENTS)$/.test(key),
  },
  { title: 'What cvmboot check asks for', has: (key) => key.startsWith('MIN_') },
  { title: 'Read and left to others', has: (key) => key.startsWith('PORT') },
  { title: 'Other key providers', has: () => true },
]

const columns = 100

/** The lines of a comment. `indent` stands before each line but the first. */
const comment = (text: string, indent: string): string => {
  const lines = ['#']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`# ${indent}${word}`)
  }
  return `${lines.join('\n')}\n`
}

const assignment = (key: string, value: string): string =>
  value.includes(' ') ? `${key}="${value}"\n` : `${key}=${value}\n`

const entry = (key: Key, providers: readonly LastingProvider[]): string => {
  const value = key.print(defaultConfig)
  const also = key.aliases.length === 0 ? '' : `; also read as ${key.aliases.join(', ')}`
  const line = assignment(key.key, value === '' ? sampleOf(key, providers) : value)
  return `
${comment(`Takes ${key.expected}${also}`, '  ')}${value === '' ? '#' : ''}${line}`
}

/** The whole text, which `parseConfig` reads as the defaults. A key belongs to the first section that has it. */
export const printExample = (providers: readonly LastingProvider[] = lastingProviders): string => {
  const left = [...configKeysOf(providers)]
  const parts = sections.map(({ title, has }) => {
    const own = left.filter(({ key }) => has(key))
    for (const key of own) left.splice(left.indexOf(key), 1)
    if (own.length === 0) return ''
    return `\n\n## ${title}\n${own.map((key) => entry(key, providers)).join('')}`
  })
  const head = [
    'partition.conf of cvmboot: every key with its default. A key whose line is commented out has no default, or',
    'confirms a constant. An empty file means the same. A line has one assignment, and nothing is expanded. cvmboot',
    'pack puts the file into the initramfs, so that the file is measured.',
  ]
  return `${comment(head.join(' '), '')}${parts.join('')}`
}
