// The checks of the settings and masks that the boot made: whether each is still there. Pure over a scene.

import { basename } from 'node:path'
import { fail } from '../fault/index.ts'
import { maskDiffers } from '../proof/mask.ts'
import { lackOf, settingDiffers } from '../proof/setting.ts'
import { type Chosen, settingOf } from '../system/hardening.ts'
import { bad, type Finding, good, note } from '../terminal/finding.ts'
import type { Scene } from './scene.ts'

const finding = (setting: string, value: string, now: string | undefined): Finding =>
  now === undefined
    ? good(setting, value)
    : bad(setting, fail('verify-setting', { setting, value, now }).fault)

/** `path`: the name that has to lead to an empty file. */
export const checkMask = (path: string, { system }: Scene): Finding =>
  finding(basename(path), 'masked', maskDiffers(system.text(path)?.trim().length))

/** The boot has already judged the settings that this kernel lacks. */
export const checkSetting = (chosen: Chosen, { system }: Scene): Finding => {
  const [name, value] = chosen
  const { path, remedy } = settingOf(name)
  const now = system.text(path)
  const lack = lackOf(chosen, now)
  if (lack === 'harmless') return good(name, 'not in this kernel')
  if (lack === 'unguarded') return note(name, `not in this kernel: ${remedy}`)
  return finding(name, value, settingDiffers(chosen, now))
}
