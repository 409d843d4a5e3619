// Failures of the kernel command line: of its words, and of the file that holds it.

import { family, type Near, type Reason } from './family.ts'

export const cmdline = family({
  title: 'The kernel command line',
  exit: 10,
  rows: {
    'cmdline-unknown': {
      cannot: (d: { parameter: string }) =>
        `accept kernel parameter ${d.parameter}: cvmboot has none of that name`,
      advice: ({ near }: Near) =>
        `remove it or correct its spelling${near === undefined ? '' : `; did you mean ${near}?`}`,
    },
    'cmdline-duplicate': {
      cannot: (d: { parameter: string }) =>
        `accept kernel parameter ${d.parameter}: it is given more than once`,
      advice: 'give it once',
    },
    'cmdline-missing': {
      cannot: (d: { parameter: string }) => `boot without kernel parameter ${d.parameter}`,
      advice: 'add it as cvmboot setup prints it',
    },
    'cmdline-value': {
      cannot: (d: { parameter: string; value: string; expected: string }) =>
        `accept kernel parameter ${d.parameter}=${d.value}: expected ${d.expected}`,
    },
    'cmdline-conflict': {
      cannot: (d: { parameter: string; other: string }) =>
        `accept kernel parameters ${d.parameter} and ${d.other}: they differ`,
      advice: 'give one of them',
    },
    'cmdline-forbidden': {
      cannot: (d: { parameter: string } & Reason) => `accept kernel parameter ${d.parameter}: ${d.reason}`,
      advice: (d: { remedy: string }) => d.remedy,
    },
    'cmdline-too-long': {
      cannot: (d: { bytes: number; limit: number }) =>
        `use a kernel command line of ${d.bytes} bytes: the kernel silently cuts those of more than ${d.limit}`,
      advice: 'shorten what you add to it',
    },
    'cmdline-file': {
      cannot: (d: { file: string } & Reason) => `read the kernel command line in ${d.file}: ${d.reason}`,
      advice: 'name the file that cvmboot setup wrote',
    },
    'cmdline-text': {
      cannot: (d: { where: string; line: number; column: number } & Reason) =>
        `use ${d.where} as a kernel command line: line ${d.line}, column ${d.column}: ${d.reason}`,
      advice: (d: { remedy: string }) => d.remedy,
    },
  },
})
