// The sealed token of the provider `snp`: print / parse.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseSeal, printSeal } from '../../../src/keys/snp.ts'

const seal = { root: 'vlek', vmpl: 2, guestSvn: 0xffffffff, tcb: 0xd415000000000104n } as const

test('a seal reads back as it was printed, for both bindings', () => {
  for (const binding of ['measurement', 'id-block'] as const)
    assert.equal(parseSeal(printSeal(seal, binding)), { seal, binding })
})

test('a seal says all that the firmware is asked for', () => {
  assert.equal(printSeal(seal, 'measurement'), {
    binding: 'measurement',
    root: 'vlek',
    fields: '41',
    vmpl: '2',
    'guest-svn': '4294967295',
    tcb: 'd415000000000104',
  })
})

test('anything else in a seal is no seal: the host can write what it likes there', () => {
  const good = printSeal(seal, 'id-block')
  const bad: Record<string, string>[] = [
    { binding: 'host' },
    { root: 'vmrk' },
    { root: 'constructor' },
    { fields: '41' }, // of the other binding: without the ID block's fields
    { fields: '0' },
    { fields: '055' },
    { vmpl: '4' },
    { vmpl: '-1' },
    { vmpl: '' },
    { vmpl: '02' },
    { 'guest-svn': '4294967296' },
    { 'guest-svn': '1.5' },
    { 'guest-svn': '1e3' },
    { 'guest-svn': '0x7' },
    { tcb: '0' },
    { tcb: 'D415000000000104' },
    { more: 'than that' },
  ]
  for (const change of bad) assert.is(parseSeal({ ...good, ...change }), undefined, JSON.stringify(change))
  for (const name of Object.keys(good)) {
    const { [name]: _, ...less } = good
    assert.is(parseSeal(less), undefined, name)
  }
  const { tcb, ...rest } = good
  assert.is(parseSeal({ tcb: tcb ?? '', ...rest }), undefined, 'another order')
})

test.run()
