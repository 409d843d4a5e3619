import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  BootFault,
  exitStatus,
  type FaultCode,
  fail,
  familyOf,
  faultOf,
  faults,
  isAboutHeader,
  row,
  say,
} from '../../src/fault/index.ts'

const detail = {
  reason: 'reason',
  parameter: 'p',
  value: 'v',
  expected: 'e',
  other: 'o',
  file: 'f',
  line: 3,
  key: 'k',
  first: 1,
  variable: 'V',
  path: '/p',
  module: 'm',
  volume: 'root-fs',
  partition: 'PARTUUID=x',
  seconds: 3,
  seen: 'vda',
  devices: 'a and b',
  device: '/dev/x',
  bytes: 1n,
  needed: 2n,
  limit: 3,
  block: 0n,
  target: '/t',
  init: '/sbin/init',
  instead: '/sbin/init',
  pid: 7,
  now: '1',
  step: 'unmount /x',
  name: 'sh',
  unit: '/run/swap.target',
  setting: 'kernel.sysrq',
  remedy: 'set it',
  tool: 'mkfs',
  package: 'pkg',
  directory: '/d',
  found: 'a table',
  request: 'key',
  status: 22,
  vmpl: 1,
  asked: 0,
  provider: 'snp',
  tcb: 'd3',
  least: 'd4',
  committed: 'd2',
  command: 'Unseal',
  answer: '0x99d',
  pinned: '000b',
  pcr: 11,
  at: 3,
  root: '/r',
  library: 'libc.so.6',
  also: '',
  program: 'cvmboot',
  feature: 'f',
  option: 'CONFIG_F',
  purpose: 'files',
  keys: 'A or B',
  disk: '/dev/x',
  type: 'EPYC-v9',
  known: 'EPYC, EPYC-v1',
  where: 'w',
  column: 1,
  below: 'b',
  link: '/l',
  mode: '0644',
  needs: '/n',
  advice: 'a',
  of: 'a file has',
  most: 3,
  words: 'mitigations=off',
  names: 'mds',
}

for (const code of Object.keys(faults) as FaultCode[])
  test(`${code} says what cannot be done, in one printable line`, () => {
    const text = say({ code, ...detail } as never)
    assert.ok(text.startsWith(`${code}: cannot `), text)
    assert.match(text, /^[\x20-\x7e]+$/)
    assert.not.match(text, /undefined|\.$/)
    assert.match(code, /^[a-z]+(?:-[a-z]+)*$/)
    const status = exitStatus({ code, ...detail } as never)
    assert.ok(status > 0 && status < 124)
  })

/** Where what is expected is the advice. */
const advised = ['cmdline-value', 'config-value', 'config-missing']

test('each refusal of a boot says what to do', () => {
  const ofBoots = new Set(
    [...'cmdline config environment cvm device verity crypt swap mount initramfs'.split(' ')].concat(
      'tee header seal provision tpm harden module integrity format state file init'.split(' '),
    ),
  )
  const codes = (Object.keys(faults) as FaultCode[]).filter((code) => ofBoots.has(code.split('-')[0] ?? ''))
  assert.ok(codes.length > 90)
  for (const code of codes.filter((one) => !advised.includes(one)))
    assert.match(say({ code, ...detail } as never), /; ./, code)
})

test('what the host wrote is shown, never sent to the terminal', () => {
  const { message } = fail('device-missing', { volume: 'a\x1b[2J', partition: 'b\nc', seconds: 1, seen: 'é' })
  assert.ok(message.includes('a\\u{1b}[2J') && message.includes('b\\u{a}c') && message.includes('\\u{e9}'))
})

test('a refusal is about a header where its row says so: for each header-* and seal-*, and no other', () => {
  for (const code of Object.keys(faults) as FaultCode[]) {
    const expected = /^(?:header|seal)-/.test(code)
    assert.is(isAboutHeader(fail(code, detail as never).fault), expected, code)
  }
})

test('a family that is not in the table has its own code, words, exit status and subject', () => {
  const failOther = familyOf({
    'other-word': row(99, (d: { word: string }) => `cannot read ${d.word}; write another`),
    'other-seal': {
      exit: 98,
      say: (d: { word: string }) => `cannot open ${d.word}; seal it`,
      about: 'header',
    },
  })
  const { fault, message } = failOther('other-word', { word: 'x' })
  assert.equal([message, say(fault)], Array(2).fill('other-word: cannot read x; write another'))
  assert.equal([exitStatus(fault), isAboutHeader(fault)], [99, false])
  const seal = failOther('other-seal', { word: 'y' }).fault
  assert.equal([exitStatus(seal), isAboutHeader(seal)], [98, true])
})

test('anything thrown becomes a fault', () => {
  const fault = fail('cvm-absent', {})
  assert.instance(fault, BootFault)
  assert.is(faultOf(fault), fault.fault)
  assert.equal(faultOf(new Error('x')), { code: 'internal', reason: 'x' })
  assert.equal(faultOf('x'), { code: 'internal', reason: 'x' })
})

test.run()
