// The verb `plan`: its options and words.

import { cmdline, config, hook, json } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const plan = verb({
  about: 'print what a boot would do, step by step',
  text: [
    'Prints the steps of a boot with this kernel command line and this configuration. Refuses a line that the boot would refuse, with the code that the boot would halt with. Needs no privileges, and changes nothing.',
  ],
  options: { cmdline, config, hook, json },
  words: {},
  run: async ({ hook, ...given }, { providers }) => {
    const { showPlan } = await import('../plan/show.ts')
    showPlan({ ...given, pivot: hook ? 'framework' : 'own', providers })
  },
})
