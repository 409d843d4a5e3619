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
    'esp-unusable': {
      cannot: (d: { disk: string } & Reason) => `use the EFI system partition of ${d.disk}: ${d.reason}`,
      advice: 'make the disk with cvmboot setup --esp SIZE, and fill it with cvmboot pack --uki --into',
    },
    'esp-full': {
      cannot: (d: { disk: string; needed: number; free: number }) =>
        `fit the image on the EFI system partition of ${d.disk}: the image needs ${d.needed} bytes, and ${d.free} are free beside the image that boots`,
      advice: 'make the disk with a larger --esp',
    },
    'esp-slot': {
      cannot: (d: { disk: string; slot: string } & Reason) =>
        `write slot ${d.slot} of ${d.disk}: ${d.reason}`,
    },
    'pack-uki': {
      cannot: (d: { tool: string } & Reason) =>
        `use the unified kernel image that ${d.tool} made: ${d.reason}`,
      advice: 'pass another --tool or --stub',
    },
  },
})
