// keep-sysctls: systemd of the new root sets sysctls anew, from files that a distribution ships. One in /run, which moves
// along and sorts after all of theirs, says ours again.

import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { type Chosen, settingOf } from '../system/hardening.ts'
import type { Definition } from './step.ts'

export type KeepSysctls = {
  readonly kind: 'keep-sysctls'
  readonly settings: readonly Chosen[]
}

/** By sysctl.d(5) the last by name counts, and with `-` a value that cannot be set, being stricter already, is no failure. */
const file = '/run/sysctl.d/zz-cvmboot.conf'

export const keepSysctls: Definition<KeepSysctls> = {
  print: () => `keep-sysctls ${file}`,
  subject: () => '',
  run: ({ settings }, { machine }) => {
    const sysctls = settings.filter(([name]) => settingOf(name).path.startsWith('/proc/sys/'))
    const text = sysctls.map(([name, value]) => `-${name} = ${value}\n`).join('')
    try {
      machine.writeText(file, text)
    } catch (thrown) {
      throw fail('state-write', { path: file, reason: reasonOf(thrown) })
    }
    return { kind: 'keep-sysctls', sysctls: sysctls.length }
  },
}
