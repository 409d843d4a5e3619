// harden-users: settings that forbid things to users without privileges. The step writes each setting and reads it back.

import type { Chosen } from '../system/hardening.ts'
import { setProved } from './harden.ts'
import type { Definition } from './step.ts'

export type HardenUsers = { readonly kind: 'harden-users'; readonly settings: readonly Chosen[] }

export const hardenUsers: Definition<HardenUsers> = {
  print: ({ settings }) =>
    `harden-users ${settings.map(([setting, value]) => `${setting}=${value}`).join(' ')}`,
  subject: ({ settings }) => `${settings.length} settings`,
  run: ({ settings }, { machine }) => {
    const lacking = settings.filter(
      ([setting, value]) => setProved(machine, setting, value) === 'not in this kernel',
    )
    return {
      kind: 'harden-users',
      settings: settings.length - lacking.length,
      notInThisKernel: lacking.map(([setting]) => setting),
    }
  },
}
