// The demands on a report of SEV-SNP before a key is derived, and TCB versions by component.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { BootFault } from '../../../src/fault/index.ts'
import {
  keyTcb,
  requireIdBlock,
  requireLeastTcb,
  requireReport,
  rootKeyOf,
} from '../../../src/keys/snp-require.ts'
import type { SnpReport } from '../../../src/machine/machine.ts'
import { lowerTcb, tcbAtMost } from '../../../src/system/tcb.ts'
import { goodReport } from '../../with/snp.ts'

const codeOf = (use: () => unknown): string => {
  try {
    use()
  } catch (thrown) {
    return (thrown as BootFault).fault?.code ?? String(thrown)
  }
  return 'no fault'
}
const asked = { reportData: goodReport.reportData, vmpl: goodReport.vmpl }
const judged = (change: Partial<SnpReport>) =>
  codeOf(() => requireReport({ ...goodReport, ...change }, asked))

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
    codeOf(() => requireIdBlock(goodReport)),
    'no fault',
  )
  assert.is(
    codeOf(() => requireIdBlock({ ...goodReport, idKeyDigest: '00'.repeat(48) })),
    'tee-id-block',
  )
  assert.is(
    codeOf(() => requireIdBlock({ ...goodReport, idKeyDigest: `${'00'.repeat(47)}01` })),
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

test('the lower of two TCB versions is taken component by component, wherever a processor has each', () => {
  // Milan and Genoa: boot loader, TEE, four reserved, SNP, microcode, from the lowest byte on.
  assert.is(lowerTcb(0xd415000000000104n, 0xd315000000000105n), 0xd315000000000104n)
  // Turin: FMC, boot loader, TEE, SNP, three reserved, microcode.
  assert.is(lowerTcb(0x5400000004000101n, 0x5300000005010200n), 0x5300000004000100n)
  for (let at = 0n; at < 64n; at += 8n) {
    assert.is(lowerTcb(2n << at, 1n << at), 1n << at)
    assert.is(lowerTcb(1n << at, 2n << at), 1n << at)
  }
  // No component is taken for a part of its neighbour.
  assert.is(lowerTcb(0x0200n, 0x01ffn), 0x0100n)
  const all = 0xffffffffffffffffn
  assert.equal([lowerTcb(all, 0n), lowerTcb(all, all), lowerTcb(0n, all)], [0n, all, 0n])
})

test('a key is of what the launch has and the host has committed', () => {
  const tcb = (launchTcb: bigint, committedTcb: bigint) => keyTcb({ ...goodReport, launchTcb, committedTcb })
  assert.is(tcb(0xd415000000000104n, 0xd415000000000103n), 0xd415000000000103n)
  assert.is(tcb(0xd415000000000103n, 0xd415000000000104n), 0xd415000000000103n)
})

test('the least TCB has to be launched and committed, and each has its own message', () => {
  const judged = (launchTcb: bigint, committedTcb: bigint, least: bigint | undefined) =>
    codeOf(() => requireLeastTcb({ ...goodReport, launchTcb, committedTcb }, least))
  assert.is(judged(5n, 4n, undefined), 'no fault')
  assert.is(judged(5n, 4n, 4n), 'no fault')
  assert.is(judged(5n, 4n, 5n), 'tee-tcb-committed')
  assert.is(judged(4n, 5n, 5n), 'tee-tcb-least')
  assert.is(judged(5n, 4n, 6n), 'tee-tcb-least')
  assert.is(judged(0x0205n, 0x0105n, 0x0201n), 'tee-tcb-committed')
  assert.is(judged(0x0205n, 0x0304n, 0x0205n), 'tee-tcb-committed')
})

test.run()
