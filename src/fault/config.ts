// Failures of partition.conf.

import { family, type Near, type Reason } from './family.ts'

type FileLine = { readonly file: string; readonly line: number }

export const config = family({
  title: 'partition.conf',
  exit: 11,
  rows: {
    'config-missing': {
      cannot: (d: { file: string } & Reason) => `read the configuration ${d.file}: ${d.reason}`,
    },
    'config-syntax': {
      cannot: (d: FileLine & Reason) => `read ${d.file}:${d.line}: ${d.reason}`,
      advice: (d: { remedy: string }) => d.remedy,
    },
    'config-unknown': {
      cannot: (d: FileLine & { key: string }) => `accept ${d.file}:${d.line}: there is no key ${d.key}`,
      advice: ({ near }: Near) =>
        `remove it or correct its spelling${near === undefined ? '' : `; did you mean ${near}?`}`,
    },
    'config-duplicate': {
      cannot: (d: FileLine & { key: string; first: number }) =>
        `accept ${d.file}:${d.line}: ${d.key} is already set in line ${d.first}`,
      advice: 'set it once',
    },
    'config-value': {
      cannot: (d: FileLine & { key: string; value: string; expected: string }) =>
        `accept ${d.file}:${d.line}: ${d.key}=${d.value}: expected ${d.expected}`,
    },
    'config-init': {
      cannot: (d: { init: string; instead: string }) =>
        `have ${d.init} as the init: dracut and initramfs-tools run ${d.instead}`,
      advice: 'take INIT out of partition.conf',
    },
  },
})
