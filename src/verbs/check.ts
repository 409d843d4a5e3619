// The verb `check`: its options and words.

import { cmdline, config, hook, json } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const check = verb({
  about: 'look whether this machine is fit for a configuration',
  text: [
    'Looks whether this machine is fit for the configuration: kernel, modules and hardening; memory against the sizes of all that lies in memory; the disk against the sum of the volumes; confidential VM; swap; tools. Prints one line a check, which says what to do. The exit status is that of the first check that fails. Changes nothing.',
  ],
  options: {
    for: {
      kind: 'choice',
      words: ['vm', 'build'],
      need: { otherwise: 'vm' },
      help: 'vm: check what the boot needs, inside the VM. build: check what cvmboot setup and cvmboot pack need, on the build host.',
    },
    config,
    modules: {
      kind: 'directory',
      value: 'DIR',
      need: { otherwise: 'those of the kernel that runs now' },
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
