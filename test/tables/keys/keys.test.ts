// Secrets, and the derivation of keys from them, compared with published vectors and with Python's hmac.

import { hkdfSync } from 'node:crypto'
import { inspect } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Domain, deriveLasting } from '../../../src/keys/derive.ts'
import { ephemeral } from '../../../src/keys/ephemeral.ts'
import { hkdf } from '../../../src/keys/hkdf.ts'
import { mock, mockLasting } from '../../../src/keys/mock.ts'
import { Secret } from '../../../src/secret/secret.ts'

const made = (fill: number) => (length: number) => Secret.make(length, (bytes) => bytes.fill(fill))

test('a secret prints as [secret], whatever prints it', () => {
  using secret = new Secret(Buffer.from('hunter2'))
  for (const text of [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), String(secret)]) {
    assert.ok(text.includes('[secret]'), text)
    assert.not.ok(/hunter2|68756e|aHVu/.test(text), text)
  }
})

test('a secret is zeroed when it goes out of scope', () => {
  const bytes = Buffer.from('hunter2')
  {
    using secret = new Secret(bytes)
    assert.is(secret.bytes, bytes)
  }
  assert.equal(bytes, Buffer.alloc(7))
})

test("a secret lies outside V8's heap, whose collector moves what is in it and leaves copies", () => {
  const growth = (make: (length: number) => unknown) => {
    const before = process.memoryUsage().arrayBuffers
    const kept = Array.from({ length: 1000 }, () => make(64))
    return (process.memoryUsage().arrayBuffers - before) / kept.length
  }
  // The premise: what Node makes otherwise is not outside.
  assert.ok(growth((length) => Buffer.allocUnsafeSlow(length)) < 1)
  assert.is(growth(made(1)), 64)
})

test("HKDF is RFC 5869's, as published vectors and node:crypto have it", () => {
  const derived = (
    algorithm: 'sha256' | 'sha512',
    secret: Buffer,
    salt: Buffer,
    info: Buffer,
    length: number,
  ) => {
    using key = hkdf(algorithm, new Secret(secret), salt, info, length)
    return key.bytes.toString('hex')
  }
  const secret = Buffer.alloc(22, 0x0b)
  const salt = Buffer.from('000102030405060708090a0b0c', 'hex')
  const info = Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex')
  // Appendix A.1; and the same with SHA-512, as published in the Wycheproof and Go test vectors.
  assert.is(
    derived('sha256', secret, salt, info, 42),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  )
  assert.is(
    derived('sha512', secret, salt, info, 42),
    '832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb',
  )
  for (const algorithm of ['sha256', 'sha512'] as const)
    for (const length of [1, 32, 64, 65, 96, 128, 255 * (algorithm === 'sha256' ? 32 : 64)])
      for (const some of [Buffer.alloc(0), salt])
        assert.is(
          derived(algorithm, secret, some, info, length),
          Buffer.from(hkdfSync(algorithm, secret, some, info, length)).toString('hex'),
        )
  assert.throws(() => derived('sha512', secret, salt, info, 255 * 64 + 1), RangeError)
})

test('each word of its domain makes another lasting key; the passphrase outlives a generation', () => {
  const domain: Domain = { volume: 'workspace', uuid: 'u', role: 'tee', generation: 1, rootHashes: [] }
  const key = (differently: Partial<Domain>, purpose: 'passphrase' | 'header-mac', fill = 1): string => {
    using secret = made(fill)(64)
    using derived = deriveLasting(secret, Buffer.alloc(64), { ...domain, ...differently }, purpose)
    return derived.bytes.toString('hex')
  }
  const keys = [
    ...[key({}, 'header-mac'), key({}, 'passphrase'), key({}, 'header-mac', 2)],
    ...[{ volume: 'job-store' }, { uuid: 'v' }, { role: 'owner' as const }].flatMap((differently) => [
      key(differently, 'header-mac'),
      key(differently, 'passphrase'),
    ]),
    key({ generation: 2 }, 'header-mac'),
    ...[['a'], ['b'], ['a', 'b'], ['b', 'a'], ['1']].flatMap((rootHashes) => [
      key({ rootHashes }, 'header-mac'),
      key({ rootHashes }, 'passphrase'),
    ]),
  ]
  assert.is(new Set(keys).size, keys.length)
  assert.is(key({ generation: 2 }, 'passphrase'), key({}, 'passphrase'))
})

test("lasting keys are HKDF-SHA-512 of the words that docs/reference/luks2.md names: vectors made by Python's hmac", () => {
  const hashes = ['1', '2', '3'].map((digit) => digit.repeat(64))
  const uuid = '40714836-65a1-43e1-babb-dc2008cb9033'
  const vectors = [
    [
      'passphrase',
      [],
      '07e9d18f12e9a02732615a23725b29251e8e5cceb940f661efdcd45b6d585a63',
      'df5d5ab800abbe907a90652c7cf88f4224dae2a70f2762a2eba152bc66885d75',
    ],
    [
      'header-mac',
      [],
      'a69d3405ddd2d2974ee84bf116fa3fef53b2fd19f7d1a3c93a67926088714543',
      '5952cdd07cb5582fa09d55ac26bfcf5931df525be6b81c05fe0eeeca1190dfd2',
    ],
    [
      'passphrase',
      hashes,
      'c9e06e321058451abc1e2476300eab2f568bb267f53a4916c7b315c49b2e5e63',
      'd3d8dbe5859a8a5dae8e7555ba669f1d2aa4aff1dfcc1fee3016dd4613668c34',
    ],
    [
      'header-mac',
      hashes,
      'ce21fc9202acba229f6743ff0669722fc431265ef31d07632ccc9114a291d213',
      '80872ecc3e57e55288c81c64ef6c91d521bfb82acf6116bedab4eb65dc944676',
    ],
  ] as const
  for (const [purpose, rootHashes, ...hex] of vectors) {
    using secret = new Secret(Buffer.from(Array.from({ length: 32 }, (_, i) => i)))
    const domain: Domain = { volume: 'workspace', uuid, role: 'tee', generation: 3, rootHashes }
    using key = deriveLasting(secret, Buffer.alloc(64), domain, purpose)
    assert.is(key.bytes.toString('hex'), hex.join(''))
  }
})

test("an ephemeral key is the kernel's random bytes, as many as the cipher takes", () => {
  for (const length of [64, 96]) {
    using key = ephemeral.create('workspace', made(7), length)
    assert.equal(key.bytes, Buffer.alloc(length, 7))
  }
})

test('the mock keys are fixed, and no piece of one is in another', async () => {
  const owned = { volume: 'workspace', policy: mockLasting.defaults } as const
  const { secret } = await mockLasting.create(owned, undefined as never, undefined)
  const keys = [mock.create('workspace', made(1), 96), mock.create('job-store', made(1), 96), secret] as const
  assert.equal(mock.create('workspace', made(2), 96).bytes, keys[0].bytes)
  for (const [i, { bytes }] of keys.entries())
    for (const other of keys.toSpliced(i, 1))
      for (let at = 0; at + 4 <= bytes.length; at++)
        assert.not.ok(other.bytes.includes(bytes.subarray(at, at + 4)), `key ${i} at ${at}`)
})

test.run()
