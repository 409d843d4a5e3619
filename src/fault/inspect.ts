// Failures of verbs that are given a file in a format that they do not read.

import { family } from './family.ts'

export const inspect = family({
  title: 'Files that are not what a verb reads',
  exit: 27,
  rows: {
    'format-convert': {
      cannot: (d: { path: string; name: string }) => `use ${d.path} as it is: it is ${d.name}`,
      advice: (d: { advice: string }) => d.advice,
    },
    'format-foreign': {
      cannot: (d: { path: string; name: string }) => `use ${d.path}: it is ${d.name}`,
      advice: (d: { advice: string }) => d.advice,
    },
  },
})
