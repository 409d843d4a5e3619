// The verb `config`, a family of four verbs: their options and words.

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
  text: ['Prints the whole configuration: each key with its value, from the file or by default.'],
  options: {},
  words: { file: { ...file, need: { otherwise: 'the built-in configuration' } } },
  run: async ({ file }, { providers }) => {
    const { showConfig } = await import('../runtime/config.ts')
    showConfig(file, providers)
  },
})

const diff = verb({
  about: 'print the keys in which two files differ',
  text: [
    'Prints the keys whose values differ between the first file and the second. With one file, prints the keys whose values differ between the built-in configuration and this file.',
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
  run: async ({ first, second }, { providers }) => {
    const { diffConfigs } = await import('../runtime/config.ts')
    diffConfigs(first, second, providers)
  },
})

const migrate = verb({
  about: 'turn a file for the shell scripts into a partition.conf',
  text: [
    'Reads a configuration that was written for the shell scripts, and prints the partition.conf with the same meaning. Prints each change with its reason on standard error.',
  ],
  options: {
    'os-config': {
      kind: 'directory',
      value: 'TREE',
      need: 'optional',
      help: 'The directory that becomes os-config. CONFIG_OVER_ETC then lists the files of the etc in this directory. Standard error names the files that run code or decide who can log in, as far as cvmboot knows, and the files that no list may contain.',
    },
  },
  words: { file: { ...file, help: 'A configuration for the shell scripts.' } },
  run: async (given, { providers }) => {
    const { migrateFile } = await import('../runtime/config.ts')
    await migrateFile(given.file, given['os-config'], providers)
  },
})

const example = verb({
  about: 'print a commented partition.conf to begin with',
  text: [
    'Prints a partition.conf that has every key, with its default and with the values that the key takes.',
  ],
  options: {},
  words: {},
  run: async (_, { providers }) => {
    const { printExample } = await import('../config/example.ts')
    process.stdout.write(printExample(providers))
  },
})

export const config: Family = {
  kind: 'family',
  about: 'show, compare and migrate partition.conf',
  text: ['Reads partition.conf, and changes nothing.'],
  verbs: { show, diff, migrate, example },
}
