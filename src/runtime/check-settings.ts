// The checks of the settings that the boot made: whether kernel and systemd still show them. Pure over a scene.

import { basename } from 'node:path'
import { fail } from '../fault/index.ts'
import { settingOf, swapUnit } from '../system/hardening.ts'
import { bad, type Finding, good, note } from '../terminal/finding.ts'
import { checkDoors } from './check-doors.ts'
import type { Scene } from './scene.ts'

const held = (setting: string, value: string, now: string | undefined, isHeld: boolean): Finding =>
  isHeld
    ? good(setting, value)
    : bad(setting, fail('verify-setting', { setting, value, now: now ?? 'not to be seen' }).fault)

/** The boot has already judged the settings that this kernel lacks. */
export const checkSettings = (scene: Scene): Finding[] => {
  const { system, expected } = scene
  const mask = (path: string): Finding => {
    const text = system.text(path)?.trim()
    return held(basename(path), 'masked', text === undefined ? 'not masked' : 'a file', text === '')
  }
  return [
    mask(swapUnit),
    ...checkDoors(scene),
    ...expected.settings.map(([name, value]): Finding => {
      const { path, shows, absent, remedy } = settingOf(name)
      const now = system.text(path)?.trimEnd()
      if (now === undefined && absent === 'harmless') return good(name, 'not in this kernel')
      if (now === undefined && absent === 'unguarded') return note(name, `not in this kernel: ${remedy}`)
      return held(name, value, now, now !== undefined && shows(now, value))
    }),
  ]
}
