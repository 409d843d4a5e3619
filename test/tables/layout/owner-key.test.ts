// The owner's public key in partition.conf: print / parse, and each key that is refused.

import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseBech32, printBech32 } from '../../../src/layout/bech32.ts'
import {
  ownerKeyId,
  parseOwnerKey,
  printOwnerKey,
  rsaBits,
  textOfRsa,
} from '../../../src/layout/owner-key.ts'
import { bytesOf } from '../../with/luks2-good.ts'

const text = (bytes: Buffer): string => bytes.toString('latin1')
const ageKey = text(printBech32('age', bytesOf('key', 32)))

const rsa = (modulusLength: number, publicExponent = 65537): string =>
  textOfRsa(generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey)

test('Bech32 is that of BIP 173', () => {
  assert.is(text(printBech32('a', Buffer.alloc(0))), 'a12uel5l')
  // Its vector of all 32 letters, as the 20 bytes they are.
  assert.is(
    text(printBech32('abcdef', Buffer.from('00443214c74254b635cf84653a56d7c675be77df', 'hex'))),
    'abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw',
  )
})

test('what is printed parses to the same bytes, of any length', () => {
  for (let length = 0; length < 40; length++) {
    const bytes = bytesOf(`${length}`, length)
    assert.equal(parseBech32('age', printBech32('age', bytes), length), bytes)
  }
})

test('a letter that is changed, missing or too many makes no key', () => {
  for (let at = 0; at < ageKey.length; at++) {
    const other = ageKey[at] === 'q' ? 'p' : 'q'
    assert.is(parseOwnerKey(ageKey.slice(0, at) + other + ageKey.slice(at + 1)), undefined)
  }
  for (const bad of ['', 'age1', ageKey.slice(1), `${ageKey}q`, ageKey.toUpperCase(), ` ${ageKey}`])
    assert.is(parseOwnerKey(bad), undefined, bad)
  // Right but for its length or prefix.
  for (const bad of [printBech32('age', bytesOf('key', 31)), printBech32('agf', bytesOf('key', 32))])
    assert.is(parseOwnerKey(text(bad)), undefined, text(bad))
})

test("an age key is its own name, an RSA key's is the hash of its DER", () => {
  const age = parseOwnerKey(ageKey)
  assert.ok(age)
  assert.is(printOwnerKey(age), ageKey)
  assert.is(age.alg, 'age-x25519')
  assert.is(ownerKeyId(age), ageKey)
  const word = rsa(rsaBits.least)
  const key = parseOwnerKey(word)
  assert.ok(key)
  assert.is(printOwnerKey(key), word)
  assert.is(key.alg, 'rsa-oaep-256')
  assert.match(ownerKeyId(key), /^sha256:[0-9a-f]{64}$/)
})

test('a key that is weak, of another kind, or not letter for letter its own text is refused', () => {
  const good = rsa(rsaBits.least)
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const raw = Buffer.from(good, 'base64')
  for (const bad of [
    ...[rsa(2048), rsa(rsaBits.least, 3), ec.export({ format: 'der', type: 'spki' }).toString('base64')],
    ...[good.slice(4), `${good}AAAA`, `${good}====`, good.replace('M', '-')],
    Buffer.concat([raw, Buffer.from([0])]).toString('base64'),
  ])
    assert.is(parseOwnerKey(bad), undefined, bad)
  assert.is(createPublicKey({ key: raw, format: 'der', type: 'spki' }).asymmetricKeyType, 'rsa')
})

test.run()
