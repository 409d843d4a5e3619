// The quote of a real TPM 2.0 (swtpm): cvmboot makes and accepts the quote, and tpm2-tools' tpm2_checkquote says the same.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { strictPolicy } from '../../src/appraise/policy.ts'
import { appraiseTpm } from '../../src/appraise/tpm.ts'
import { qualifyingData, type TpmEvidence } from '../../src/evidence/evidence.ts'
import { BootFault } from '../../src/fault/index.ts'
import { quotedPcrs, takeQuote } from '../../src/machine/tpm/attest.ts'
import { ask, commandCodes, type Exchange } from '../../src/machine/tpm/command.ts'
import { parseAttestationKey } from '../../src/machine/tpm/quote.ts'
import { extend, loadSrk } from '../../src/machine/tpm/seal.ts'
import { handles, printSelection } from '../../src/machine/tpm/structures.ts'
import { sized, u32 } from '../../src/machine/tpm/wire.ts'
import { codesOf } from '../with/appraised.ts'
import { suite } from '../with/suite.ts'
import { type SoftTpm, softTpm } from '../with/swtpm.ts'
import { tpm2Checkquote } from '../with/tpm2-tools.ts'

type Checkquote = Awaited<ReturnType<typeof tpm2Checkquote>>
type Context = { directory: string; own: SoftTpm; check: Checkquote }
const test = suite<Context>('the quote of a TPM')

test.before(async (context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'cvmboot-quote-'))
  context.check = await tpm2Checkquote()
  context.own = await softTpm(mkdtempSync(join(context.directory, 'own')))
})
test.after(async ({ directory, own }) => {
  await own.close()
  rmSync(directory, { recursive: true })
})

const data = qualifyingData(Buffer.alloc(32, 7), Buffer.from('a statement'))

const quoteBy = (tpm: Exchange): { readonly name: string; readonly half: TpmEvidence } => {
  let name = ''
  const quoted = takeQuote(tpm, (keyName) => {
    name = keyName.toString('hex')
    return data
  })
  const none = Buffer.alloc(0)
  return { name, half: { ...quoted, certificate: none, log: none, hcl: none } }
}

const codes = (half: TpmEvidence, name: string, over = data): readonly string[] => {
  const policy = { ...strictPolicy.tpm, keys: [name], log: 'if-given' as const }
  const date = new Date('2026-12-01')
  return codesOf(appraiseTpm(half, { policy, measurement: 'any', manifest: undefined, data: over, date }))
}

test('a quote is accepted, the key is the same each time, and nothing stays loaded', ({ own }) => {
  const first = quoteBy(own.tpm)
  assert.equal(codes(first.half, first.name), [])
  // Three keys fit into swtpm at once, so that a forgotten one shows soon.
  for (let i = 0; i < 4; i++) assert.is(quoteBy(own.tpm).name, first.name)
  assert.equal(codes(first.half, first.name, Buffer.alloc(32)), ['appraise-tpm-nonce'])
})

test('a quote shows the values that PCRs have now', ({ own }) => {
  const before = quoteBy(own.tpm)
  const srk = loadSrk(own.tpm, undefined)
  ask(own.tpm, { name: 'FlushContext', handles: [], parameters: u32(srk.handle) })
  const value = extend(own.tpm, 12, Buffer.alloc(32, 5), srk.name.toString('hex'))
  const after = quoteBy(own.tpm)
  assert.equal(after.half.pcrs['12'], value)
  assert.equal(codes(after.half, after.name), [])
  assert.equal(codes({ ...after.half, pcrs: before.half.pcrs }, after.name), ['appraise-tpm-pcrs'])
})

test('a PCR that another program extends meanwhile is quoted again', ({ own }) => {
  const empty = sized(Buffer.alloc(0))
  const auth = Buffer.concat([u32(handles.password), empty, Buffer.of(0), empty])
  const parameters = Buffer.concat([u32(1), Buffer.from('000b', 'hex'), Buffer.alloc(32, 3)])
  const racing = (times: number): Exchange => {
    let left = times
    return (command) => {
      const answer = own.tpm(command)
      if (command.readUInt32BE(6) === commandCodes.Quote && left-- > 0)
        ask(own.tpm, { name: 'PCR_Extend', handles: [10], auth, parameters })
      return answer
    }
  }
  const { half, name } = quoteBy(racing(2))
  assert.equal(codes(half, name), [])
  try {
    quoteBy(racing(3))
    assert.unreachable()
  } catch (thrown) {
    assert.ok(thrown instanceof BootFault && thrown.fault.code === 'tpm-pcrs', `${thrown}`)
  }
})

/** The banks and PCRs as tpm2-tools writes them, and the values in the order of their numbers. */
const checkquote = ({ directory, check }: Context, half: TpmEvidence, over: Buffer): string => {
  const file = (name: string, bytes: string | Buffer): string => {
    const path = join(directory, name)
    writeFileSync(path, bytes)
    return path
  }
  const key = parseAttestationKey(half.key)?.key.export({ type: 'spki', format: 'pem' }) ?? ''
  const options = [
    ...['-u', file('key.pem', key), '-m', file('quote', half.quote), '-s', file('signature', half.signature)],
    ...['-q', over.toString('hex'), '-g', 'sha256'],
  ]
  try {
    check(options)
    return 'accepted'
  } catch (thrown) {
    return thrown instanceof Error && 'status' in thrown && thrown.status === 1 ? 'refused' : String(thrown)
  }
}

test('tpm2_checkquote of tpm2-tools says the same of the quote and of changes of it', (context) => {
  const { own } = context
  const { half, name } = quoteBy(own.tpm)
  const flip = (bytes: Buffer, at: number): Buffer => {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    return changed
  }
  const changes: readonly (readonly [TpmEvidence, Buffer])[] = [
    [half, data],
    [half, Buffer.alloc(32, 1)],
    [{ ...half, quote: flip(half.quote, 0) }, data],
    [{ ...half, quote: flip(half.quote, 45) }, data],
    [{ ...half, quote: flip(half.quote, half.quote.length - 1) }, data],
    [{ ...half, signature: flip(half.signature, 20) }, data],
    [{ ...half, signature: flip(half.signature, half.signature.length - 1) }, data],
  ]
  const verdicts = changes.map(([changed, over]) => [
    checkquote(context, changed, over),
    codes(changed, name, over).length === 0 ? 'accepted' : 'refused',
  ])
  assert.equal(
    verdicts.map(([theirs]) => theirs),
    ['accepted', ...Array<string>(6).fill('refused')],
  )
  for (const [theirs, ours] of verdicts) assert.is(ours, theirs)
  assert.is(printSelection(quotedPcrs).toString('hex'), '00000001000b03ffff00')
})

test.run()
