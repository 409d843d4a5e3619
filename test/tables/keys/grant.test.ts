// The judgement of a grant by the boot: each hostile change ends in its own code.

import { sign } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type GrantTerms, parseGrant, type Scope } from '../../../src/evidence/grant.ts'
import { BootFault } from '../../../src/fault/index.ts'
import {
  type Asked,
  mostWrappedBytes,
  openGrant,
  requireSequence,
  wrapGrant,
} from '../../../src/keys/grant.ts'
import { printReleaseOwner } from '../../../src/layout/release-owner.ts'
import { Secret } from '../../../src/secret/secret.ts'
import {
  askedBy,
  bootKey,
  goodTerms,
  grantOf,
  ownerKey,
  publicOf,
  secretOf,
  site,
  snpWord,
  statementBytes,
} from '../../with/grants.ts'

const statement = statementBytes(bootKey(5))
const wrapped = (grant = grantOf()): Buffer => wrapGrant(bootKey(5), statement, grant)
const good = wrapped()

/** The code of the refusal; `taken` where the boot takes the grant. */
const verdict = (message: Uint8Array, changed: Partial<Asked> = {}): string => {
  try {
    using secret = openGrant(message, { ...askedBy(5), ...changed }).secret
    return secret.bytes.length === 32 ? 'taken' : 'no secret'
  } catch (thrown) {
    if (!(thrown instanceof BootFault)) throw thrown
    return thrown.fault.code
  }
}

test('the boot takes the grant of its owner, and gets the secret', () => {
  const { terms, secret } = openGrant(good, askedBy(5))
  assert.equal(terms, goodTerms)
  assert.equal(secret.bytes, secretOf(9).bytes)
})

const termsWith = (changed: Partial<GrantTerms>): GrantTerms => ({ ...goodTerms, ...changed })
const scopeWith = (changed: Partial<Scope>): GrantTerms =>
  termsWith({ scope: { ...goodTerms.scope, ...changed } })

const flipped = (bytes: Uint8Array, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ 0x40
  return changed
}

/** Signed by the owner over a text that no grant has: only the owner's own mistake makes such a grant. */
const signedText = (from: string, to: string): Buffer => {
  const { bytes } = grantOf()
  const text = bytes.subarray(96).toString('utf8')
  assert.ok(text.includes(from), from)
  const changed = Buffer.from(text.replace(from, to))
  const signature = sign(null, Buffer.concat([Buffer.from('cvmboot grant v1\0'), changed]), ownerKey(1))
  return wrapped(new Secret(Buffer.concat([signature, bytes.subarray(64, 96), changed])))
}

const tdxWord = `tdx:${'01'.repeat(48)}:${'02'.repeat(48)}:${'03'.repeat(48)}`
const unsigned = (change: (bytes: Buffer) => Buffer): Buffer =>
  wrapped(new Secret(change(Buffer.from(grantOf().bytes))))

/** Made by a stranger, who adds the key that verifies it. */
const withEmbeddedKey = (): Secret => {
  const { bytes } = grantOf()
  const key = printReleaseOwner(publicOf(ownerKey(2)))
  const text = bytes.subarray(96).toString('utf8').replace('"secret":', `"owner":"${key}","secret":`)
  const signature = sign(null, Buffer.from(`cvmboot grant v1\0${text}`), ownerKey(2))
  return new Secret(Buffer.concat([signature, bytes.subarray(64, 96), Buffer.from(text)]))
}

type Row = readonly [name: string, message: Buffer, code: string, changed?: Partial<Asked>]

