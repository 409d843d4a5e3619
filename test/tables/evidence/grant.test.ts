// The grant: one spelling, each other spelling is refused, and the owner's signature covers each byte of the text.

import { sign } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isSignedBy, mostGrantBytes, parseGrant, printGrant } from '../../../src/evidence/grant.ts'
import { Secret } from '../../../src/secret/secret.ts'
import { goodTerms, grantOf, ownerKey, publicOf, secretOf, snpWord } from '../../with/grants.ts'

const owner = publicOf(ownerKey(1))
const text = (grant: Secret): string => grant.bytes.subarray(96).toString('utf8')

test('a grant is read as it was printed, and its signature holds', () => {
  const { scope } = goodTerms
  for (const terms of [
    goodTerms,
    { ...goodTerms, volume: 'job-store', sequence: 1 } as const,
    { ...goodTerms, scope: { ...scope, image: null, site: null } },
    { ...goodTerms, scope: { ...scope, site: '12'.repeat(48) } },
    {
      ...goodTerms,
      scope: {
        ...scope,
        launches: [snpWord, `tdx:${'01'.repeat(48)}:${'02'.repeat(48)}:${'03'.repeat(48)}`],
      },
    },
  ]) {
    const grant = grantOf(terms)
    const found = parseGrant(grant)
    if ('wrong' in found) throw new Error(found.wrong)
    assert.equal(found.terms, terms)
    assert.equal(found.secret.bytes, secretOf(9).bytes)
    assert.ok(isSignedBy(owner, grant))
    assert.not.ok(isSignedBy(publicOf(ownerKey(2)), grant))
  }
})

test('the text is what the page shows, and has no byte of the secret', () => {
  const grant = grantOf()
  assert.is(
    text(grant),
    '{"cvmboot-grant":1,"volume":"workspace","purpose":"root-secret","sequence":7,' +
      `"scope":{"image":{"id":"site","version":"7"},"launches":["${snpWord}"],"site":"${'cd'.repeat(32)}",` +
      '"notAfter":"2026-12-31T00:00:00Z"},' +
      // head -c 32 /dev/zero | tr '\\0' '\\011' | sha256sum
      '"secret":"8c0cc17a04942cc4f8e0fe0b302606d3108860c126428ba2ceeb5f9ed41c2b05"}\n',
  )
  assert.not.ok(text(grant).includes('09'.repeat(32)))
})

test('a secret of another length is not granted', () => {
  assert.throws(() => printGrant(goodTerms, new Secret(Buffer.alloc(31)), ownerKey(1)), /31 bytes/)
})

/** The same head before another text. */
const withText = (changed: string): Secret =>
  new Secret(Buffer.concat([grantOf().bytes.subarray(0, 96), Buffer.from(changed)]))

const reasonFor = (grant: Secret): string => {
  const found = parseGrant(grant)
  return 'wrong' in found ? found.wrong : 'accepted'
}

const launches = (count: number): string =>
  Array.from({ length: count }, (_, i) => `"sev-snp:${i.toString(16).padStart(96, '0')}"`).join()

