// What must hold of a setting of the kernel: the kernel shows the value that the boot set. Pure.

import { type Chosen, settingOf } from '../system/hardening.ts'

/**
 * The value that the kernel shows in place of the expected value; undefined where both are equal. `now`: the text of the
 * setting; undefined where the kernel has no such setting.
 */
export const settingDiffers = ([name, value]: Chosen, now: string | undefined): string | undefined => {
  const shown = now?.trimEnd()
  if (shown === undefined) return 'not to be seen'
  return settingOf(name).shows(shown, value) ? undefined : shown
}

/** How bad the lack of a setting is; undefined where this kernel has the setting, or must have the setting. */
export const lackOf = ([name]: Chosen, now: string | undefined): 'harmless' | 'unguarded' | undefined => {
  const { absent } = settingOf(name)
  return now === undefined && absent !== 'open' ? absent : undefined
}
