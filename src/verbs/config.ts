// The verb `config`, which consists of four: their options and words.

import type { Option } from './table/option.ts'
import { type Family, verb } from './table/verb.ts'

const file = {
  kind: 'file',
  value: 'FILE',
  need: 'required',
  help: 'A partition.conf.',
} as const satisfies Option

const show = verb({
  about: 'print each key with its value',
  text: ['Prints the whole configuration: each key with the value that holds, defaults included.'],
  options: {},
  words: { file: { ...file, need: { otherwise: 'the built-in configuration' } } },
  run: async ({ file }) => {
    const { showConfig } = await import('../runtime/config.ts')
    showConfig(file)
  },
})

const diff = verb({
  about: 'print the keys in which two files differ',
  text: [
    'Prints the keys that the second file decides otherwise than the first. With one file, prints the keys that this file decides otherwise than the built-in configuration.',
  ],
  options: {},
  words: {
    first: file,
    second: {
      ...file,
      value: 'OTHER',
      need: 'optional',
      help: 'The partition.conf to compare with the first.',
    },
  },
  run: async ({ first, second }) => {
    const { diffConfigs } = await import('../runtime/config.ts')
    diffConfigs(first, second)
  },
})

const migrate = verb({
  about: 'turn a file for the shell scripts into a partition.conf',
  text: [
    'Reads a configuration that was written for the shell scripts, and prints the whole configuration that it amounts to. Prints on standard error what changed, and why.',
  ],
  options: {
    'os-config': {
      kind: 'directory',
      value: 'TREE',
      need: 'optional',
      help: 'The directory that becomes os-config. CONFIG_OVER_ETC then names the files in its etc. Standard error says which of these files run code or decide who gets in, as far as cvmboot knows, and which of them no list lets in.',
    },
  },
  words: { file: { ...file, help: 'A configuration for the shell scripts.' } },
  run: async (given) => {
    const { migrateFile } = await import('../runtime/config.ts')
    await migrateFile(given.file, given['os-config'])
  },
})

const example = verb({
  about: 'print a commented partition.conf to begin with',
  text: ['Prints a partition.conf that has every key, with its default and with what it takes.'],
  options: {},
  words: {},
  run: async () => {
    const { printExample } = await import('../config/example.ts')
    process.stdout.write(printExample())
  },
})

export const config: Family = {
  kind: 'family',
  about: 'show, compare and migrate partition.conf',
  text: ['Reads partition.conf, and changes nothing.'],
  verbs: { show, diff, migrate, example },
}
