// Texts of the kernel: mountinfo, the facts of a confidential VM, releases, errno.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { reasonOf } from '../../../src/fault/errno.ts'
import { detectCvm, detectParavisor } from '../../../src/machine/cvm.ts'
import { parseMountinfo, printMountinfo } from '../../../src/machine/mountinfo.ts'
import { readText } from '../../../src/machine/text.ts'
import { kernelAtLeast } from '../../../src/system/kernel-release.ts'

const line =
  '36 35 98:0 /mnt1 /a\\040b rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n37 35 0:5 / /tmp rw - tmpfs tmpfs rw,noswap\n'

test('mountinfo is read field by field, escapes and optional fields included', () => {
  assert.equal(parseMountinfo(line)[0], {
    dev: '98:0',
    root: '/mnt1',
    target: '/a b',
    options: ['rw', 'noatime'],
    type: 'ext3',
    source: '/dev/root',
    superOptions: ['rw', 'errors=continue'],
  })
})

test('mountinfo prints and reads back to the same', () => {
  const mounts = parseMountinfo(line)
  assert.is(mounts.length, 2)
  assert.equal(parseMountinfo(printMountinfo(mounts)), mounts)
})

test('lines that are none are left out', () => {
  for (const bad of ['', '\n', 'x', '1 2 3:4 / /a rw', '1 2 3:4 / /a rw - ext4', ' - '])
    assert.equal(parseMountinfo(bad), [])
})

test('this machine has its root in /proc/self/mountinfo', () => {
  assert.ok(parseMountinfo(readText('/proc/self/mountinfo') ?? '').some((m) => m.target === '/'))
})

test('a confidential VM is what the guest kernel says, not what CPUID flags suggest', () => {
  const plain = 'processor\t: 0\nflags\t\t: fpu sev sev_es sev_snp\nbugs\t\t: tdx_guest\n'
  assert.is(detectCvm({ cpuinfo: plain, sevGuest: false }), undefined)
  assert.is(detectCvm({ cpuinfo: plain, sevGuest: true }), 'sev-snp')
  assert.is(detectCvm({ cpuinfo: 'flags\t\t: fpu tdx_guest sse\n', sevGuest: false }), 'tdx')
  assert.is(detectCvm({ cpuinfo: 'flags\t\t: fpu not_tdx_guest\n', sevGuest: false }), undefined)
  assert.is(detectCvm({ cpuinfo: '', sevGuest: false }), undefined)
})

test('the log of a kernel on Hyper-V tells of a TEE behind a paravisor', () => {
  const [before, after] = ['Hyper-V: Hints 0x44e24', 'tsc: Detected 2445.425 MHz processor']
  const told = (line: string) => detectParavisor([before, line, after])?.tee
  assert.is(told('Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2'), 'sev-snp')
  assert.is(told('Hyper-V: Isolation Config: Group A 0x1, Group B 0x3'), 'tdx')
  for (const [line, why] of [
    ['Hyper-V: Isolation Config: Group A 0x0, Group B 0xba2', 'there is no paravisor'],
    ['Hyper-V: Isolation Config: Group A 0x1, Group B 0xba1', 'the isolation is of VBS, which is no TEE'],
    ['Hyper-V: Isolation Config: Group A 0x1, Group B 0x0', 'nothing isolates the VM'],
    ['Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2 ', 'the kernel writes nothing behind the number'],
    ['x Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2', 'the message is part of another'],
    ['Hyper-V: Isolation Config: Group A 0x1, Group B 0x100000002', 'the number has more than 32 bits'],
  ] as const)
    assert.is(told(line), undefined, why)
  assert.is(detectParavisor([]), undefined)
})

test('kernel releases compare by number', () => {
  assert.ok(kernelAtLeast('6.12.107-cloud-amd64', 6, 12))
  assert.ok(kernelAtLeast('7.0', 6, 12))
  assert.not.ok(kernelAtLeast('6.9.1', 6, 12))
  assert.not.ok(kernelAtLeast('6.1.0', 6, 4))
  assert.not.ok(kernelAtLeast('garbage', 6, 4))
})

test('a reason is words for the errno where there is one', () => {
  assert.is(reasonOf(Object.assign(new Error('x'), { code: 'EIO' })), 'input or output error')
  assert.is(reasonOf(new Error('x')), 'x')
  assert.is(reasonOf('x'), 'x')
})

test('a missing file is an answer, an unreadable one an error', () => {
  assert.is(readText('/nonexistent'), undefined)
  assert.throws(() => readText('/'))
})

test.run()
