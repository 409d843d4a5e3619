// keep-sysctls: systemd of the new root sets sysctls anew, from files that a distribution ships. The step writes the settings
// of the boot into a file in /run. /run moves along to the new root, and the name of the file sorts after the names of the
// distribution's files.

import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { type Chosen, settingOf } from '../system/hardening.ts'
import type { Definition } from './step.ts'

export type KeepSysctls = {
  readonly kind: 'keep-sysctls'
  readonly settings: readonly Chosen[]
}

/**
 * By sysctl.d(5) the file with the last name counts. With a `-`, systemd does not fail on a setting that it cannot write,
 * as one that is stricter already.
 */
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