const hostile: readonly Row[] = [
  // On the way: whoever carries the message has no key.
  ['nothing', Buffer.alloc(0), 'release-key'],
  ['one byte', good.subarray(0, 1), 'release-key'],
  ['the share alone', good.subarray(0, 32), 'release-key'],
  ['half of it', good.subarray(0, good.length / 2), 'release-key'],
  ['without its last byte', good.subarray(0, -1), 'release-key'],
  ['with a further byte', Buffer.concat([good, Buffer.of(0)]), 'release-key'],
  ['twice in one message', Buffer.concat([good, good]), 'release-key'],
  ['a changed share', flipped(good, 0), 'release-key'],
  ['a changed cipher text', flipped(good, 40), 'release-key'],
  ['a changed tag', flipped(good, good.length - 1), 'release-key'],
  ['a share of zeroes', Buffer.concat([Buffer.alloc(32), good.subarray(32)]), 'release-key'],
  ['zeroes', Buffer.alloc(good.length), 'release-key'],
  ['the most bytes', Buffer.alloc(mostWrappedBytes, 1), 'release-key'],
  ['one byte more', Buffer.alloc(mostWrappedBytes + 1, 1), 'release-format'],
  ['many bytes', Buffer.alloc(16 * 1024 * 1024), 'release-format'],
  ['the grant without a wrap', Buffer.from(grantOf().bytes), 'release-key'],
  // For another boot: an earlier boot had another ephemeral key.
  [
    'wrapped to the key of an earlier boot',
    wrapGrant(bootKey(6), statementBytes(bootKey(6)), grantOf()),
    'release-key',
  ],
  ['wrapped to another key, for this statement', wrapGrant(bootKey(6), statement, grantOf()), 'release-key'],
  [
    'wrapped to this key, for another statement',
    wrapGrant(bootKey(5), statementBytes(bootKey(6)), grantOf()),
    'release-key',
  ],
  ['wrapped to this key, for no statement', wrapGrant(bootKey(5), Buffer.alloc(0), grantOf()), 'release-key'],
  ['this grant, in another boot', good, 'release-key', askedBy(6)],
  // The ephemeral key is public, so everybody can wrap. Only the owner can sign.
  ['signed by another key', wrapped(grantOf(goodTerms, ownerKey(2))), 'release-signature'],
  ['signed by the key of another owner', good, 'release-signature', { owner: publicOf(ownerKey(2)) }],
  ['a signature of zeroes', unsigned((bytes) => Buffer.from(bytes).fill(0, 0, 64)), 'release-signature'],
  ['a changed signature', unsigned((bytes) => flipped(bytes, 10)), 'release-signature'],
  ['another secret', unsigned((bytes) => flipped(bytes, 70)), 'release-format'],
  ['a secret of zeroes', unsigned((bytes) => Buffer.from(bytes).fill(0, 64, 96)), 'release-format'],
  ['a changed text', unsigned((bytes) => flipped(bytes, 120)), 'release-signature'],
  ['without a text', unsigned((bytes) => bytes.subarray(0, 96)), 'release-signature'],
  ['a signature alone', unsigned((bytes) => bytes.subarray(0, 64)), 'release-signature'],
  ['an empty message, wrapped', wrapped(new Secret(Buffer.alloc(0))), 'release-signature'],
  [
    'an older number under the new signature',
    unsigned((bytes) =>
      Buffer.from(bytes.toString('latin1').replace('"sequence":7', '"sequence":9'), 'latin1'),
    ),
    'release-signature',
  ],
  [
    'another volume under the same signature',
    unsigned((bytes) => Buffer.from(bytes.toString('latin1').replace('workspace', 'job-store'), 'latin1')),
    'release-signature',
  ],
  [
    'a key that is merely embedded in the grant, and signed by that key',
    wrapped(withEmbeddedKey()),
    'release-signature',
  ],
  // Signed by the owner, and not for this boot.
  ['for another volume', wrapped(grantOf(termsWith({ volume: 'job-store' }))), 'release-volume'],
  ['for a volume that is not asked for', good, 'release-volume', { volumes: ['job-store'] }],
  [
    'for another image',
    wrapped(grantOf(scopeWith({ image: { id: 'other', version: '7' } }))),
    'release-scope',
  ],
  [
    'for another version',
    wrapped(grantOf(scopeWith({ image: { id: 'site', version: '8' } }))),
    'release-scope',
  ],
  ['for an image without a name', wrapped(grantOf(scopeWith({ image: null }))), 'release-scope'],
  ['an image without a name', good, 'release-scope', { image: null }],
  [
    'for another launch',
    wrapped(grantOf(scopeWith({ launches: [`sev-snp:${'ac'.repeat(48)}`] }))),
    'release-scope',
  ],
  ['for a launch of the other TEE', wrapped(grantOf(scopeWith({ launches: [tdxWord] }))), 'release-scope'],
  ['another launch', good, 'release-scope', { launch: { word: tdxWord, site } }],
  ['for another site', wrapped(grantOf(scopeWith({ site: 'ce'.repeat(32) }))), 'release-scope'],
  ['for a longer site', wrapped(grantOf(scopeWith({ site: `${site}${'00'.repeat(16)}` }))), 'release-scope'],
  ['another site', good, 'release-scope', { launch: { word: snpWord, site: '00'.repeat(32) } }],
  // Signed by the owner, in another form.
  ['of another version', signedText('"cvmboot-grant":1', '"cvmboot-grant":2'), 'release-format'],
  ['with an unknown field', signedText('"purpose"', '"key":"00","purpose"'), 'release-format'],
  ['with a field twice', signedText('"purpose"', '"volume":"workspace","purpose"'), 'release-format'],
  ['for another purpose', signedText('root-secret', 'passphrase'), 'release-format'],
  ['without a number', signedText('"sequence":7,', ''), 'release-format'],
  ['without a scope', signedText('"scope":', '"scop":'), 'release-format'],
  ['with other space', signedText('"sequence":7', '"sequence": 7'), 'release-format'],
  ['in Latin 1', signedText('site', 'sit\u00e9'), 'release-format'],
  ['without a newline', signedText('}\n', '}'), 'release-format'],
  ['no JSON', signedText('{', '['), 'release-format'],
]

