// Failures of disks and of the partitions on them.

import { family, type Reason, type Volume } from './family.ts'

export const device = family({
  title: 'Disks and their partitions',
  exit: 14,
  advice: 'check the disk behind it',
  rows: {
    'device-missing': {
      cannot: (d: Volume & { partition: string; seconds: number; seen: string }) =>
        `find a partition for ${d.volume}: none with ${d.partition} within ${d.seconds} s; seen: ${d.seen}`,
      advice: 'attach the disk, or compare the root hash with roothashes.json',
    },
    'device-duplicate': {
      cannot: (d: Volume & { partition: string; devices: string }) =>
        `choose a partition for ${d.volume}: ${d.devices} all claim ${d.partition}`,
      advice: 'detach all disks but one',
    },
    'device-geometry': {
      cannot: (d: Volume & { device: string; bytes: bigint; needed: bigint }) =>
        `use ${d.device} for ${d.volume}: it has ${d.bytes} bytes, ${d.needed} are needed`,
      advice: 'write the disk again',
    },
    'device-foreign': {
      cannot: (d: Volume & { device: string }) =>
        `use ${d.device} for ${d.volume}: it is neither blank nor an ext4 file system`,
      advice: 'erase its first MiB if nothing on it is needed',
    },
    'device-read': {
      cannot: (d: { device: string } & Reason) => `read ${d.device}: ${d.reason}`,
    },
    'device-write': {
      cannot: (d: { device: string } & Reason) => `write ${d.device}: ${d.reason}`,
    },
  },
})
