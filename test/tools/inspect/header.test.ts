// `inspect` and the boot on the same header. `inspect` refuses a header without a key exactly where the boot refuses it, with
// the same code.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { BootFault, exitStatus } from '../../../src/fault/index.ts'
import { claimHeader, claimsLuks } from '../../../src/inspect/claim.ts'
import { inspectPath, printInspection, printInspectionJson } from '../../../src/inspect/inspect.ts'
import { type LastingVolume, openLasting } from '../../../src/keys/lasting.ts'
import type { LastingProvider, Sealed } from '../../../src/keys/provider.ts'
import { lastingProviders } from '../../../src/keys/providers.ts'
import { printSeal, type SnpKeyPolicy, snp } from '../../../src/keys/snp.ts'
import { printTpmSeal } from '../../../src/keys/tpm2.ts'
import type { CryptName } from '../../../src/layout/layout.ts'
import type { SealReader } from '../../../src/layout/luks2/accept.ts'
import type { Luks2Profile } from '../../../src/layout/luks2/luks2.ts'
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
const asking = (provider: SealReader): LastingProvider<SnpKeyPolicy> => ({
  ...snp,
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
const ofBoot = async (area: Buffer, wanted: Partial<LastingVolume>): Promise<string> => {
  const all: LastingVolume = {
    volume: 'job-store',
    policy: snp.defaults,
    provider: mockLike,
    rootHashes: [],
    profile: 'xts',
    dataBytes,
    owner: ownerKey,
    ...wanted,
  }
  try {
    await openLasting(area, all, undefined as never)
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
  test(`the boot and inspect agree: ${name}`, async ({ file }) => {
    const boot = await ofBoot(area, { profile })
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
const seals: readonly (readonly [word: string, what: string, sealed: Sealed, code: string])[] = [
  ['snp', 'its own seal', { snp: snpSeal }, 'asks for a key'],
  ['snp', 'nothing sealed', { snp: {} }, 'header-token'],
  ['snp', 'the seal of a TPM', { snp: tpmSeal }, 'header-token'],
  ['snp', 'a VMPL there is not', { snp: { ...snpSeal, vmpl: '4' } }, 'header-token'],
  ['snp', 'something beside', { snp: { ...snpSeal, more: '1' } }, 'header-token'],
  ['tpm2', 'its own seal', { tpm2: tpmSeal }, 'asks for a key'],
  ['tpm2', 'the seal of a TEE', { tpm2: snpSeal }, 'header-token'],
  ['tpm2', 'a storage key that has no Name', { tpm2: { ...tpmSeal, srk: 'x' } }, 'header-token'],
  ['snp+tpm2', 'both seals', { snp: snpSeal, tpm2: tpmSeal }, 'asks for a key'],
  ['snp+tpm2', 'one seal', { snp: snpSeal, tpm2: {} }, 'header-token'],
  ['snp+tpm2', 'each the seal of the other', { snp: tpmSeal, tpm2: snpSeal }, 'header-token'],
  ['snp+tpm2', 'both seals in another order', { tpm2: tpmSeal, snp: snpSeal }, 'seal-provider'],
  ['snp', 'by a second provider beside', { snp: snpSeal, tpm2: tpmSeal }, 'seal-provider'],
  ['snp+tpm2', 'by one of the two', { snp: snpSeal }, 'seal-provider'],
]
const areaSealed = (sealed: Sealed): Buffer => {
  const { keys, token } = goodFormat('xts').tee
  return goodArea('xts', { tee: { keys, token: { ...token, sealed } } })
}
for (const [word, what, sealed, code] of seals)
  test(`sealed by ${word}, ${what}: ${code}`, async () => {
    const own = lastingProviders.find(({ defaults }) => defaults.provider === word)
    const area = areaSealed(sealed)
    assert.is(own === undefined ? 'no provider' : await ofBoot(area, { provider: asking(own) }), code)
    // Without a configuration the seals of any provider will do.
    const known = lastingProviders.some(({ name }) => name === Object.keys(sealed).join('+'))
    assert.is(
      ofInspect(area, 'xts', 'job-store'),
      code === 'seal-provider' && known ? 'asks for a key' : code,
    )
  })

test('inspect also takes the seals of the build for trials, whose own code it has not', () => {
  const of = (sealed: Sealed) => ofInspect(areaSealed(sealed), 'xts', 'job-store')
  assert.is(of({ mock: { binding: 'measurement' } }), 'asks for a key')
  assert.is(of({ mock: { binding: 'measurement' }, tpm2: tpmSeal }), 'asks for a key')
  assert.is(of({ mock: { binding: 'measurement' }, tpm2: snpSeal }), 'header-token')
})

test('a header on the partition of another volume is refused by both', async () => {
  const [workspace, jobStore] = [goodArea('xts', { volume: 'workspace', owner: undefined }), goodArea('xts')]
  for (const [area, volume, owner] of [
    [jobStore, 'workspace', undefined],
    [workspace, 'job-store', ownerKey],
  ] as const) {
    assert.is(await ofBoot(area, { volume, owner }), 'header-mac')
    assert.is(ofInspect(area, 'xts', volume), 'header-mac')
  }
  assert.is(ofInspect(workspace, 'xts', 'workspace'), 'asks for a key')
})

test('a workspace with the keyslot of an owner is refused by both', async () => {
  const area = goodArea('xts', { volume: 'workspace' })
  assert.is(await ofBoot(area, { volume: 'workspace', owner: undefined }), 'header-owner')
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
