// The ID block and its signatures, read back by the places that the firmware's specification names.

import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { faultOf } from '../../../src/fault/index.ts'
import {
  type IdBlock,
  keyDigest,
  parseIdBlock,
  printIdAuth,
  printIdBlock,
  printIdKey,
} from '../../../src/measure/id-block.ts'
import { sha384 } from '../../../src/measure/snp.ts'

const block: IdBlock = {
  launchDigest: Buffer.alloc(48, 1),
  familyId: Buffer.alloc(16, 2),
  imageId: Buffer.alloc(16, 3),
  guestSvn: 0x01020304,
  policy: 0x30000n,
}

test('a block reads back as it was printed, at its places', () => {
  const bytes = printIdBlock(block)
  assert.is(bytes.length, 96)
  assert.is(bytes.toString('hex', 80), '01000000' + '04030201' + '0000030000000000')
  assert.equal(parseIdBlock(bytes), block)
  for (const bad of [bytes.subarray(1), Buffer.concat([bytes, bytes]), Buffer.from(bytes).fill(2, 80, 84)])
    assert.is(parseIdBlock(bad), undefined)
})

const pair = () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
const reversed = (bytes: Buffer) => Buffer.from(bytes).reverse()

/** The signature at a place of the authentication, as Node verifies it. */
const signedBy = (auth: Buffer, at: number, key: KeyObject, signed: Buffer): boolean => {
  const [r, s] = [auth.subarray(at, at + 48), auth.subarray(at + 72, at + 120)]
  const signature = Buffer.concat([reversed(r), reversed(s)])
  return verify('sha384', signed, { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' }, signature)
}

test('the ID key signs the block, and the author signs the ID key', () => {
  const [id, author] = [pair().privateKey, pair().privateKey]
  const auth = printIdAuth(block, { id, author })
  assert.is(auth.length, 4096)
  assert.is(auth.readUInt32LE(0), 1)
  assert.is(auth.readUInt32LE(4), 1)
  assert.ok(signedBy(auth, 64, id, printIdBlock(block)))
  assert.equal(auth.subarray(576, 576 + 1028), printIdKey(id))
  assert.ok(signedBy(auth, 1664, author, printIdKey(id)))
  assert.equal(auth.subarray(2176, 2176 + 1028), printIdKey(author))
  assert.not.ok(signedBy(auth, 64, author, printIdBlock(block)))
  const alone = printIdAuth(block, { id, author: undefined })
  assert.is(alone.readUInt32LE(4), 0)
  assert.ok(alone.subarray(1664).every((byte) => byte === 0))
})

test('a key is printed as the firmware reads it: curve 2, then both coordinates little-endian in 72 bytes', () => {
  const { publicKey, privateKey } = pair()
  const bytes = printIdKey(publicKey)
  assert.is(bytes.length, 1028)
  assert.is(bytes.readUInt32LE(0), 2)
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  assert.equal(reversed(bytes.subarray(4, 52)), Buffer.from(x, 'base64url'))
  assert.equal(reversed(bytes.subarray(76, 124)), Buffer.from(y, 'base64url'))
  assert.ok(bytes.subarray(124).every((byte) => byte === 0))
  assert.equal(keyDigest(privateKey), sha384(bytes))
})

test('keys of another kind are refused', () => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const ed25519 = generateKeyPairSync('ed25519')
  const good = pair()
  for (const [what, act] of [
    ['P-256', () => printIdKey(p256.privateKey)],
    ['Ed25519', () => printIdKey(ed25519.publicKey)],
    ['a secret', () => printIdKey(createSecretKey(Buffer.alloc(48)))],
    ['a public key that is to sign', () => printIdAuth(block, { id: good.publicKey, author: undefined })],
    ['a public author', () => printIdAuth(block, { id: good.privateKey, author: good.publicKey })],
  ] as const) {
    try {
      act()
      assert.unreachable(what)
    } catch (thrown) {
      assert.is(faultOf(thrown).code, 'measure-key', what)
    }
  }
})

test.run()
