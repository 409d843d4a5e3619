// The keys of partition.conf about what the kernel allows once the new root runs. Pure.

import { type Hardening, lockdowns } from '../layout/hardening.ts'
import type { Key } from './key.ts'
import type { Draft } from './settings.ts'

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
]
