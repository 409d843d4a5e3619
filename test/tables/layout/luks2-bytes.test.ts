// Each byte of a header area, changed: refused by the boot, and by the owner but for the one MAC that is not the owner's.
// The spare area: test/fake/lasting-state.test.ts.

import { createHmac } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import { acceptHeader } from '../../../src/layout/luks2/accept.ts'
import {
  headerAreaBytes,
  type Luks2Format,
  parseLuks2,
  unlockForOwner,
} from '../../../src/layout/luks2/luks2.ts'
import { blockDiffers } from '../../../src/layout/luks2/mac.ts'
import { areaOffset, luks2Profiles, macOffset } from '../../../src/layout/luks2/profile.ts'
import { dataBytes, goodArea, mockSeal, openAll, owner, ownerKey, teeFor } from '../../with/luks2-good.ts'

const ownerless = { owner: undefined } satisfies Partial<Luks2Format>
const blockBytes = headerAreaBytes - macOffset

/** Whether a changed area is refused; what is refused in another way than by a code of a header fails the test. */
const isRefused = (open: () => unknown): boolean => {
  try {
    open()
    return false
  } catch (thrown) {
    if (thrown instanceof BootFault && /^(?:header-|seal-provider)/.test(thrown.fault.code)) return true
    throw thrown
  }
}

/** Changes one bit and puts it back. */
const withBit = <T>(area: Buffer, at: number, bit: number, act: () => T): T => {
  area.writeUInt8(area.readUInt8(at) ^ (1 << bit), at)
  try {
    return act()
  } finally {
    area.writeUInt8(area.readUInt8(at) ^ (1 << bit), at)
  }
}

/** From `from` to before `to`; `step` is a prime beside whole blocks and sectors, so that no place in them is left out. */
const offsets = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step)

/** The offsets at which a change opens all the same. */
const accepted = (area: Buffer, at: readonly number[], open: (area: Buffer) => unknown): number[] =>
  at.filter((offset) => !withBit(area, offset, offset % 8, () => isRefused(() => open(area))))

for (const [profile, who, differently] of [
  ['xts', 'with an owner', {}],
  ['xts', 'without an owner', ownerless],
  ['xts-hmac', 'with an owner', {}],
] as const)
  test(`${profile}, ${who}: the boot refuses a change of any byte, keyslots and gaps sampled`, () => {
    const area = goodArea(profile, differently)
    openAll(area, profile)
    const { areaBytes } = luks2Profiles[profile]
    const [first, second] = [areaOffset(profile, 0), areaOffset(profile, 1)]
    // The ends of each part, where an off-by-one would be.
    const edges = [0, 4096, 16_384, 20_480, first, second, second + areaBytes, macOffset, headerAreaBytes]
    const near = edges.flatMap((at) => offsets(at - 2, at + 2, 1))
    const all = [
      ...near.filter((at) => at >= 0 && at < headerAreaBytes),
      ...offsets(0, first, 53),
      ...offsets(first, macOffset, 16_411),
      ...offsets(macOffset, macOffset + 200, 1),
      ...offsets(macOffset + 200, headerAreaBytes, 31),
    ]
    assert.equal(
      accepted(area, [...new Set(all)], (changed) => openAll(changed, profile)),
      [],
    )
  })

test('the boot refuses each bit of the MACs and of the masked key', () => {
  const area = goodArea('xts')
  for (let bit = 0; bit < 8; bit++)
    for (const at of offsets(macOffset + bit, macOffset + 176, 8))
      assert.ok(
        withBit(area, at, bit, () => isRefused(() => openAll(area, 'xts'))),
        `${at} ${bit}`,
      )
})

test("the owner refuses a change of any byte of the block but of the TEE's MAC, whose key the owner has not", () => {
  const area = goodArea('xts')
  const open = (changed: Buffer) =>
    unlockForOwner(parseLuks2(changed, 'job-store', 'xts'), 'job-store', owner)
  const teeMac = offsets(macOffset + 16, macOffset + 48, 1)
  const others = [
    ...offsets(macOffset, macOffset + 16, 1),
    ...offsets(macOffset + 48, macOffset + 200, 1),
    ...offsets(macOffset + 200, headerAreaBytes, 127),
    ...offsets(areaOffset('xts', 0), macOffset, 65_537),
  ]
  // Opening a keyslot takes 8000 hashes, so that few of the bytes that are left alone are tried.
  assert.equal(accepted(area, [...teeMac.slice(0, 2), ...others], open), teeMac.slice(0, 2))
})

