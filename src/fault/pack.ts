// Failures of cvmboot pack, and of unified kernel images.

import { family, type Reason } from './family.ts'

export const pack = family({
  title: 'cvmboot pack',
  exit: 21,
  rows: {
    'uki-unusable': {
      cannot: (d: { path: string } & Reason) => `boot ${d.path}: ${d.reason}`,
      advice: 'make a unified kernel image with cvmboot pack --uki',
    },
    'pack-input': {
      cannot: (d: { path: string } & Reason) => `pack ${d.path}: ${d.reason}`,
    },
    'pack-write': {
      cannot: (d: { path: string } & Reason) => `write ${d.path}: ${d.reason}`,
    },
    'pack-uki': {
      cannot: (d: { tool: string } & Reason) =>
        `use the unified kernel image that ${d.tool} made: ${d.reason}`,
      advice: 'pass another --tool or --stub',
    },
  },
})
