import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { BootFault } from '../../src/fault.ts'
import { checkIdBlock, checkReport, rootKeyOf } from '../../src/keys/snp-check.ts'
import { tcbAtMost } from '../../src/layout/tcb.ts'
import type { SnpReport } from '../../src/machine/machine.ts'
import { goodReport } from '../snp.ts'

const codeOf = (use: () => unknown): string => {
  try {
    use()
  } catch (thrown) {
    return (thrown as BootFault).fault?.code ?? String(thrown)
  }
  return 'no fault'
}
const asked = { reportData: goodReport.reportData, vmpl: goodReport.vmpl }
const judged = (change: Partial<SnpReport>) => codeOf(() => checkReport({ ...goodReport, ...change }, asked))

test('a report that answers what was asked is good, whatever else the policy allows', () => {
  assert.is(judged({}), 'no fault')
  assert.is(judged({ policy: 0x3f3ffffn & ~(1n << 18n) & ~(1n << 19n) }), 'no fault')
})

test('a guest that may be debugged gets no key', () => {
  assert.is(judged({ policy: goodReport.policy | (1n << 19n) }), 'tee-policy-debug')
})

test('a guest that may be migrated gets no key', () => {
  assert.is(judged({ policy: goodReport.policy | (1n << 18n) }), 'tee-policy-migrate')
})

test('a report for another VMPL is not ours', () => {
  assert.is(judged({ vmpl: 0 }), 'tee-vmpl')
  assert.is(judged({ vmpl: 2 }), 'tee-vmpl')
})

test('a report that answers something else is not ours', () => {
  assert.is(judged({ reportData: `${goodReport.reportData.slice(0, -1)}0` }), 'tee-report')
})

test('an ID block is there when an ID key is', () => {
  assert.is(
    codeOf(() => checkIdBlock(goodReport)),
    'no fault',
  )
  assert.is(
    codeOf(() => checkIdBlock({ ...goodReport, idKeyDigest: '00'.repeat(48) })),
    'tee-id-block',
  )
  assert.is(
    codeOf(() => checkIdBlock({ ...goodReport, idKeyDigest: `${'00'.repeat(47)}01` })),
    'no fault',
  )
})

test('the root of a key is the key that signs, unless it is masked or there is none', () => {
  assert.is(rootKeyOf(goodReport), 'vcek')
  assert.is(rootKeyOf({ ...goodReport, signer: 'vlek', chipKeyMasked: true }), 'vlek')
  assert.is(
    codeOf(() => rootKeyOf({ ...goodReport, signer: 'none' })),
    'tee-root-key',
  )
  assert.is(
    codeOf(() => rootKeyOf({ ...goodReport, chipKeyMasked: true })),
    'tee-root-key',
  )
})

test('TCB versions are compared by component', () => {
  assert.ok(tcbAtMost(0x0102n, 0x0102n))
  assert.ok(tcbAtMost(0x0102n, 0x0103n))
  assert.not.ok(tcbAtMost(0x0103n, 0x0202n), 'a lower byte that is higher')
  assert.not.ok(tcbAtMost(0xd4n << 56n, 0xd3ffffffffffffffn))
  assert.ok(tcbAtMost(0n, 0xffffffffffffffffn))
})

test.run()
