// The commented partition.conf that is shipped: every key once, with its default or, commented out, what it may be.
// Pure. examples/partition.conf is its output; a test compares.

import { lastingProviders } from '../keys/providers.ts'
import { volumes } from '../layout/layout.ts'
import type { Key } from './key.ts'
import { configKeys } from './keys.ts'
import { defaultConfig } from './settings.ts'

/** What stands in a comment for a key that has no default. Empty: only whoever writes the file can know. */
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
  ...Object.fromEntries(
    lastingProviders.flatMap(({ settings }) => settings.map(({ key, sample }) => [key, sample])),
  ),
}

const suffixOf = (key: string): string => key.slice(key.lastIndexOf('_') + 1)

/** A key that only confirms a constant says it first. */
const sampleOf = ({ key, expected }: Key): string =>
  samples[key] ?? samples[suffixOf(key)] ?? expected.split(' ')[0] ?? ''

const about = {
  verity: 'verified by dm-verity, read-only. SIZE is the most that its image may take.',
  crypt: 'encrypted. SIZE is that of its partition.',
  tmpfs: 'in encrypted memory. SIZE is the most it may take.',
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
]

const columns = 100

/** Lines of a comment; those after the first are set in by `indent`. */
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

const entry = (key: Key): string => {
  const value = key.print(defaultConfig)
  const also = key.aliases.length === 0 ? '' : `; also read as ${key.aliases.join(', ')}`
  const line = assignment(key.key, value === '' ? sampleOf(key) : value)
  return `
${comment(`Takes ${key.expected}${also}`, '  ')}${value === '' ? '#' : ''}${line}`
}

/** All of it, which `parseConfig` reads as the defaults. A key belongs to the first section that has it. */
export const printExample = (): string => {
  const left = [...configKeys]
  const parts = sections.map(({ title, has }) => {
    const own = left.filter(({ key }) => has(key))
    for (const key of own) left.splice(left.indexOf(key), 1)
    return `\n\n## ${title}\n${own.map(entry).join('')}`
  })
  const head = [
    'partition.conf of cvmboot: every key with its default. A line that is commented out has none, or confirms what',
    'is a constant. An empty file says the same. One assignment a line; nothing is expanded. cvmboot pack bakes it',
    'into the initramfs, so that it is measured.',
  ]
  return `${comment(head.join(' '), '')}${parts.join('')}`
}
