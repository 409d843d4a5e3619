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
      cannot: (d: { type: string; known: string; nearest: string }) =>
        `measure a processor of type ${d.type}: it is none of ${d.known}${d.nearest}`,
    },
    'measure-range': {
      cannot: (d: { option: string; found: string; expected: string }) =>
        `measure with ${d.option} ${d.found}: it takes ${d.expected}`,
    },
    'measure-key': {
      cannot: (d: Reason) => `sign an ID block with this key: ${d.reason}`,
      advice: 'make one with openssl ecparam -name secp384r1 -genkey',
    },
    'measure-input': {
      cannot: (d: { path: string } & Reason) => `read ${d.path}: ${d.reason}`,
      advice: 'name a regular file that can be read',
    },
    'measure-output': {
      cannot: (d: { path: string } & Reason) => `write ${d.path}: ${d.reason}`,
      advice: 'name a file in a directory that can be written',
    },
    'measure-uki': {
      cannot: (d: Reason) => `measure this unified kernel image: ${d.reason}`,
      advice: 'give an image that cvmboot pack --uki or ukify made',
    },
    'measure-event-log': {
      cannot: (d: Reason) => `replay this event log: ${d.reason}`,
      advice: 'give binary_bios_measurements of Linux, or the data of the CCEL table',
    },
    'measure-manifest': {
      cannot: (d: { path: string } & Reason) => `read the manifest ${d.path}: ${d.reason}`,
      advice: 'give a file that cvmboot measure wrote',
    },
    'measure-version': {
      cannot: (d: { path: string; found: number; known: number }) =>
        `read the manifest ${d.path}: it has version ${d.found}, and this cvmboot knows version ${d.known}`,
      advice: 'take the cvmboot that wrote it, or a newer one',
    },
    'measure-differs': {
      cannot: (d: { path: string; differences: string }) =>
        `confirm the manifest ${d.path}: ${d.differences}`,
      advice: 'give the files that the manifest was made of, or make it anew',
    },
  },
})
