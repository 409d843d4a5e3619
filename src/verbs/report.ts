// The verb `report`: its options and words.

import { statePath } from '../proof/state.ts'
import { verb } from './table/verb.ts'

export const report = verb({
  about: 'draw how this machine booted, and why it can be trusted',
  text: [
    'Draws the time of each part of the boot, and the chain of trust from the measured launch to each mount. Prints the picture as SVG, which any browser shows. Changes nothing.',
  ],
  options: {
    state: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: `${statePath}, the state of this boot` },
      help: 'The state of another boot.',
    },
    log: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'The kernel log of that boot, as dmesg prints it. The log tells when the kernel unpacked the initramfs.',
      with: 'state',
    },
    systemd: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'The output of systemctl show in that boot. This output tells when the system was up.',
      with: 'state',
    },
    manifest: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'Show the launch measurement that the TEE reported at boot beside this manifest of cvmboot measure. Needs TEE_EVIDENCE in partition.conf.',
    },
    evidence: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'The evidence.json of that boot, for --manifest.',
      with: 'state',
    },
    output: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: 'standard output' },
      help: 'Write the picture to FILE.',
    },
    text: { kind: 'flag', help: 'Print text for a terminal instead of a picture.' },
  },
  words: {},
  run: async (given) => {
    const { report } = await import('../runtime/report.ts')
    await report(given)
  },
})
