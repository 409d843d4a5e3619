// RELEASE_OWNER: the spelling of OpenSSL's PEM, and no key for which anybody can sign.

import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseReleaseOwner, printReleaseOwner } from '../../../src/layout/release-owner.ts'

test('a key is read as it was printed, and is a PEM file without its frame', () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const text = printReleaseOwner(publicKey)
  const found = parseReleaseOwner(text)
  assert.ok(found !== undefined && printReleaseOwner(found) === text)
  const pem = `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----\n`
  assert.is(publicKey.export({ format: 'pem', type: 'spki' }), pem)
  assert.ok(createPublicKey(pem).equals(publicKey))
})

test('another text is no key', () => {
  const text = printReleaseOwner(generateKeyPairSync('ed25519').publicKey)
  const x25519 = generateKeyPairSync('x25519').publicKey
  const other = x25519.export({ format: 'der', type: 'spki' }).toString('base64')
  for (const wrong of ['', ' ', text.slice(0, -1), `${text} `, `${text}\n`, `${text}=`, text.slice(4), other])
    assert.is(parseReleaseOwner(wrong), undefined, wrong)
  assert.is(parseReleaseOwner(text.replace('=', 'A')), undefined)
  assert.is(parseReleaseOwner(`${text}${text}`), undefined)
  assert.is(parseReleaseOwner('A'.repeat(1_000_000)), undefined)
})

test('a key of small order is no key, with either sign and in either spelling', () => {
  const head = Buffer.from('302a300506032b6570032100', 'hex')
  for (const y of [
    `00${'00'.repeat(31)}`,
    `01${'00'.repeat(31)}`,
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ])
    for (const sign of [0, 0x80]) {
      const key = Buffer.from(y, 'hex')
      key[31] = (key[31] ?? 0) | sign
      assert.is(parseReleaseOwner(Buffer.concat([head, key]).toString('base64')), undefined, y)
    }
})

test.run()
