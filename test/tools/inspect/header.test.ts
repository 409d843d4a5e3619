// `inspect` and the boot on the same header: what the boot refuses before it asks for a key, `inspect` refuses with the same
// code, and it refuses nothing else.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { BootFault, exitStatus } from '../../../src/fault/index.ts'
import { claimHeader, claimsLuks } from '../../../src/inspect/claim.ts'
import { inspectPath, printInspection, printInspectionJson } from '../../../src/inspect/inspect.ts'
import { openLasting, type Wanted } from '../../../src/keys/lasting.ts'
import type { LastingProvider } from '../../../src/keys/provider.ts'
import { both } from '../../../src/keys/second-factor.ts'
import { printSeal, snp } from '../../../src/keys/snp.ts'
import { printTpmSeal, tpm2 } from '../../../src/keys/tpm2.ts'
import type { CryptName } from '../../../src/layout/layout.ts'
import type { Luks2Profile, TeeToken } from '../../../src/layout/luks2/luks2.ts'
import { dataBytes, goodArea, goodFormat, ownerKey } from '../../with/luks2-good.ts'
import { byKeyAlone, hostileHeaders } from '../../with/luks2-hostile.ts'
import { suite } from '../../with/suite.ts'

const test = suite<{ file: string; scratch: string }>('inspect and the boot on headers')
test.before((context) => {
  context.scratch = mkdtempSync(join(tmpdir(), 'cvmboot-header-'))
  context.file = join(context.scratch, 'header')
})
test.after(({ scratch }) => rmSync(scratch, { recursive: true, force: true }))

/** Stands for the first use of a key. */
class Asked extends Error {}

/** A provider that is asked for a key says so, and has none. */
const asking = (provider: Pick<LastingProvider, 'name' | 'isSeal'>): LastingProvider => ({
  name: provider.name,
  isSeal: provider.isSeal,
  create: () => {
    throw new Asked()
  },
  recover: () => {
    throw new Asked()
  },
})

const mockLike = asking({ name: 'mock', isSeal: () => true })
const bytesOf: Readonly<Record<Luks2Profile, bigint | undefined>> = { xts: 10n << 20n, 'xts-hmac': undefined }

/** The code of the boot's refusal, or `asks for a key`. */
const ofBoot = (area: Buffer, wanted: Partial<Wanted>): string => {
  const all: Wanted = {
    volume: 'job-store',
    binding: 'measurement',
    leastTcb: undefined,
    tpm: undefined,
    provider: mockLike,
    rootHashes: [],
    profile: 'xts',
    dataBytes,
    owner: ownerKey,
    ...wanted,
  }
  try {
    openLasting(area, all, undefined as never)
  } catch (thrown) {
    if (thrown instanceof Asked) return 'asks for a key'
    if (thrown instanceof BootFault) return thrown.fault.code
    throw thrown
  }
  throw new Error('it opened without a key')
}

const ofInspect = (area: Buffer, profile: Luks2Profile, label: CryptName): string =>
  claimHeader(area, label, profile, bytesOf[profile], label).refused?.code ?? 'asks for a key'

const known = new Set(byKeyAlone)

