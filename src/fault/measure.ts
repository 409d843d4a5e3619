// Failures of the prediction of launch measurements.

import { family, type Reason } from './family.ts'

export const measure = family({
  title: 'The prediction of measurements',
  exit: 31,
  rows: {
    'measure-firmware': {
      cannot: (d: Reason) => `measure this firmware: ${d.reason}`,
      advice: 'give the file that the VM is started with',
    },
    'measure-cpu': {
      cannot: (d: { type: string; known: string }) =>
        `measure a processor of type ${d.type}: it is none of ${d.known}`,
    },
    'measure-range': {
      cannot: (d: { option: string; found: string; expected: string }) =>
        `measure with ${d.option} ${d.found}: it takes ${d.expected}`,
    },
    'measure-key': {
      cannot: (d: Reason) => `sign an ID block with this key: ${d.reason}`,
      advice: 'make one with openssl ecparam -name secp384r1 -genkey',
    },
  },
})