test('the MACs are those of the page: HMAC-SHA-512 of the whole area, with zeroes where a MAC is not made yet', () => {
  for (const differently of [{}, ownerless]) {
    const area = goodArea('xts', differently)
    const mac = (key: Buffer, zeroed: number): Buffer => {
      const bytes = Buffer.from(area)
      bytes.fill(0, 1_044_496, 1_044_496 + zeroed)
      return createHmac('sha512', key).update(bytes).digest().subarray(0, 32)
    }
    assert.is(area.toString('latin1', 1_044_480, 1_044_496), 'cvmboot MAC 3\0\0\0')
    assert.equal(area.subarray(1_044_496, 1_044_528), mac(teeFor('xts').mac, 32))
    const ofOwner = differently === ownerless ? Buffer.alloc(32) : mac(owner.mac, 64)
    assert.equal(area.subarray(1_044_528, 1_044_560), ofOwner)
  }
})

/** As builds before made them: title 2, and MACs over what lies before the block and the masked key. */
const earlier = (number: number): Buffer => {
  const area = goodArea('xts', ownerless)
  area.write(`cvmboot MAC ${number}`, macOffset)
  const old = createHmac('sha512', teeFor('xts').mac)
    .update(area.subarray(0, macOffset))
    .update(area.subarray(macOffset + 80, macOffset + 176))
    .digest()
  area.set(old.subarray(0, 32), macOffset + 16)
  return area
}

test('a header of an earlier build does not open, and the refusal says what to do', () => {
  for (const number of [1, 2])
    assert.throws(
      () => openAll(earlier(number), 'xts'),
      (thrown: unknown) =>
        thrown instanceof BootFault &&
        thrown.fault.code === 'header-mac' &&
        /its MAC is of an earlier build of cvmboot.*copy the data out under that build/.test(thrown.message),
    )
})

test('each way in which a block can differ has words of its own', () => {
  const said = new Set<string>()
  const area = goodArea('xts')
  const differs = (who: 'owner' | 'nobody', change: (block: Buffer) => void): void => {
    const copy = Buffer.from(area)
    change(copy.subarray(macOffset))
    said.add(blockDiffers(copy, 64, who) ?? 'nothing')
  }
  assert.is(blockDiffers(area, 64, 'owner'), undefined)
  differs('owner', (block) => block.fill(0))
  differs('owner', (block) => void block.write('cvmboot MAC 1'))
  differs('owner', (block) => void block.write('cvmboot MAC 4'))
  differs('owner', (block) => block.fill(0, 16, 48))
  differs('owner', (block) => block.fill(0, 48, 80))
  differs('nobody', () => {})
  differs('owner', (block) => block.writeUInt8(1, 80 + 64))
  differs('owner', (block) => block.writeUInt8(1, blockBytes - 1))
  assert.is(said.size, 8)
  assert.not.ok(said.has('nothing'))
})

const known = {
  label: 'job-store',
  profile: 'xts',
  dataBytes,
  owner: { alg: ownerKey.alg, kid: ownerKey.text },
  providers: [mockSeal],
} as const

test('what is known of a volume is held against its header', () => {
  const area = goodArea('xts')
  const code = (bytes: Buffer, differently: Partial<Parameters<typeof acceptHeader>[2]>): string => {
    try {
      acceptHeader(bytes, 'job-store', { ...known, ...differently })
      return 'accepted'
    } catch (thrown) {
      return thrown instanceof BootFault ? thrown.fault.code : String(thrown)
    }
  }
  const nobodys = goodArea('xts', { volume: 'workspace', owner: undefined })
  assert.is(code(area, {}), 'accepted')
  assert.is(code(area, { label: 'any', dataBytes: 'any', owner: 'any', profile: 'claimed' }), 'accepted')
  assert.is(code(area, { label: 'workspace' }), 'header-mac')
  assert.is(code(area, { dataBytes: dataBytes - 4096n }), 'header-extent')
  assert.is(code(area, { owner: undefined }), 'header-owner')
  assert.is(code(area, { profile: 'xts-hmac' }), 'header-keyslot')
  assert.is(code(area, { providers: [] }), 'seal-provider')
  assert.is(code(area, { providers: [{ name: 'mock', isSeal: () => false }] }), 'header-token')
  assert.is(code(area, { providers: [{ name: 'mock', isSeal: () => false }, mockSeal] }), 'accepted')
  // No volume that lasts has another name; the workspace has no owner.
  assert.is(code(goodArea('xts', { volume: 'tmp-fs' }), { label: 'any' }), 'header-mac')
  assert.is(code(nobodys, { label: 'any', owner: 'any' }), 'accepted')
  assert.is(code(goodArea('xts', { volume: 'workspace' }), { label: 'any', owner: 'any' }), 'header-owner')
  assert.is(code(area, { owner: { alg: 'rsa-oaep-256', kid: ownerKey.text } }), 'header-owner')
})

test.run()
