// Failures of cvmboot setup: of its sources, and of the disk that it writes.

import { family, type Reason, type Volume } from './family.ts'

export const setup = family({
  title: 'cvmboot setup',
  exit: 20,
  rows: {
    'source-missing': {
      cannot: (d: Volume & { path: string } & Reason) => `use ${d.path} for ${d.volume}: ${d.reason}`,
    },
    'source-mount-point': {
      cannot: (d: Volume & { path: string; directory: string }) =>
        `use the image ${d.path} for ${d.volume}: it has no directory ${d.directory}, which the boot mounts on`,
      advice: 'make it in the image or pass a tree',
    },
    'source-too-large': {
      cannot: (d: Volume & { bytes: bigint; limit: bigint }) =>
        `fit ${d.volume}: its image has ${d.bytes} bytes, partition.conf allows ${d.limit}`,
      advice: 'raise its SIZE or make the tree smaller',
    },
    'target-busy': {
      cannot: (d: { target: string } & Reason) => `write ${d.target}: ${d.reason}`,
      advice: 'detach it first',
    },
    'target-too-small': {
      cannot: (d: { target: string; bytes: bigint; needed: bigint }) =>
        `fit the layout on ${d.target}: it has ${d.bytes} bytes, ${d.needed} are needed`,
      advice: 'give a larger one, or lower a SIZE in partition.conf',
    },
    'target-not-empty': {
      cannot: (d: { target: string; found: string }) => `overwrite ${d.target}: it holds ${d.found}`,
      advice: 'pass --force if it may be lost',
    },
    'target-write': {
      cannot: (d: { target: string } & Reason) => `write ${d.target}: ${d.reason}`,
    },
  },
})
