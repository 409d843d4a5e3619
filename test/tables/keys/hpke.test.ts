// HPKE against the published vector of RFC 9180, appendix A.2.1, and against changed messages.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { publicX25519, unwrapHpke, wrapBytes, wrapHpke } from '../../../src/keys/hpke.ts'
import { Secret } from '../../../src/secret/secret.ts'

const hex = (text: string) => Buffer.from(text, 'hex')

const vector = {
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  own: '8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb',
  recipient: hex('4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a'),
  sender: 'f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600',
  share: hex('1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a'),
  associated: hex('436f756e742d30'),
  plain: hex('4265617574792069732074727574682c20747275746820626561757479'),
  cipherText: hex(
    '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
  ),
}

test('the vector of RFC 9180 opens', () => {
  using own = new Secret(hex(vector.own))
  const wrapped = Buffer.concat([vector.share, vector.cipherText])
  using found = unwrapHpke(own, vector.info, wrapped, vector.associated)
  assert.equal(found?.bytes, vector.plain)
  assert.equal(publicX25519(own), vector.recipient)
})

const message = () => wrapHpke(vector.recipient, vector.info, new Secret(Buffer.from(vector.plain)))

test('a wrapped message opens, and is longer by the share and the tag', () => {
  using own = new Secret(hex(vector.own))
  const wrapped = message()
  assert.is(wrapped.length, vector.plain.length + wrapBytes)
  using found = unwrapHpke(own, vector.info, wrapped)
  assert.equal(found?.bytes, vector.plain)
})

test('each sender has a key of its own, and the given key gives the share of the vector', () => {
  assert.not.equal(message(), message())
  const sender = new Secret(hex(vector.sender))
  const wrapped = wrapHpke(vector.recipient, vector.info, new Secret(Buffer.from(vector.plain)), sender)
  assert.equal(wrapped.subarray(0, 32), vector.share)
})

test('a message for another key, with another info, changed in one bit, or cut off does not open', () => {
  using own = new Secret(hex(vector.own))
  using other = new Secret(hex(vector.sender))
  const wrapped = message()
  assert.is(unwrapHpke(other, vector.info, wrapped), undefined)
  assert.is(unwrapHpke(own, Buffer.from('other'), wrapped), undefined)
  for (let at = 0; at < wrapped.length; at++) {
    const changed = Buffer.from(wrapped)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.is(unwrapHpke(own, vector.info, changed), undefined, `byte ${at}`)
    assert.is(unwrapHpke(own, vector.info, wrapped.subarray(0, at)), undefined, `${at} bytes`)
  }
})

test('a share of low order does not open', () => {
  using own = new Secret(hex(vector.own))
  assert.is(unwrapHpke(own, vector.info, Buffer.alloc(64)), undefined)
})

test.run()
