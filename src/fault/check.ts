// Findings of cvmboot check, and failures of verbs that need the state of a boot.

import { family, type Reason, type Volume } from './family.ts'

export const check = family({
  title: 'cvmboot check and cvmboot status',
  exit: 27,
  rows: {
    'state-read': {
      cannot: (d: { path: string } & Reason) => `read ${d.path}: ${d.reason}`,
      advice: (d: { also: string }) => `run this, as root, in a VM that cvmboot booted${d.also}`,
    },
    'kernel-old': {
      cannot: (d: { found: string }) => `boot with Linux ${d.found}: 6.1 or later is needed`,
      advice: 'boot a newer kernel',
    },
    'kernel-feature': {
      cannot: (d: { feature: string }) => `boot with a kernel without ${d.feature}`,
      advice: (d: { option: string }) => `boot one with ${d.option}`,
    },
    'memory-small': {
      cannot: (d: { found: string; needed: string; purpose: string }) =>
        `do with ${d.found} of memory: ${d.needed} are needed for ${d.purpose}`,
      advice: (d: { keys: string }) => `give the VM more, or lower ${d.keys}`,
    },
    'disk-missing': {
      cannot: (d: { disk: string }) => `find ${d.disk}: there is no such disk, or it is empty`,
      advice: 'attach it, or name it with --disk',
    },
    'disk-small': {
      cannot: (d: { device: string; found: string; needed: string; purpose: string }) =>
        `do with ${d.found} on ${d.device}: ${d.needed} are needed for ${d.purpose}`,
      advice: (d: { keys: string }) => `attach a larger disk, or lower ${d.keys}`,
    },
    'mount-point-busy': {
      cannot: (d: Volume & { target: string; found: string }) =>
        `mount ${d.volume} on ${d.target}: ${d.found} is mounted there already`,
      advice: 'unmount it, or set another path in partition.conf',
    },
  },
})
