// The checks of the kernel settings that the boot made: whether the kernel still shows them. Pure over a scene.

import { fail } from '../fault.ts'
import { settingOf } from '../layout/hardening.ts'
import { bad, type Finding, good } from './finding.ts'
import type { Scene } from './scene.ts'

/** What a kernel does not have the boot has decided on. */
export const checkSettings = ({ system, expected }: Scene): Finding[] =>
  expected.settings.map(([name, value]): Finding => {
    const { path, shows, absent } = settingOf(name)
    const now = system.text(path)?.trimEnd()
    if (now === undefined && absent === 'harmless') return good(name, 'not in this kernel')
    return now !== undefined && shows(now, value)
      ? good(name, value)
      : bad(name, fail('verify-setting', { setting: name, value, now: now ?? 'not to be seen' }).fault)
  })
