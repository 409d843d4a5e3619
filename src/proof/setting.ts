// What must hold of a setting of the kernel: the kernel shows the value that the boot set. Pure.

import { type Chosen, settingOf } from '../system/hardening.ts'

/** What the kernel shows in place of the value. `now`: the text of the setting; undefined where the kernel has none. */
export const settingDiffers = ([name, value]: Chosen, now: string | undefined): string | undefined => {
  const shown = now?.trimEnd()
  if (shown === undefined) return 'not to be seen'
  return settingOf(name).shows(shown, value) ? undefined : shown
}

/** What it means that this kernel lacks the setting; undefined where the kernel has it, or must have it. */
export const lackOf = ([name]: Chosen, now: string | undefined): 'harmless' | 'unguarded' | undefined => {
  const { absent } = settingOf(name)
  return now === undefined && absent !== 'open' ? absent : undefined
}
