// The manifest: a printed manifest reads back to the same value. Each other text is refused, with the place of the mistake.

import { generateKeyPairSync } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compareManifests, sayDifferences } from '../../../src/measure/differences.ts'
import { parseIdBlock } from '../../../src/measure/id-block.ts'
import { type Manifest, parseManifest, printManifest } from '../../../src/measure/manifest.ts'
import { printManifestText } from '../../../src/measure/manifest-text.ts'
import { explainPolicy, requirePolicy } from '../../../src/measure/policy.ts'
import { predict } from '../../../src/measure/predict.ts'
import { refused } from '../../with/refused.ts'
import { exampleInputs, exampleRequest, fileOf, measured } from './example.ts'

const [inputs, request] = [exampleInputs, exampleRequest]
const manifest = predict(inputs, request)

test('a manifest that is printed reads back the same', () => {
  const text = printManifest(manifest)
  assert.equal(parseManifest(text, 'm'), JSON.parse(text))
  assert.is(printManifest(parseManifest(text, 'm')), text)
})

test('each row names what it is for, its digest, and a block to sign that holds the digest', () => {
  assert.equal(
    manifest.snp.map(({ firmware, vcpus, vcpuType, guestFeatures }) => [
      firmware,
      vcpus,
      vcpuType,
      guestFeatures,
    ]),
    [
      ['amdsev-2m.fd', 1, 'EPYC-v4', '0x1'],
      ['amdsev-2m.fd', 2, 'EPYC-v4', '0x1'],
    ],
  )
  for (const { digest, idBlock, idAuth } of manifest.snp) {
    const block = parseIdBlock(Buffer.from(idBlock, 'base64'))
    assert.is(block?.launchDigest.toString('hex'), digest)
    assert.is(block?.policy, 0x30000n)
    assert.is(block?.guestSvn, 3)
    assert.is(idAuth, null)
  }
})

