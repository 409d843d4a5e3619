// X25519 by OpenSSL's own functions against the X25519 of node:crypto, and the keys that have to be refused.

import { createPublicKey, diffieHellman } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { agreeX25519 } from '../../src/machine/libcrypto.ts'
import { newAgeOwner } from '../with/age-file.ts'

test('both sides find the same secret, and each agreement has a key of its own', () => {
  const { recipient, privateKey } = newAgeOwner()
  const seen = new Set<string>()
  for (let n = 0; n < 20; n++) {
    const { share, shared } = agreeX25519(recipient)
    const publicKey = createPublicKey({
      format: 'der',
      type: 'spki',
      key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), share]),
    })
    assert.equal(shared.bytes, diffieHellman({ privateKey, publicKey }))
    seen.add(share.toString('hex')).add(shared.bytes.toString('hex'))
  }
  assert.is(seen.size, 40)
})

// RFC 7748, 6.1: whoever sends one of these knows the secret.
const lowOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

test('a point of low order gives no secret', () => {
  for (const hex of lowOrder)
    assert.throws(() => agreeX25519(Buffer.from(hex, 'hex')), /which gives no secret/, hex)
})

test('a key of another length is none', () => {
  for (const length of [0, 31, 33]) assert.throws(() => agreeX25519(Buffer.alloc(length, 9)), /of \d+ bytes/)
})

test('a refusal leaves no error behind for the next call of OpenSSL', () => {
  const { recipient } = newAgeOwner()
  assert.throws(() => agreeX25519(Buffer.alloc(32)))
  assert.throws(() => createPublicKey('no key'), /DECODER|unsupported|no start line/i)
  assert.is(agreeX25519(recipient).share.length, 32)
})

test.run()
