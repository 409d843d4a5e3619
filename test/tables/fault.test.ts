// The failures: each code has its sentence, its advice and its exit status.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { families } from '../../src/fault/families.ts'
import { type Family, family } from '../../src/fault/family.ts'
import {
  BootFault,
  describeFault,
  exitStatus,
  fail,
  failOf,
  faultCodes,
  faultOf,
  isAboutHeader,
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
  nearest: '; did you mean EPYC?',
  changes: 'the kernel is another one',
  differences: 'snp.0.digest is one instead of another',
  where: 'w',
  tee: 'tdx',
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
  launch: 'sev-snp:00',
  port: 'org.cvmboot.release',
  volumes: 'workspace',
  free: 1,
  slot: 'a',
  field: 'HOSTDATA',
}

for (const code of faultCodes)
  test(`${code} says what cannot be done, in one printable line`, () => {
    const text = say({ code, ...detail } as never)
    assert.ok(text.startsWith(`${code}: cannot `), text)
    assert.match(text, /^[\x20-\x7e]+$/)
    assert.not.match(text, /undefined|\.$/)
    assert.match(code, /^[a-z]+(?:-[a-z]+)*$/)
    const status = exitStatus({ code })
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
  const codes = faultCodes.filter((code) => ofBoots.has(code.split('-')[0] ?? ''))
  assert.ok(codes.length > 90)
  for (const code of codes.filter((one) => !advised.includes(one)))
    assert.match(say({ code, ...detail } as never), /; ./, code)
})

test('no two families have a code in common, and a status means one thing', () => {
  const all = Object.values<Family>(families).flatMap(({ rows }) => Object.keys(rows))
  assert.equal([...all].sort(), [...faultCodes].sort())
  assert.is(new Set(all).size, all.length)
  const titles = Object.groupBy(Object.values<Family>(families), ({ exit }) => exit)
  const shared = Object.entries(titles).filter(([, those]) => (those ?? []).length > 1)
  assert.equal(
    shared.map(([exit, those]) => [exit, (those ?? []).length]),
    [
      // Partition tables, tools, setup, and the root that it is given; the header, its seal, and a launch that provisions;
      // the owner and the owner's keyslot; check and unknown formats.
      ['20', 4],
      ['23', 3],
      ['24', 2],
      ['27', 2],
    ],
  )
})

test('a page tells apart what each refusal of a header means, and has the advice of its family', () => {
  const rows = [...Object.keys(families.header.rows), ...Object.keys(families.seal.rows)]
  const described = faultCodes.filter((code) => rows.includes(code)).map((code) => describeFault(code))
  assert.is(new Set(described.map(({ means }) => means)).size, rows.length)
  const { exit, says, means, advice } = describeFault('header-kdf')
  assert.is(exit, 23)
  assert.is(advice, families.header.advice)
  assert.is(says, `cannot accept the LUKS2 header of ‹volume›: ‹reason›; ${advice}`)
  assert.is(means, 'a keyslot derives its key in another way')
  assert.is(describeFault('header-mac').advice, families.header.rows['header-mac'].advice)
})

test('what stands for a detail is up to the page', () => {
  const { means, advice } = describeFault('disk-small', (name) => `<${name}>`)
  assert.is(means, 'cannot do with <found> on <device>: <needed> are needed for <purpose>')
  assert.is(advice, 'attach a larger disk, or lower <keys>')
  assert.is(describeFault('gpt-invalid').advice, undefined)
})

test('what the host wrote is shown, never sent to the terminal', () => {
  const { message } = fail('device-missing', { volume: 'a\x1b[2J', partition: 'b\nc', seconds: 1, seen: 'é' })
  assert.ok(message.includes('a\\u{1b}[2J') && message.includes('b\\u{a}c') && message.includes('\\u{e9}'))
})

test('a refusal is about a header in the families header and seal, and in no other', () => {
  for (const code of faultCodes) assert.is(isAboutHeader({ code }), /^(?:header|seal)-/.test(code), code)
})

test('a family that is not in the table has its own code, words, exit status and subject', () => {
  const failOther = failOf(
    family({
      title: 'Another',
      exit: 99,
      advice: 'write another',
      about: 'header',
      rows: { 'other-word': { cannot: (d: { word: string }) => `read ${d.word}` } },
    }),
  )
  const { fault, message } = failOther('other-word', { word: 'x' })
  assert.equal([message, say(fault)], Array(2).fill('other-word: cannot read x; write another'))
  assert.equal([exitStatus(fault), isAboutHeader(fault)], [99, true])
})

test('anything thrown becomes a fault', () => {
  const fault = fail('cvm-absent', {})
  assert.instance(fault, BootFault)
  assert.is(faultOf(fault), fault.fault)
  assert.equal(faultOf(new Error('x')), { code: 'internal', reason: 'x' })
  assert.equal(faultOf('x'), { code: 'internal', reason: 'x' })
})

test.run()