test('with keys the rows are signed, and the digests of the keys are those that a report shows', () => {
  const { privateKey: idKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const signed = predict(inputs, { ...request, idKey, authorKey: idKey })
  assert.match(signed.idKeys.id ?? '', /^[0-9a-f]{96}$/)
  assert.is(signed.idKeys.author, signed.idKeys.id)
  for (const { idAuth } of signed.snp) assert.is(Buffer.from(idAuth ?? '', 'base64').length, 4096)
  assert.not.match(signed.notes.join(), /not signed/)
  assert.equal(parseManifest(printManifest(signed), 'm').idKeys, signed.idKeys)
})

test('a kernel that is no EFI program is measured, and what is not predicted is named with its reason', () => {
  const missing = new Map(manifest.notPredicted.map(({ value, why }) => [value, why]))
  assert.match(missing.get('rtmr1') ?? '', /^the kernel: it is no EFI program$/)
  for (const value of ['rtmr0', 'pcr0', 'pcr4', 'pcr7', 'pcr9', 'pcr11'])
    assert.ok((missing.get(value) ?? '').length > 10, value)
  assert.match(manifest.notes.join(), /the boot would refuse this: cmdline-missing/)
  assert.ok(Object.values(manifest.sources).every((source) => source.length > 10))
})

test('the text for people has each digest', () => {
  const text = printManifestText(manifest)
  for (const { digest } of manifest.snp) assert.ok(text.includes(digest))
  assert.match(text, /Not predicted\n {2}rtmr0: /)
  assert.match(text, /DEBUG +clear/)
})

type Json = { [name: string]: unknown }
const changed = (change: (json: Json) => void): string => {
  const json = JSON.parse(printManifest(manifest))
  change(json)
  return JSON.stringify(json)
}
const rowOf = (json: Json): Json => (json['snp'] as Json[])[0] ?? {}

const bad: readonly (readonly [string, string, RegExp, string])[] = [
  [
    'a field that this version does not have',
    'measure-manifest',
    /\.extra is not a field of this version/,
    changed((m) => {
      m['extra'] = 1
    }),
  ],
  [
    'a field that is not known deep within',
    'measure-manifest',
    /\.snp\[0\]\.cores is not a field/,
    changed((m) => {
      rowOf(m)['cores'] = 1
    }),
  ],
  [
    'a later version',
    'measure-version',
    /it has version 2, and this cvmboot knows version 1/,
    changed((m) => {
      m['version'] = 2
    }),
  ],
  [
    'a later version with other fields',
    'measure-version',
    /version 9/,
    '{"format":"cvmboot manifest","version":9,"new":{}}',
  ],
  [
    'version zero',
    'measure-manifest',
    /\.version is not 1/,
    changed((m) => {
      m['version'] = 0
    }),
  ],
  [
    'another format',
    'measure-manifest',
    /\.format is not cvmboot manifest/,
    changed((m) => {
      m['format'] = 'spdx'
    }),
  ],
  [
    'a field that is missing',
    'measure-manifest',
    /\.launchPolicy is not there/,
    changed((m) => {
      delete m['launchPolicy']
    }),
  ],
  [
    'a digest in capitals',
    'measure-manifest',
    /\.snp\[0\]\.digest is not 48 bytes/,
    changed((m) => {
      rowOf(m)['digest'] = 'AB'.repeat(48)
    }),
  ],
  [
    'a digest that is short',
    'measure-manifest',
    /\.snp\[0\]\.digest is not 48 bytes/,
    changed((m) => {
      rowOf(m)['digest'] = 'ab'.repeat(47)
    }),
  ],
  [
    'a count of processors in words',
    'measure-manifest',
    /\.snp\[0\]\.vcpus is not a number/,
    changed((m) => {
      rowOf(m)['vcpus'] = 'two'
    }),
  ],
  [
    '10,000 processors',
    'measure-manifest',
    /\.snp\[0\]\.vcpus is not a number from 1 to 4096/,
    changed((m) => {
      rowOf(m)['vcpus'] = 10_000
    }),
  ],
  [
    '5,000 rows',
    'measure-manifest',
    /\.snp is not a list of 4096/,
    changed((m) => {
      m['snp'] = Array.from({ length: 5000 }, () => rowOf(m))
    }),
  ],
  [
    'an ID block that is cut off',
    'measure-manifest',
    /\.idBlock is not 96 bytes/,
    changed((m) => {
      rowOf(m)['idBlock'] = 'AAAA'
    }),
  ],
  [
    'a control character',
    'measure-manifest',
    /\.image\.id is not a line of text/,
    changed((m) => {
      m['image'] = { id: 'a\u0007', version: '1' }
    }),
  ],
  ['a list', 'measure-manifest', /the whole is not an object/, '[]'],
  ['no JSON', 'measure-manifest', /it is not JSON/, '{"format"'],
]

for (const [what, code, reason, json] of bad)
  test(`${what} is refused`, () => refused(code, reason, () => parseManifest(json, 'file')))

test('a name from Object.prototype is no field', () =>
  refused('measure-manifest', /__proto__|constructor|not a field/, () =>
    parseManifest(printManifest(manifest).replace('"image"', '"constructor"'), 'file'),
  ))

test('manifests are compared by their values: names of files and signatures may differ', () => {
  const { privateKey: idKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const sign = (): Manifest => predict(inputs, { ...request, idKey })
  assert.equal(compareManifests(sign(), sign()).differences, [])
  const renamed = {
    ...manifest,
    inputs: { ...manifest.inputs, kernel: { ...fileOf('kernel.bin'), name: 'vmlinuz' } },
  }
  const same = compareManifests(manifest, renamed)
  assert.equal(same.differences, [])
  assert.ok(same.equal > 20)
})

test('a changed initramfs changes its hash and each launch digest', () => {
  const other = predict({ ...inputs, initramfs: measured('kernel.bin') }, request)
  const { differences } = compareManifests(manifest, other)
  const places = differences.map(({ at }) => at)
  for (const at of ['inputs.initramfs.sha256', 'snp.0.digest', 'snp.1.digest', 'snp.0.idBlock'])
    assert.ok(places.includes(at), at)
  assert.match(sayDifferences(differences), /inputs\.initramfs\.bytes is 100003 instead of 65537/)
  assert.match(sayDifferences(differences.concat(differences)), /, and [0-9]+ more$/)
})

test('the launch policy: each bit has its meaning, and a policy that the chip refuses is refused here', async () => {
  const names = (policy: bigint) => explainPolicy(policy).flatMap(({ name, set }) => (set ? [name] : []))
  assert.equal(names(0x30000n), ['SMT', 'reserved'])
  assert.equal(names(0xb0000n), ['SMT', 'reserved', 'DEBUG'])
  assert.equal(names(0x20137n), ['ABI', 'reserved'])
  assert.match(explainPolicy(0x20137n)[0]?.means ?? '', /version 1\.55/)
  for (const policy of [0n, 0x10000n, -1n, 2n ** 26n + 0x20000n, 2n ** 63n])
    await refused('measure-range', /--policy/, () => requirePolicy(policy))
})

test('a policy that allows debugging is a note', () => {
  assert.match(predict(inputs, { ...request, policy: 0xb0000n }).notes.join(), /allows debugging/)
})

test.run()