for (const [name, message, code, changed] of hostile)
  test(`a grant ${name}: ${code}`, () => assert.is(verdict(message, changed), code))

test('what its owner leaves open is taken', () => {
  for (const [terms, changed] of [
    [scopeWith({ site: null }), { launch: { word: snpWord, site: 'ee'.repeat(32) } }],
    [scopeWith({ launches: [snpWord, tdxWord] }), { launch: { word: tdxWord, site } }],
    [scopeWith({ image: null }), { image: null }],
    [termsWith({ volume: 'job-store' }), { volumes: ['workspace', 'job-store'] }],
    // The host sets the clock of the VM, so the boot does not compare the date.
    [scopeWith({ notAfter: '2001-01-01T00:00:00Z' }), {}],
  ] as const)
    assert.is(verdict(wrapped(grantOf(terms)), changed), 'taken')
})

test('a sequence number below the one that the header remembers is refused', () => {
  const code = (least: number): string => {
    try {
      requireSequence(goodTerms, least)
      return 'taken'
    } catch (thrown) {
      return thrown instanceof BootFault ? thrown.message : String(thrown)
    }
  }
  assert.equal([0, 1, 7].map(code), ['taken', 'taken', 'taken'])
  assert.match(code(8), /^release-sequence: cannot take a grant for workspace: .* 7, and .* remembers 8/)
})

test('a refused grant leaves no secret behind', () => {
  const grant = grantOf(termsWith({ volume: 'job-store' }))
  const read = parseGrant(grant)
  if ('wrong' in read) throw new Error(read.wrong)
  const filled: Uint8Array[] = []
  const make = Secret.make
  Secret.make = (length, fill) =>
    make(length, (bytes) => {
      filled.push(bytes)
      fill(bytes)
    })
  try {
    assert.is(verdict(wrapGrant(bootKey(5), statement, grant)), 'release-volume')
  } finally {
    Secret.make = make
  }
  const secret = Buffer.alloc(32, 9)
  assert.ok(filled.length > 3)
  for (const bytes of filled) assert.not.ok(Buffer.from(bytes).includes(secret))
})

test.run()
