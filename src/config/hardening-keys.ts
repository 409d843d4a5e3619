// The keys of partition.conf that decide what the kernel and systemd allow once the new root runs. Pure.

import { agents, isGeneratorName } from '../system/doors.ts'
import { type Hardening, lockdowns, type UserSetting, userSettings } from '../system/hardening.ts'
import type { Key } from './key.ts'
import type { Draft } from './settings.ts'
import { listOf, once } from './values.ts'

const set = (to: Draft, change: Partial<Hardening>): void => {
  to.hardening = { ...to.hardening, ...change }
}

export const hardeningKeys: readonly Key[] = [
  {
    key: 'LOCKDOWN',
    aliases: [],
    expected: 'integrity, confidentiality or none',
    read: (text, to) => {
      const lockdown = lockdowns.find((one) => one === text)
      if (lockdown !== undefined) set(to, { lockdown })
      return lockdown !== undefined
    },
    print: ({ hardening }) => hardening.lockdown,
  },
  {
    key: 'PTRACE_SCOPE',
    aliases: [],
    expected: '0, 1, 2 or 3',
    read: (text, to) => {
      set(to, { ptraceScope: Number(text) as Hardening['ptraceScope'] })
      return /^[0-3]$/.test(text)
    },
    print: ({ hardening }) => `${hardening.ptraceScope}`,
  },
  {
    key: 'MODULES_AFTER_BOOT',
    aliases: [],
    expected: 'load or refuse',
    read: (text, to) => {
      set(to, { modules: text === 'refuse' ? 'closed' : 'loadable' })
      return text === 'load' || text === 'refuse'
    },
    print: ({ hardening }) => (hardening.modules === 'closed' ? 'refuse' : 'load'),
  },
  {
    key: 'HARDEN_USERS_BUT',
    aliases: [],
    expected: `settings for users that the boot leaves as the kernel has them, each once, with a space between: any of ${userSettings.join(' ')}`,
    read: (text, to) => {
      const names = listOf(text)
      const left = names.filter((name): name is UserSetting => userSettings.some((one) => one === name))
      set(to, { left })
      return left.length === names.length && once(names)
    },
    print: ({ hardening }) => hardening.left.join(' '),
  },
  {
    key: 'GENERATORS',
    aliases: [],
    expected:
      'names of generators of the root that run besides those of the table in partition.conf.md, each once, with a space between',
    read: (text, to) => {
      const generators = listOf(text)
      to.doors = { ...to.doors, generators }
      return generators.every(isGeneratorName) && once(generators)
    },
    print: ({ doors }) => doors.generators.join(' '),
  },
  {
    key: 'HOST_AGENTS',
    aliases: [],
    expected: `units that may run and do what the host says, each once, with a space between: any of ${agents.map(({ unit }) => unit).join(' ')}`,
    read: (text, to) => {
      const units = listOf(text)
      to.doors = { ...to.doors, agents: units }
      return units.every((name) => agents.some(({ unit }) => unit === name)) && once(units)
    },
    print: ({ doors }) => doors.agents.join(' '),
  },
]
