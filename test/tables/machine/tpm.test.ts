// The TPM's bytes, compared with other implementations: Python's hmac and hashlib for derived values, swtpm for answers.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ask, parseResponse, printCommand } from '../../../src/machine/tpm/command.ts'
import { withTpm } from '../../../src/machine/tpm/device.ts'
import { kdfA, kdfE } from '../../../src/machine/tpm/session.ts'
import {
  nameOf,
  parseSealedPublic,
  parseSrk,
  parseTicket,
  policyOf,
  printCreation,
  printSealedPublic,
  printSelection,
  printSrk,
  printTicket,
  sha256,
  srkTemplate,
} from '../../../src/machine/tpm/structures.ts'
import { readAll } from '../../../src/machine/tpm/wire.ts'
import { Secret } from '../../../src/secret/secret.ts'
import { counting } from '../../with/snp.ts'
import { recorded } from '../../with/tpm-vectors.ts'

const key = () => new Secret(Buffer.from(counting(0, 32), 'hex'))
const [u, v] = [Buffer.alloc(32, 0x11), Buffer.alloc(32, 0x22)]

test('keys are derived as the TPM derives them', () => {
  const hex = (secret: Secret) => secret.bytes.toString('hex')
  assert.is(
    hex(kdfA(key(), 'ATH', u, v, 32)),
    'a8679444f320a6d0a02c03cac153c458f28758eca056594e887fcefdc2d7e95b',
  )
  assert.is(
    hex(kdfA(key(), 'CFB', u, v, 32)),
    '8912c1219a825fa7bb0f4fc87f4fbdf597093e9f3a2732b916de4a9dfdd4a3ae',
  )
  assert.is(
    hex(kdfE(key(), 'SECRET', u, v)),
    'c21be073521259773cab940e5cbd0a66105a8da939b0b3ae13b7d7a37555b3e3',
  )
})

test('a policy is that of TPM2_PolicyPCR over the chosen PCRs', () => {
  assert.is(printSelection([4, 9, 11, 12]).toString('hex'), '00000001000b03101a00')
  assert.is(printSelection([0, 15, 23]).toString('hex'), '00000001000b03018080')
  const digest = sha256(...[0, 0, 0, 0].map(() => Buffer.alloc(32, 0x33)))
  assert.is(
    policyOf([4, 9, 11, 12], digest).toString('hex'),
    '28360855ea3f418a4b45a5669ffbf0737e9549bbce04bbbcc94dd5ca35939ecd',
  )
})

test('the storage key is that of the template, and its name what swtpm says', () => {
  const { publicArea, name } = recorded.srk
  const point = parseSrk(publicArea)
  assert.ok(point)
  assert.equal(printSrk(point), publicArea)
  assert.equal(nameOf(publicArea), name)
  assert.is(srkTemplate.length, 0x5a)
})

test('a key of any other kind is not taken for the storage key', () => {
  const { publicArea } = recorded.srk
  for (let at = 0; at < publicArea.length - 68; at++) {
    const changed = Buffer.from(publicArea)
    changed.writeUInt8(changed.readUInt8(at) ^ 0x40, at)
    assert.is(parseSrk(changed), undefined, `byte ${at}`)
  }
  assert.is(parseSrk(publicArea.subarray(1)), undefined)
  assert.is(parseSrk(Buffer.concat([publicArea, Buffer.alloc(1)])), undefined)
})

test('an object that a password opens, or another TPM, is none of ours', () => {
  const { publicArea } = recorded.sealed
  const found = parseSealedPublic(publicArea)
  assert.ok(found)
  assert.equal(printSealedPublic(found), publicArea)
  for (let at = 0; at < 10; at++) {
    const changed = Buffer.from(publicArea)
    changed.writeUInt8(changed.readUInt8(at) ^ 0x40, at)
    assert.is(parseSealedPublic(changed), undefined, `byte ${at}`)
  }
})

