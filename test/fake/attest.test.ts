// `attest` on recorded machines: the nonce, the statement of the running VM, and the evidence of the boot. Real reports come from
// the VM tests.

import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { printEvidence } from '../../src/evidence/evidence.ts'
import { parseStatement } from '../../src/evidence/statement.ts'
import { say } from '../../src/fault/index.ts'
import { digestOf, evidencePath } from '../../src/proof/evidence.ts'
import { parseState, printState, type State, statePath } from '../../src/proof/state.ts'
import { evidenceOfBoot, readNonce, statementNow } from '../../src/runtime/attest.ts'
import { readBooted } from '../../src/runtime/booted.ts'
import { compare } from '../../src/runtime/compare.ts'
import { sceneOf } from '../../src/runtime/scene.ts'
import { bootRecorded } from '../with/golden-machine.ts'
import { type Recorded, systemOf } from '../with/recorded-system.ts'
import { refused } from '../with/refused.ts'
import { verbOf } from '../with/verb.ts'

const attest = verbOf('attest')

const evidence = printEvidence({
  nonce: Buffer.alloc(0),
  statement: Buffer.from('a statement'),
  tee: { type: 'sev-snp', report: Buffer.alloc(1184, 1), certificates: Buffer.alloc(0) },
  tpm: undefined,
  boot: undefined,
})
const plan = 'ab'.repeat(32)

const stateOf = (recorded: Recorded): State => {
  const state = parseState(recorded.texts[statePath] ?? '')
  if (state === undefined) throw new Error('the recorded machine has no state')
  return state
}

/** The recorded machine, as if its boot had made evidence whose digest is `digest`. */
const withEvidence = (digest: string | undefined, text: string | undefined): Recorded => {
  const recorded = bootRecorded()
  const state = stateOf(recorded)
  const taken =
    digest === undefined
      ? ({ kind: 'take-evidence', tee: 'none' } as const)
      : ({ kind: 'take-evidence', tee: 'sev-snp', digest } as const)
  const step = { step: 'take-evidence', at: 0, milliseconds: 0, evidence: taken }
  return {
    ...recorded,
    texts: {
      ...recorded.texts,
      [statePath]: printState({
        ...state,
        plan,
        steps: [...state.steps.filter(({ evidence: one }) => one.kind !== 'take-evidence'), step],
      }),
      ...(text === undefined ? {} : { [evidencePath]: text }),
    },
  }
}

test('a nonce has 16 to 64 bytes in hexadecimal digits', async () => {
  for (const good of ['00'.repeat(16), 'aB'.repeat(64)])
    assert.is(readNonce(good).toString('hex'), good.toLowerCase())
  for (const bad of [
    '',
    '00'.repeat(15),
    '00'.repeat(65),
    `${'00'.repeat(16)}0`,
    'g'.repeat(32),
    ` ${'00'.repeat(16)}`,
  ])
    await refused('usage', /16 to 64 bytes/, () => readNonce(bad))
})

test('the statement says what booted, and has the digest of the whole state', () => {
  const recorded = withEvidence(digestOf(evidence), evidence)
  const withName = {
    ...recorded,
    texts: { ...recorded.texts, '/usr/lib/os-release': 'IMAGE_ID=a\nIMAGE_VERSION=1\n' },
  }
  const state = stateOf(recorded)
  const bytes = statementNow(systemOf(withName), state, new Date('2026-12-01T01:02:03.999Z'))
  const statement = parseStatement(bytes)
  if ('wrong' in statement) throw new Error(statement.wrong)
  assert.is(statement.plan, plan)
  assert.is(
    statement.state,
    createHash('sha256')
      .update(recorded.texts[statePath] ?? '')
      .digest('hex'),
  )
  assert.equal(statement.image, { id: 'a', version: '1' })
  assert.is(statement.time, '2026-12-01T01:02:03Z')
  assert.is(statement.ephemeral, null)
  assert.match(Object.values(statement.roots).join(), /^[0-9a-f]{64}(,[0-9a-f]{64}){2}$/)
})

test('a state of an older version has no digest of the plan, and no statement is made', async () => {
  const recorded = bootRecorded()
  const { plan: _, ...older } = stateOf(recorded)
  await refused('attest-state', /older version/, () => statementNow(systemOf(recorded), older, new Date()))
})

const ofBoot = (digest: string | undefined, text: string | undefined) => {
  const recorded = withEvidence(digest, text)
  return () => evidenceOfBoot(systemOf(recorded), stateOf(recorded))
}

test('the evidence of the boot goes along only as the boot wrote it', async () => {
  assert.is(ofBoot(digestOf(evidence), evidence)()?.statement.toString(), 'a statement')
  assert.is(ofBoot(undefined, undefined)(), undefined)
  for (const [digest, text, reason] of [
    [
      digestOf(evidence),
      evidence.replace('"nonce": ""', '"nonce": "00"'),
      /not the file that the boot wrote/,
    ],
    [digestOf(evidence), undefined, /it is gone/],
    [undefined, evidence, /the boot made none/],
    [digestOf('no evidence'), 'no evidence', /it is not JSON/],
  ] as const)
    await refused('attest-boot', reason, ofBoot(digest, text))
})

test('verify compares the file with the digest in the state', () => {
  const found = (recorded: Recorded) => {
    const system = systemOf(recorded)
    const booted = readBooted(system, undefined)
    return compare(sceneOf(system, booted.plan, booted.state))
      .filter(({ subject }) => subject === 'evidence')
      .map((one) => (one.result === 'bad' ? say(one.fault).split(':')[0] : one.result))
  }
  assert.equal(found(withEvidence(digestOf(evidence), evidence)), ['good'])
  assert.equal(found(withEvidence(undefined, undefined)), ['note'])
  assert.equal(found(withEvidence(digestOf(evidence), `${evidence} `)), ['verify-evidence'])
  assert.equal(found(withEvidence(digestOf(evidence), undefined)), ['verify-evidence'])
  assert.equal(found(withEvidence(undefined, evidence)), ['verify-evidence'])
  // The recorded machine has no TEE.
  assert.equal(found(bootRecorded()), ['note'])
})

test('outside a VM that cvmboot booted, the verb says that there is no state', async () => {
  await refused('state-read', /there is no such file/, () => attest(['--nonce', '00'.repeat(16)]))
  await refused('usage', /--nonce/, () => attest([]))
})

test.run()
