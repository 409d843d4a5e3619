// The verb `check`: its options and words.

import { cmdline, config, hook, json } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const check = verb({
  about: 'look whether this machine is fit for a configuration',
  text: [
    'Looks whether this machine is fit for the configuration: the kernel, its modules and its hardening; the memory, against the sizes of everything that lies in memory; the disk, against the sum of the volumes; the confidential VM; swap; and tools. Prints one line for each check, which says what to do. The exit status comes from the first check that fails. Changes nothing.',
  ],
  options: {
    for: {
      kind: 'choice',
      words: ['vm', 'build'],
      need: { otherwise: 'vm' },
      help: 'vm: inside the VM, check the needs of the boot. build: on the build host, check the needs of cvmboot setup and cvmboot pack.',
    },
    config,
    modules: {
      kind: 'directory',
      value: 'DIR',
      need: { otherwise: 'the modules of the kernel that runs now' },
      help: 'The modules of the kernel that will boot: lib/modules/RELEASE.',
    },
    disk: {
      kind: 'file',
      value: 'FILE|DEVICE',
      need: { otherwise: 'DEVICE of the configuration, or else the largest disk' },
      help: 'The disk that holds the volumes.',
    },
    cmdline: {
      ...cmdline,
      need: 'optional',
      help: `Check whether the boot takes this line. ${cmdline.help}`,
    },
    hook: { ...hook, with: 'cmdline' },
    json,
  },
  words: {},
  run: async ({ for: place, hook, ...given }, { providers }) => {
    const { check } = await import('../runtime/check.ts')
    await check({ ...given, place, pivot: hook ? 'framework' : 'own', providers })
  },
})
