// The check of the CPU's own faults, by which a job could read the memory of other programs: what the kernel says of each
// fault, and whether a word of the command line switched a mitigation off. Pure over system.ts.

import { splitCmdline } from '../cmdline/split.ts'
import { fail } from '../fault/index.ts'
import { bad, type Finding, good, note } from '../terminal/finding.ts'
import type { System } from './system.ts'

const directory = '/sys/devices/system/cpu/vulnerabilities'

/** `partly`: the kernel mitigates the fault, but names a part that stays open. `unknown`: the kernel does not know. */
export type Mitigation = 'not affected' | 'mitigated' | 'partly' | 'vulnerable' | 'unknown'

/** Parses the text of a file of that directory (Documentation/ABI/testing/sysfs-devices-system-cpu). */
export const parseMitigation = (text: string): Mitigation => {
  const says = text.trim().replace(/^KVM: /, '')
  if (/^Not affected\b/.test(says)) return 'not affected'
  if (/^(?:Processor )?[Vv]ulnerable\b/.test(says)) return 'vulnerable'
  if (!/^Mitigation\b/.test(says)) return 'unknown'
  return /\bvulnerable\b/i.test(says) ? 'partly' : 'mitigated'
}

/** Words that switch mitigations off (Documentation/admin-guide/kernel-parameters.txt), with and without a value. */
const offAlone = ['nopti', 'nospectre-v1', 'nospectre-v2', 'nospec-store-bypass-disable']
const offByValue = [
  ...['mitigations', 'pti', 'spectre-v2', 'spectre-v2-user', 'spectre-bhi', 'spec-store-bypass-disable'],
  ...['l1tf', 'mds', 'tsx-async-abort', 'mmio-stale-data', 'retbleed', 'srbds', 'spec-rstack-overflow'],
  ...['gather-data-sampling', 'reg-file-data-sampling', 'indirect-target-selection', 'tsa', 'vmscape'],
]

/** The words that switch a mitigation off, as the command line has them. A kernel reads `-` as `_` in a name. */
export const switchedOff = (cmdline: string): string[] =>
  splitCmdline(cmdline)
    .filter(({ name, value, forInit }) => {
      if (forInit) return false
      const plain = name.replaceAll('_', '-')
      return value === undefined || value === ''
        ? offAlone.includes(plain)
        : offByValue.includes(plain) && /^off\b/.test(value)
    })
    .map(({ name, value }) => (value === undefined ? name : `${name}=${value}`))

/**
 * A fault that is open after a word switched mitigations off is bad. A fault that is open for lack of a CPU feature or of
 * newer microcode is a note: the VM cannot change the CPU, and the owner may have chosen that CPU.
 */
export const checkMitigations = (system: System): Finding => {
  const found = system
    .names(directory)
    .filter((name) => /^[a-z0-9_]+$/.test(name))
    .sort()
    .map((name) => {
      const text = (system.text(`${directory}/${name}`) ?? '').trim()
      return { name, text, state: parseMitigation(text) }
    })
  if (found.length === 0) return note('mitigations', `unknown: this kernel has no ${directory}`)
  const open = found.filter(({ state }) => state === 'vulnerable' || state === 'partly')
  const words = switchedOff((system.text('/proc/cmdline') ?? '').replace(/\n$/, ''))
  if (open.length > 0 && words.length > 0) {
    const names = open.map(({ name }) => name).join(', ')
    return bad('mitigations', fail('mitigations-off', { words: words.join(' '), names }).fault)
  }
  if (open.length === 0) return good('mitigations', `of ${found.length} faults of CPUs, none is open here`)
  const says = open.map(({ name, text }) => `${name} (${text})`).join(', ')
  return note(
    'mitigations',
    `open on this CPU: ${says}; give the VM a CPU model with the features that the kernel needs, and the host newer microcode`,
  )
}
