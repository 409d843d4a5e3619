// Failures of the site's volume, which the launch names by the digest of its record.

import { family, type Reason } from './family.ts'

export const site = family({
  title: 'The volume of the site',
  exit: 38,
  rows: {
    'site-none': {
      cannot: () =>
        'learn which site this VM is of: the command line says cvmboot.roothash.os-config=host-data, and this machine has no device that reports HOSTDATA or MRCONFIGID',
      advice:
        'boot a kernel with the driver of the TEE in a confidential VM, or name os-config by its root hash on the command line',
    },
    'site-zero': {
      cannot: (d: { field: string }) => `learn which site this VM is of: ${d.field} is all zero`,
      advice: 'launch the VM with the value that cvmboot setup --site prints',
    },
    'site-missing': {
      cannot: (d: { partition: string; seconds: number; seen: string }) =>
        `read the site record: no partition PARTLABEL=${d.partition} within ${d.seconds} s; there is ${d.seen}`,
      advice: "attach the site's disk, which cvmboot setup --site makes",
    },
    'site-record': {
      cannot: (d: { field: string; value: string } & Reason) =>
        `take a site record: ${d.field} is ${d.value}, and ${d.reason}`,
      advice:
        'launch the VM with the value that cvmboot setup --site printed for this disk, or attach the disk of that value',
    },
  },
})