for (const { name, code, area, profile } of hostileHeaders())
  test(`the boot and inspect agree: ${name}`, ({ file }) => {
    const boot = ofBoot(area, { profile })
    assert.is(ofInspect(area, profile, 'job-store'), boot)
    // Of a partition of another size the boot need not ask for a key, either.
    const expected = known.has(name) ? 'asks for a key' : code
    assert.is(boot, name === 'another size' ? 'header-extent' : expected)
    if (name === 'ext4') return
    // As a file: a copy of the header says nothing of the partition's size.
    writeFileSync(file, area)
    const { refused, content } = inspectPath(file, profile)
    // Nor does a copy say of which volume it should be: it is then of a workspace that has an owner.
    const alone = /^another (?:label|volume's header)(?: \(xts-hmac\))?$/.test(name)
      ? 'header-owner'
      : expected
    // Only a file that begins like a LUKS2 header is a copy of one.
    const judged = alone !== 'asks for a key' && claimsLuks(area)
    assert.is(refused?.code, judged ? alone : undefined)
    assert.is(refused === undefined ? 23 : exitStatus(refused), 23)
    assert.match(printInspection({ path: file, bytes: 0n, content, refused }), /^[\x20-\x7e]{1,400}\n$/)
    assert.match(printInspectionJson({ path: file, bytes: 0n, content, refused }), /^[\n\x20-\x7e]+$/)
  })

const snpSeal = printSeal({ root: 'vcek', vmpl: 0, guestSvn: 0, tcb: 3n }, 'measurement')
const tpmSeal = printTpmSeal({
  srk: `000b${'ab'.repeat(32)}`,
  pcrs: [4, 11],
  public: Buffer.from('public'),
  private: Buffer.from('private'),
  ticket: Buffer.from('ticket'),
})
const providers: Readonly<Record<string, LastingProvider>> = { snp, tpm2, 'snp+tpm2': both(snp, tpm2) }
const seals: readonly (readonly [
  provider: string,
  what: string,
  sealed: TeeToken['sealed'],
  code: string,
])[] = [
  ['snp', 'its own seal', snpSeal, 'asks for a key'],
  ['snp', 'nothing sealed', {}, 'header-token'],
  ['snp', 'the seal of a TPM', tpmSeal, 'header-token'],
  ['snp', 'a VMPL there is not', { ...snpSeal, vmpl: '4' }, 'header-token'],
  ['snp', 'something beside', { ...snpSeal, more: '1' }, 'header-token'],
  ['tpm2', 'its own seal', tpmSeal, 'asks for a key'],
  ['tpm2', 'the seal of a TEE', snpSeal, 'header-token'],
  ['tpm2', 'a storage key that has no Name', { ...tpmSeal, 'tpm-srk': 'x' }, 'header-token'],
  ['snp+tpm2', 'both seals', { ...snpSeal, ...tpmSeal }, 'asks for a key'],
  ['snp+tpm2', 'one seal', snpSeal, 'header-token'],
  ['snp+tpm2', 'both seals in another order', { ...tpmSeal, ...snpSeal }, 'header-token'],
]
for (const [provider, what, sealed, code] of seals)
  test(`sealed by ${provider}, ${what}: ${code}`, () => {
    const { keys, token } = goodFormat('xts').tee
    const area = goodArea('xts', { tee: { keys, token: { ...token, provider, sealed } } })
    const own = providers[provider]
    assert.is(own === undefined ? 'no provider' : ofBoot(area, { provider: asking(own) }), code)
    assert.is(ofInspect(area, 'xts', 'job-store'), code)
  })

test('inspect also takes the seals of the build for trials, whose own code it has not', () => {
  const { keys, token } = goodFormat('xts').tee
  const of = (sealed: TeeToken['sealed']) =>
    ofInspect(
      goodArea('xts', { tee: { keys, token: { ...token, provider: 'snp+tpm2', sealed } } }),
      'xts',
      'job-store',
    )
  assert.is(of({ binding: 'measurement', ...tpmSeal }), 'asks for a key')
  assert.is(of({ other: 'measurement', ...tpmSeal }), 'header-token')
})

test('a header on the partition of another volume is refused by both', () => {
  const [workspace, jobStore] = [goodArea('xts', { volume: 'workspace', owner: undefined }), goodArea('xts')]
  for (const [area, volume, owner] of [
    [jobStore, 'workspace', undefined],
    [workspace, 'job-store', ownerKey],
  ] as const) {
    assert.is(ofBoot(area, { volume, owner }), 'header-mac')
    assert.is(ofInspect(area, 'xts', volume), 'header-mac')
  }
  assert.is(ofInspect(workspace, 'xts', 'workspace'), 'asks for a key')
})

test('a workspace with the keyslot of an owner is refused by both', () => {
  const area = goodArea('xts', { volume: 'workspace' })
  assert.is(ofBoot(area, { volume: 'workspace', owner: undefined }), 'header-owner')
  assert.is(ofInspect(area, 'xts', 'workspace'), 'header-owner')
})

test('a header in the spare area counts where the own one does not, as for the boot after a power cut', ({
  file,
}) => {
  const good = goodArea('xts')
  const later = goodArea('xts', {
    tee: { ...goodFormat('xts').tee, token: { ...goodFormat('xts').tee.token, generation: 8 } },
  })
  const torn = Buffer.from(later)
  torn.set(good.subarray(500_000), 500_000)
  const half = Buffer.from(later).fill(0, 20_000)
  const blank = Buffer.alloc(good.length)
  const read = (own: Buffer, spare: Buffer, bytes = 10 << 20) => {
    writeFileSync(file, Buffer.concat([own, spare]))
    truncateSync(file, bytes)
    const { refused, content } = inspectPath(file, 'claimed')
    const facts = content.kind === 'volume' ? content.claim.facts : {}
    return [refused?.code, facts['generation'], facts['area'], facts['spare']]
  }
  for (const own of [half, blank, Buffer.alloc(good.length, 0x5a)])
    assert.equal(read(own, later), [undefined, 8, 'spare', undefined])
  assert.equal(read(good, later), [undefined, 7, undefined, 'header'])
  assert.equal(read(good, blank), [undefined, 7, undefined, undefined])
  assert.equal(read(good, half), [undefined, 7, undefined, undefined])
  assert.equal(read(half, half), ['header-checksum', undefined, undefined, undefined])
  assert.equal(read(blank, half), [undefined, undefined, undefined, undefined])
  // Without room for two headers there is no spare area.
  assert.equal(read(half, later, (2 << 20) - 512)[0], 'header-checksum')
  // What only a key finds wrong: the parts of two headers.
  assert.is(read(torn, blank)[0], undefined)
})

test('the exit status and the words are those of the boot', ({ file }) => {
  const main = join(import.meta.dirname, '../../../src/main.ts')
  const run = () =>
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'inspect', file], {
      encoding: 'utf8',
    })
  const earlier = goodArea('xts')
  earlier.write('cvmboot MAC 2', 1_044_480)
  writeFileSync(file, earlier)
  const { status, stderr, stdout } = run()
  assert.is(status, 23)
  assert.match(stdout, / luks2, refused: header-mac\n$/)
  assert.match(stderr, /^cvmboot: header-mac: .*: its MAC is of an earlier build of cvmboot, and this build/)
  writeFileSync(file, goodArea('xts'))
  truncateSync(file, 10 << 20)
  assert.is(run().status, 0)
})

test.run()
