// Failures of the verb `launch`, which prints how to start an image.

import { family, type Reason } from './family.ts'

export const launch = family({
  title: 'The launch of an image',
  exit: 39,
  rows: {
    'launch-choice': {
      cannot: (d: { option: string; found: string }) =>
        `choose one value for ${d.option}: the manifest has ${d.found}`,
      advice: (d: { option: string }) => `give ${d.option} with one of the values`,
    },
    'launch-not-predicted': {
      cannot: (d: { option: string; found: string; known: string }) =>
        `print a launch with ${d.option} ${d.found}: the manifest predicts ${d.known}`,
      advice: 'give a value of the manifest, or make a manifest with this value by cvmboot measure',
    },
    'launch-range': {
      cannot: (d: { option: string; found: string; expected: string }) =>
        `print a launch with ${d.option} ${d.found}: it takes ${d.expected}`,
      advice: 'correct the value',
    },
    'launch-path': {
      cannot: (d: { option: string }) =>
        `print the path of ${d.option}: the path is empty or has a control character, such as a line feed`,
      advice: 'rename the file',
    },
    'launch-tee': {
      cannot: (d: { option: string; tee: string } & Reason) =>
        `print a launch with ${d.option} for --tee ${d.tee}: ${d.reason}`,
      advice: 'leave the option out, or choose another --tee',
    },
    'launch-for': {
      cannot: (d: { program: string } & Reason) => `print this launch for ${d.program}: ${d.reason}`,
      advice: 'choose another --for, or change the launch',
    },
    'launch-incomplete': {
      cannot: (d: Reason) => `print this launch: ${d.reason}`,
      advice: 'give the option, or make the manifest again with all inputs by cvmboot measure',
    },
    'launch-recipe': {
      cannot: (d: { path: string } & Reason) => `read the launch in ${d.path}: ${d.reason}`,
      advice: 'give one QEMU command, or one domain of libvirt, as cvmboot launch prints them',
    },
    'launch-differs': {
      cannot: (d: { path: string; changes: string }) => `accept the launch in ${d.path}: ${d.changes}`,
      advice: 'undo the changes, or make a manifest for the changed launch by cvmboot measure',
    },
  },
})
