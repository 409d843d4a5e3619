// The LUKS2 header: printed, parsed, opened with each key, and each hostile header refused.

import crypto, { createHash, randomBytes } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault, faultCodes } from '../../../src/fault/index.ts'
import {
  formatLuks2,
  headerAreaBytes,
  isBlank,
  openLuks2,
  parseLuks2,
  printHeader,
  sealedIn,
  unlockForOwner,
  unlockForTee,
} from '../../../src/layout/luks2/luks2.ts'
import { areaOffset, keyslotsOffset, luks2Profiles, macOffset } from '../../../src/layout/luks2/profile.ts'
import { withTree } from '../../with/luks2-edit.ts'
import {
  counting,
  generation,
  goodArea,
  goodFormat,
  keysOf,
  openAll,
  owner,
  tee,
  teeFor,
  uuid,
  volumeKeyOf,
} from '../../with/luks2-good.ts'
import { byKeyAlone, hostileHeaders } from '../../with/luks2-hostile.ts'

const profiles = ['xts', 'xts-hmac'] as const

const faultOf = (act: () => unknown): BootFault => {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof BootFault) return thrown
    throw thrown
  }
  throw new Error('nothing was refused')
}

for (const profile of profiles) {
  test(`${profile}: what is formatted opens, for the TEE and for the owner`, () => {
    const area = goodArea(profile)
    assert.is(area.length, headerAreaBytes)
    assert.equal(openAll(area, profile), volumeKeyOf(profile))
    const luks2 = parseLuks2(area, 'job-store', profile)
    assert.equal(unlockForOwner(luks2, 'job-store', owner), volumeKeyOf(profile))
    assert.equal(sealedIn(luks2, 'job-store', generation), goodFormat(profile).tee.token)
    assert.equal(luks2.header.tokens?.owner, goodFormat(profile).owner?.token)
  })

  test(`${profile}: without an owner there is one keyslot, and nothing the owner could open`, () => {
    const luks2 = parseLuks2(goodArea(profile, { owner: undefined }), 'job-store', profile)
    assert.equal(unlockForTee(luks2, 'job-store', teeFor(profile)), volumeKeyOf(profile))
    assert.is(luks2.header.keyslotSalts.length, 1)
    assert.is(faultOf(() => unlockForOwner(luks2, 'job-store', owner)).fault.code, 'header-mac')
    assert.is(faultOf(() => openLuks2(luks2, 'job-store', 1, owner.passphrase)).fault.code, 'header-key')
  })

  test(`${profile}: a header prints back, and its claim is its profile`, () => {
    const area = goodArea(profile)
    const { header } = parseLuks2(area, 'job-store')
    assert.equal(printHeader(header), area.subarray(0, keyslotsOffset))
    assert.is(header.profile, profile)
    assert.is(header.uuid, uuid)
    assert.is(header.label, 'job-store')
  })

  test(`${profile}: keyslots lie behind the headers, apart, on whole blocks, and do not reach the MAC`, () => {
    const { areaBytes, volumeKeyBytes } = luks2Profiles[profile]
    assert.is(areaOffset(profile, 0), keyslotsOffset)
    assert.ok(areaBytes % 4096 === 0 && areaBytes >= 4000 * volumeKeyBytes)
    assert.ok(areaOffset(profile, 1) + areaBytes <= macOffset)
    // A third one, which cryptsetup might add, or what it might wipe, does not fit in front of the data.
    assert.ok(areaOffset(profile, 1) + 3 * areaBytes > headerAreaBytes)
  })

  test(`${profile}: the MAC comes first, the mask is not used where it is wrong`, () => {
    const luks2 = parseLuks2(goodArea(profile), 'job-store', profile)
    const { mac, mask } = teeFor(profile)
    const code = (keys: { mac: Buffer; mask: Buffer }) =>
      faultOf(() => unlockForTee(luks2, 'job-store', keys)).fault.code
    assert.is(code({ mac: keysOf('other').mac, mask }), 'header-mac')
    assert.is(code({ mac, mask: Buffer.alloc(mask.length) }), 'header-key')
    const other = { mac: owner.mac, passphrase: tee.passphrase }
    assert.is(faultOf(() => unlockForOwner(luks2, 'job-store', other)).fault.code, 'header-key')
  })

  test(`${profile}: what is masked in the block is in each keyslot too, and nowhere as it is`, () => {
    const area = goodArea(profile)
    const luks2 = parseLuks2(area, 'job-store', profile)
    assert.equal(openLuks2(luks2, 'job-store', 0, tee.passphrase), volumeKeyOf(profile))
    assert.not.ok(area.includes(volumeKeyOf(profile).subarray(0, 16)))
    assert.not.ok(area.includes(teeFor(profile).mask.subarray(0, 16)))
  })
}

test('the bytes of a format do not change between versions', () => {
  const digest = (area: Buffer) => createHash('sha256').update(area).digest('hex')
  assert.equal(
    profiles.map((profile) => digest(goodArea(profile))),
    [
      'b7942a1751133ff984a448e6d016c37dc0bb2f8b1c1f6536ae4392279033b39e',
      '670e86d468de6eb073cc23815fa180e41e3cb36f17747f8c21755f6bf8b286f4',
    ],
  )
})

test('random bytes that hid a key, and what was read, are of no use to others', () => {
  const given: Buffer[] = []
  const remembering = (length: number) => {
    const bytes = randomBytes(length)
    given.push(bytes)
    return bytes
  }
  const area = formatLuks2(goodFormat('xts'), remembering)
  const noise = given.filter(({ length }) => length > 1000)
  assert.is(noise.length, 2)
  for (const bytes of noise) assert.ok(bytes.every((byte) => byte === 0))
  // The disk may change after it was read: what was read is a copy.
  const luks2 = parseLuks2(area, 'job-store', 'xts')
  area.fill(0)
  assert.equal(unlockForTee(luks2, 'job-store', tee), volumeKeyOf('xts'))
})