test('what an object was made under is printed as swtpm prints it', () => {
  const { creation, pcrDigest } = recorded.sealed
  assert.equal(printCreation({ pcrs: [4, 9, 11, 12], pcrDigest, srk: recorded.srk.name }), creation)
})

test('a ticket is one of an object of the owner, and nothing else', () => {
  const { ticket } = recorded.sealed
  const digest = parseTicket(ticket)
  assert.ok(digest)
  assert.equal(printTicket(digest), ticket)
  for (const at of [0, 1, 2, 5, 6, 7]) {
    const changed = Buffer.from(ticket)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    assert.is(parseTicket(changed), undefined, `byte ${at}`)
  }
  assert.is(parseTicket(printTicket(Buffer.alloc(0))), undefined)
})

test('a command is as the specification lays it out', () => {
  const plain = printCommand({
    name: 'FlushContext',
    handles: [],
    parameters: Buffer.from('80000000', 'hex'),
  })
  assert.is(plain.toString('hex'), '80010000000e0000016580000000')
  const auth = Buffer.from('400000090000000000', 'hex')
  const extend = printCommand({ name: 'PCR_Extend', handles: [11], auth, parameters: Buffer.alloc(0) })
  assert.is(extend.toString('hex'), '80020000001b000001820000000b00000009400000090000000000')
})

test('responses are read as swtpm gives them, and views of nothing else', () => {
  for (const { bytes, shape } of recorded.responses) {
    const found = parseResponse(bytes, shape)
    assert.is(found?.code, 0)
    assert.is(found?.parameters?.buffer, bytes.buffer)
  }
  const error = Buffer.from('80010000000a000009a2', 'hex')
  for (const sessions of [0, 1] as const)
    assert.equal(parseResponse(error, { handles: 1, sessions }), { code: 0x9a2, parameters: undefined })
})

test('a response to another kind of command is none', () => {
  for (const { bytes, shape } of recorded.responses) {
    assert.is(parseResponse(bytes, { ...shape, sessions: shape.sessions === 1 ? 0 : 1 }), undefined)
    for (const length of [0, 5, 9, bytes.length - 1])
      assert.is(parseResponse(bytes.subarray(0, length), shape), undefined)
  }
})

test('an owner who has set a password is an error of the TPM, not a lie of it', () => {
  const refuses = () => Buffer.from('80010000000a000009a2', 'hex')
  assert.throws(
    () =>
      ask(refuses, {
        name: 'CreatePrimary',
        handles: [],
        auth: Buffer.alloc(0),
        parameters: Buffer.alloc(0),
      }),
    /^tpm-error: .*TPM2_CreatePrimary with 0x9a2/,
  )
})

test('a device that is not there, or fails, has its own fault', () => {
  const command = Buffer.from('80010000000a00000101', 'hex')
  const asking = (device: string) => () => withTpm((tpm) => tpm(command), device)
  assert.throws(
    asking('/dev/no-such-tpm'),
    /^tpm-none: cannot ask a TPM by \/dev\/no-such-tpm: there is no such file or directory/,
  )
  assert.throws(
    asking('/dev/full'),
    /^tpm-device: cannot ask the TPM by \/dev\/full: no space is left on the device/,
  )
  // It says nothing, and that is no answer.
  assert.is(withTpm((tpm) => tpm(command), '/dev/null').length, 0)
})

test('a reader never goes past an end, and leaves nothing', () => {
  const bytes = Buffer.from('000212340000', 'hex')
  assert.equal(
    readAll(bytes, (from) => [from.sized(2).toString('hex'), from.u16()]),
    ['1234', 0],
  )
  assert.is(
    readAll(bytes, (from) => from.sized(1)),
    undefined,
  )
  assert.is(
    readAll(bytes, (from) => from.u32()),
    undefined,
  )
  assert.is(
    readAll(bytes, (from) => [from.u32(), from.u32()]),
    undefined,
  )
  assert.throws(
    () =>
      readAll(bytes, () => {
        throw new Error('its own')
      }),
    /its own/,
  )
})

test.run()
