// The mitigations of the CPU that the kernel reports, and the finding for each that is off.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { say } from '../../../src/fault/index.ts'
import { checkMitigations, parseMitigation, switchedOff } from '../../../src/runtime/check-mitigations.ts'
import type { Finding } from '../../../src/terminal/finding.ts'
import { systemOf } from '../../with/recorded-system.ts'

/** As kernels print them (arch/x86/kernel/cpu/bugs.c). */
for (const [text, state] of [
  ['Not affected', 'not affected'],
  ['Mitigation: PTI', 'mitigated'],
  ['Mitigation: usercopy/swapgs barriers and __user pointer sanitization', 'mitigated'],
  ['Mitigation: Clear CPU buffers; SMT disabled', 'mitigated'],
  ['Mitigation: Clear CPU buffers; SMT Host state unknown', 'mitigated'],
  ['KVM: Mitigation: VMX unsupported', 'mitigated'],
  ['Mitigation: Clear CPU buffers; SMT vulnerable', 'partly'],
  [
    'Mitigation: Retpolines; STIBP: disabled; RSB filling; PBRSB-eIBRS: Not affected; BHI: Vulnerable',
    'partly',
  ],
  ['Vulnerable', 'vulnerable'],
  ['Vulnerable: Clear CPU buffers attempted, no microcode; SMT Host state unknown', 'vulnerable'],
  ['Vulnerable: __user pointer sanitization and usercopy barriers only; no swapgs barriers', 'vulnerable'],
  ['Vulnerable: eIBRS with unprivileged eBPF', 'vulnerable'],
  ['Processor vulnerable', 'vulnerable'],
  ['KVM: Vulnerable', 'vulnerable'],
  ['Unknown: No mitigations', 'unknown'],
  ['Unknown: Dependent on hypervisor status', 'unknown'],
  ['', 'unknown'],
] as const)
  test(`"${text}" is ${state}`, () => {
    assert.is(parseMitigation(`${text}\n`), state)
  })

test('words that switch mitigations off are found however they are spelt, and no others', () => {
  const off = [
    ...['mitigations=off', 'nopti', 'pti=off', 'spectre_v2=off', 'spectre-v2=off', '"mds=off"', 'mds="off"'],
    ...[
      'nospectre_v1',
      'spec_store_bypass_disable=off',
      'l1tf=off',
      'retbleed=off',
      'tsa=off',
      'vmscape=off',
    ],
  ]
  for (const word of off) assert.is(switchedOff(`a ${word} b`).length, 1, word)
  const on =
    'mitigations=auto mitigations=auto,nosmt pti=on mds=full,nosmt retbleed=auto kvm.mitigations=off nopti=1 offline'
  assert.equal(switchedOff(`${on} -- mitigations=off`), [])
})

const found = (texts: Readonly<Record<string, string>>, cmdline = 'quiet'): Finding =>
  checkMitigations(
    systemOf({
      kernel: '6.12.1',
      texts: {
        '/proc/cmdline': `${cmdline}\n`,
        ...Object.fromEntries(
          Object.entries(texts).map(([name, text]) => [
            `/sys/devices/system/cpu/vulnerabilities/${name}`,
            `${text}\n`,
          ]),
        ),
      },
    }),
  )

test('all mitigated is good; what the CPU lacks is a note with its name and words', () => {
  assert.is(found({ mds: 'Not affected', spectre_v1: 'Mitigation: x', gds: 'Unknown: y' }).result, 'good')
  const lacking = found({ mds: 'Vulnerable: no microcode', spectre_v1: 'Mitigation: x' })
  assert.is(lacking.result, 'note')
  assert.match(
    lacking.result === 'note' ? lacking.says : '',
    /mds \(Vulnerable: no microcode\); give the VM a CPU model/,
  )
  assert.is(found({}).result, 'note')
})

test('what a word switched off is bad, and the message names the word; where nothing is open it is not', () => {
  const off = found({ mds: 'Vulnerable', meltdown: 'Vulnerable' }, 'quiet mitigations=off')
  assert.is(off.result, 'bad')
  assert.match(
    off.result === 'bad' ? say(off.fault) : '',
    /^mitigations-off: cannot .*: mitigations=off on the kernel command line .* about mds, meltdown; remove/,
  )
  assert.is(found({ mds: 'Not affected' }, 'mitigations=off').result, 'good')
})

test.run()