test('no format is made that would not be read', () => {
  const { token, keys } = goodFormat('xts').tee
  const wrong = [
    { volumeKey: volumeKeyOf('xts-hmac') },
    { tee: { keys: teeFor('xts-hmac'), token } },
    { tee: { keys, token: { ...token, sealed: { Mock: {} } } } },
    { tee: { keys, token: { ...token, sealed: {} } } },
    { tee: { keys, token: { ...token, generation: -1 } } },
    { tee: { keys, token: { ...token, sealed: { mock: { a: '"' } } } } },
    {
      tee: {
        keys,
        token: {
          ...token,
          sealed: { mock: { a: 'x'.repeat(4096), b: 'x'.repeat(4096), c: 'x'.repeat(4096) } },
        },
      },
    },
    { uuid: uuid.toUpperCase() },
    { volume: 'a b' },
  ]
  for (const differently of wrong) assert.throws(() => goodArea('xts', differently))
})

test('a token of an earlier build is refused by words that say so, and what to do', () => {
  const { area } = hostileHeaders().find(({ name }) => name === 'a token of an earlier build') ?? {}
  assert.match(
    faultOf(() => parseLuks2(area ?? Buffer.alloc(0), 'job-store', 'xts')).message,
    /^header-token: .*: its token is of an earlier build of cvmboot, .*: copy the data out under that build/,
  )
})

test('blank is all zero, and whole', () => {
  assert.ok(isBlank(Buffer.alloc(headerAreaBytes)))
  assert.ok(isBlank(Buffer.concat([Buffer.alloc(headerAreaBytes), Buffer.from('data')])))
  assert.not(isBlank(Buffer.alloc(headerAreaBytes - 1)))
  const last = Buffer.alloc(headerAreaBytes)
  last.writeUInt8(1, headerAreaBytes - 1)
  assert.not(isBlank(last))
})

// Each call that costs something or holds a key; checksums and MACs aside.
const costly = ['pbkdf2Sync', 'createDecipheriv', 'createCipheriv', 'hash'] as const

const counted = (act: () => void): number => {
  const real = Object.fromEntries(costly.map((name) => [name, crypto[name]]))
  let calls = 0
  for (const name of costly)
    Object.assign(crypto, {
      [name]: (...args: unknown[]) => {
        calls++
        return (real[name] as (...args: unknown[]) => unknown)(...args)
      },
    })
  syncBuiltinESMExports()
  try {
    act()
  } finally {
    Object.assign(crypto, real)
    syncBuiltinESMExports()
  }
  return calls
}

test('opening by the mask is cheap, and by a keyslot is not: so the count of costly calls counts', () => {
  const area = goodArea('xts')
  const luks2 = parseLuks2(area, 'job-store', 'xts')
  assert.ok(counted(() => openLuks2(luks2, 'job-store', 0, tee.passphrase)) > 8000)
  assert.ok(counted(() => openAll(area, 'xts')) < 10)
})

const hostile = hostileHeaders()

for (const { name, code, area, profile } of hostile)
  test(`refused with ${code}: ${name}`, () => {
    const used: string[] = []
    const keys = {
      get mac() {
        used.push('mac')
        return tee.mac
      },
      get passphrase() {
        used.push('passphrase')
        return tee.passphrase
      },
      get mask() {
        used.push('mask')
        return teeFor(profile === 'xts-hmac' ? profile : 'xts').mask
      },
    }
    let fault: BootFault | undefined
    const calls = counted(() => {
      fault = faultOf(() => openAll(area, profile, keys))
    })
    assert.is(fault?.fault.code, code, fault?.message)
    assert.is(calls, 0, 'work was done for it')
    assert.equal(used, byKeyAlone.includes(name) && code === 'header-mac' ? ['mac'] : [])
    const { message = '' } = fault ?? {}
    assert.match(message, /^[\x20-\x7e]{1,300}$/)
    assert.ok(message.startsWith(`${code}: cannot accept the LUKS2 header of job-store: `))
  })

test('the corpus has every code of a header', () => {
  const codes = faultCodes.filter((code) => code.startsWith('header-'))
  assert.equal(
    codes.filter((code) => !hostile.some((one) => one.code === code)),
    // What the partition and the configuration say: test/fake/lasting.test.ts, test/fake/owner-keyslot.test.ts.
    ['header-extent', 'header-owner', 'header-key'],
  )
  assert.is(new Set(hostile.map(({ name }) => name)).size, hostile.length)
})

test('a header without our token opens for nobody but its passphrase', () => {
  const bare = withTree(goodArea('xts'), (tree) => Object.assign(tree, { tokens: {} }))
  const luks2 = parseLuks2(bare, 'job-store', 'xts')
  assert.is(faultOf(() => sealedIn(luks2, 'job-store', undefined)).fault.code, 'header-token')
  assert.is(faultOf(() => unlockForTee(luks2, 'job-store', tee)).fault.code, 'header-mac')
  assert.equal(openLuks2(luks2, 'job-store', 0, tee.passphrase), volumeKeyOf('xts'))
})

test('without a memory outside the disk any generation is taken', () => {
  const luks2 = parseLuks2(goodArea('xts'), 'job-store', 'xts')
  assert.is(sealedIn(luks2, 'job-store', undefined).generation, generation)
  assert.is(faultOf(() => sealedIn(luks2, 'job-store', 8)).fault.code, 'header-generation')
})

test('noise is no header', () => {
  const area = counting('noise')(headerAreaBytes)
  assert.is(faultOf(() => parseLuks2(area, 'job-store')).fault.code, 'header-foreign')
})

test.run()
