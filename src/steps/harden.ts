// harden: writes one setting of the kernel and reads the setting back. The boot ends where the kernel does not show the
// written value.

import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import type { Machine } from '../machine/machine.ts'
import { lackOf, settingDiffers } from '../proof/setting.ts'
import { type Chosen, type SettingName, securityfs, settingOf } from '../system/hardening.ts'
import type { Definition } from './step.ts'

export type Harden = { readonly kind: 'harden'; readonly setting: SettingName; readonly value: string }

/** Mounts securityfs where nobody has: as init, the boot finds it unmounted. */
const requireSecurityfs = (machine: Machine): void => {
  if (machine.mounts().some(({ target }) => target === securityfs)) return
  const options = ['nosuid', 'nodev', 'noexec']
  machine.mount({ source: 'securityfs', target: securityfs, type: 'securityfs', options })
}

/** Writes a setting and reads the setting back. Fault: `harden-unproven`. */
export const setProved = (
  machine: Machine,
  setting: SettingName,
  value: string,
): 'set' | 'not in this kernel' => {
  const { path, access, remedy } = settingOf(setting)
  const chosen: Chosen = [setting, value]
  const unproven = (reason: string) => fail('harden-unproven', { setting, reason, remedy })
  if (path.startsWith(securityfs)) requireSecurityfs(machine)
  const before = machine.readText(path)
  if (lackOf(chosen, before) !== undefined) return 'not in this kernel'
  if (before === undefined) throw unproven('it is not in this kernel')
  // The kernel refuses a second write to some settings.
  if (access === 'write' && settingDiffers(chosen, before) !== undefined)
    try {
      machine.writeSetting(path, value)
    } catch (thrown) {
      throw unproven(reasonOf(thrown))
    }
  const after = settingDiffers(chosen, machine.readText(path))
  if (after !== undefined) throw unproven(`the kernel says ${after}`)
  return 'set'
}

export const harden: Definition<Harden> = {
  print: ({ setting, value }) => `harden ${setting}=${value}`,
  subject: ({ setting }) => setting,
  run: ({ setting, value }, { machine }) => {
    const done = setProved(machine, setting, value)
    return { kind: 'harden', setting, value: done === 'set' ? value : done }
  },
}