test('another text is refused, and the reason names the field', () => {
  const whole = text(grantOf())
  const changes: readonly (readonly [string, string, RegExp])[] = [
    ['"cvmboot-grant":1', '"cvmboot-grant":2', /not of version 1/],
    ['"cvmboot-grant":1', '"cvmboot-grant":"1"', /not of version 1/],
    ['"cvmboot-grant":1,', '', /not of version 1/],
    ['"volume":"workspace"', '"volume":"root-fs"', /field volume/],
    ['"volume":"workspace"', '"volume":["workspace"]', /field volume/],
    ['"volume":"workspace",', '', /field volume/],
    ['root-secret', 'volume-key', /field purpose/],
    ['"sequence":7', '"sequence":0', /field sequence/],
    ['"sequence":7', '"sequence":-7', /field sequence/],
    ['"sequence":7', '"sequence":7.5', /field sequence/],
    ['"sequence":7', '"sequence":"7"', /field sequence/],
    ['"sequence":7', '"sequence":9007199254740992', /field sequence/],
    ['"sequence":7', '"sequence":1e400', /field sequence/],
    ['"sequence":7', '"sequence":7.0', /other space/],
    ['"id":"site"', '"id":"Site"', /field scope/],
    ['"id":"site"', '"id":"site","more":1', /further field/],
    ['"image":{"id":"site","version":"7"}', '"image":"site 7"', /field scope/],
    ['"image":{"id":"site","version":"7"},', '', /field scope/],
    [`"${snpWord}"`, '', /field scope/],
    [`"${snpWord}"`, `"${snpWord}","${snpWord}"`, /field scope/],
    [`"${snpWord}"`, `"tdx:${'01'.repeat(48)}","${snpWord}"`, /field scope/],
    [`["${snpWord}"]`, `"${snpWord}"`, /field scope/],
    ['sev-snp:ab', 'sev-snp:AB', /field scope/],
    ['sev-snp:ab', 'sev-snp:', /field scope/],
    ['sev-snp:', 'sev:', /field scope/],
    [`"${snpWord}"`, launches(65), /field scope/],
    [`"${snpWord}"`, launches(400), /at most/],
    ['cd'.repeat(32), 'cd'.repeat(31), /field scope/],
    [`"site":"${'cd'.repeat(32)}",`, '', /field scope/],
    ['2026-12-31T00:00:00Z', '2026-02-30T00:00:00Z', /field scope/],
    ['2026-12-31T00:00:00Z', '2026-12-31', /field scope/],
    ['"notAfter":"2026-12-31T00:00:00Z"', '"notAfter":null', /field scope/],
    ['"secret":"', '"secret":"00', /field secret/],
    ['"secret":', `"key":"${'00'.repeat(32)}","secret":`, /further field/],
    ['"secret":', '"secret":null,"secret":', /further field/],
    ['"sequence":7', '"sequence": 7', /other space/],
    ['}\n', '}', /other space/],
    ['}\n', '}\n\n', /other space/],
    ['{"cvmboot', ' {"cvmboot', /other space/],
    ['{"cvmboot', 'cvmboot', /not JSON/],
    ['{"cvmboot', '[{"cvmboot', /not JSON/],
  ]
  for (const [from, to, reason] of changes) {
    assert.ok(whole.includes(from), from)
    assert.match(reasonFor(withText(whole.replace(from, to))), reason, `${from} -> ${to.slice(0, 80)}`)
  }
  assert.match(reasonFor(withText('[]')), /not JSON/)
  assert.match(reasonFor(withText('')), /ends before its terms/)
  assert.match(reasonFor(new Secret(Buffer.alloc(0))), /ends before its terms/)
  assert.match(reasonFor(new Secret(Buffer.alloc(mostGrantBytes + 1))), /at most/)
  assert.match(reasonFor(withText('{"__proto__":{"cvmboot-grant":1}}\n')), /version/)
})

test('another secret than the one that the terms name is refused', () => {
  const bytes = Buffer.from(grantOf().bytes)
  bytes[64] = (bytes[64] ?? 0) ^ 1
  assert.match(reasonFor(new Secret(bytes)), /not the one/)
})

test('one changed bit of the signature or of the text ends the signature', () => {
  const whole = grantOf().bytes
  for (let at = 0; at < whole.length; at++) {
    if (at >= 64 && at < 96) continue
    const changed = Buffer.from(whole)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.not.ok(isSignedBy(owner, new Secret(changed)), `byte ${at}`)
  }
  for (const length of [0, 64, 95, 96, whole.length - 1])
    assert.not.ok(isSignedBy(owner, new Secret(Buffer.from(whole.subarray(0, length)))), `${length} bytes`)
})

test('a signature over the text without the domain does not count', () => {
  const grant = grantOf()
  const plain = sign(null, grant.bytes.subarray(96), ownerKey(1))
  assert.not.ok(isSignedBy(owner, new Secret(Buffer.concat([plain, grant.bytes.subarray(64)]))))
})

test.run()
