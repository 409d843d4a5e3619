// The partition table: printed, parsed, and each forged field refused by name.

import { crc32 } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { faultOf, say } from '../../../src/fault/index.ts'
import {
  type Gpt,
  type GptPartition,
  gptAttributes,
  gptBlockSize,
  headBlocks,
  parseGpt,
  printGpt,
  tailBlocks,
} from '../../../src/layout/gpt.ts'
import { gptPartition, gptSample } from '../../with/gpt-sample.ts'

// A generator with a fixed seed: a failure can be repeated.
let seed = 20260101
const random = (below: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed % below
}
const randomGuid = (): string =>
  '00000000-0000-0000-0000-000000000000'.replace(/0/g, () => (1 + random(15)).toString(16))

const randomGpt = (): Gpt => {
  const blockSize = random(2) === 0 ? 512 : 4096
  let at = BigInt(headBlocks(blockSize))
  const partitions: GptPartition[] = []
  for (let number = 1; number <= 128; number++) {
    if (random(4) !== 0) continue
    const first = at + BigInt(random(3))
    const last = first + BigInt(random(100))
    at = last + 1n
    const name = 'aZ-9 é漢\ud83d'.slice(0, random(9)).repeat(random(5))
    const attributes = random(2) === 0 ? 0n : gptAttributes.readOnly | gptAttributes.noAuto
    partitions.push({ number, type: randomGuid(), uuid: randomGuid(), name, first, last, attributes })
  }
  const blocks = at + BigInt(tailBlocks(blockSize)) + BigInt(random(5))
  return { uuid: randomGuid(), blockSize, blocks, partitions }
}

const reason = (head: Uint8Array, blockSize = 512, blocks = gptSample.blocks): string => {
  try {
    parseGpt(head, blockSize, blocks)
  } catch (thrown) {
    assert.is(faultOf(thrown).code, 'gpt-invalid')
    return say(faultOf(thrown))
  }
  return 'accepted'
}

/** The gptSample's head with some bytes changed and both checksums right again. */
const forged = (change: (head: Buffer) => void, gpt = gptSample): Buffer => {
  const head = Buffer.from(printGpt(gpt).head)
  const header = head.subarray(512, 512 + 92)
  change(head)
  header.writeUInt32LE(crc32(head.subarray(1024, 1024 + 128 * 128)), 88)
  header.writeUInt32LE(0, 16)
  header.writeUInt32LE(crc32(header), 16)
  return head
}

test('a table for blocks of the other size is named, with what to do, and never used', () => {
  const of = (blockSize: number): Gpt => ({
    ...gptSample,
    blockSize,
    partitions: [gptPartition(1, 2048n, 4095n)],
  })
  for (const [made, disk] of [
    [512, 4096],
    [4096, 512],
  ] as const) {
    const head = Buffer.concat([printGpt(of(made)).head, Buffer.alloc(1 << 15)])
    const said = reason(head, disk)
    assert.ok(
      said.includes(`the disk has logical blocks of ${disk} bytes, and its table is for blocks of ${made}`),
      said,
    )
    assert.ok(said.includes(`logical_block_size=${made}`) && said.includes(`--sector-size ${disk}`), said)
    // Eight bytes alone are no table, and neither is anything else.
    for (const garbage of [head.fill(0, made + 8, made + 92), head.fill(0x5a, made, made + 8)])
      assert.match(reason(garbage, disk), /there is none;|there is none$/)
  }
})

test('of two tables, one for each size of blocks, the disk takes that of its own size', () => {
  const small = { ...gptSample, partitions: [] }
  const large: Gpt = { ...gptSample, blockSize: 4096, partitions: [gptPartition(1, 2048n, 4095n)] }
  const head = Buffer.alloc(1 << 15)
  Buffer.from(printGpt(large).head).copy(head)
  // The header of the other table lies in the first block of 4096, its entries in what the larger table leaves free.
  Buffer.from(printGpt(small).head).copy(head, 512, 512, 1024)
  assert.is(parseGpt(head, 4096, large.blocks).partitions.length, 1)
  // Eight bytes at the other place hide no good table from who reads a file.
  assert.is(gptBlockSize(Buffer.from(head).fill(0, 520, 1024)), 4096)
  // The smaller table's entries are the other's bytes, so its own check fails.
  assert.match(reason(head, 512), /the checksum of its entries is wrong/)
})

test('what is printed is what is parsed', () => {
  for (let i = 0; i < 300; i++) {
    const gpt = randomGpt()
    assert.equal(parseGpt(printGpt(gpt).head, gpt.blockSize, gpt.blocks), gpt)
  }
})

test('any one flipped bit of the header or the entries is noticed', () => {
  const { head } = printGpt(gptSample)
  for (let i = 0; i < 2000; i++) {
    const at = i < 92 * 8 ? 512 * 8 + i : 1024 * 8 + random(128 * 128 * 8)
    const bad = Uint8Array.from(head)
    bad[at >> 3] = (bad[at >> 3] ?? 0) ^ (1 << (at & 7))
    assert.is.not(reason(bad), 'accepted', `bit ${at}`)
  }
})

test('the bytes are those of the specification', () => {
  const { head, tail } = printGpt(gptSample)
  const hex = (bytes: Uint8Array, at: number, length: number) =>
    Buffer.from(bytes.subarray(at, at + length)).toString('hex')
  assert.is(head.length, 34 * 512)
  assert.is(tail.length, 33 * 512)
  assert.is(hex(head, 446, 16), '00000200eeffffff01000000ff4f0000')
  assert.is(hex(head, 510, 2), '55aa')
  assert.is(hex(head, 512, 16), '4546492050415254000001005c000000')
  assert.is(
    hex(head, 512 + 24, 32),
    '0100000000000000ff4f00000000000022000000000000 00de4f000000000000'.replace(' ', ''),
  )
  assert.is(hex(head, 512 + 56, 16), '2407c8800cf7eb87aac465106f233300')
  assert.is(hex(head, 1024, 16), 'e3bc684fcde8b14d96e7fbcaf984b709')
  assert.is(hex(head, 1024 + 32, 24), '0008000000000000ff0f0000000000000000000000000090')
  assert.is(hex(head, 1024 + 56, 16), Buffer.from('root-fs\0', 'utf16le').toString('hex'))
  assert.is(hex(tail, 32 * 512 + 24, 16), 'ff4f0000000000000100000000000000')
})

test('each forged field is refused by name', () => {
  const entry = 1024
  const cases: readonly [RegExp, (head: Buffer) => void][] = [
    [/there is none/, (h) => h.write('EFI PARP', 512)],
    [/revision/, (h) => h.writeUInt32LE(0x00010001, 512 + 8)],
    [/does not have 92 bytes/, (h) => h.writeUInt32LE(96, 512 + 12)],
    [/reserved/, (h) => h.writeUInt32LE(1, 512 + 20)],
    [/another place/, (h) => h.writeBigUInt64LE(2n, 512 + 24)],
    [/do not follow/, (h) => h.writeBigUInt64LE(3n, 512 + 72)],
    [/does not have 128 entries/, (h) => h.writeUInt32LE(0xffffffff, 512 + 80)],
    [/do not have 128 bytes/, (h) => h.writeUInt32LE(256, 512 + 84)],
    [/begin inside the table/, (h) => h.writeBigUInt64LE(33n, 512 + 40)],
    [/do not lie on the disk/, (h) => h.writeBigUInt64LE(1n << 63n, 512 + 48)],
    [/do not lie on the disk/, (h) => h.writeBigUInt64LE(20480n, 512 + 32)],
    [/partition 1 ends before/, (h) => h.writeBigUInt64LE(2047n, entry + 40)],
    [/partition 1 overlaps/, (h) => h.writeBigUInt64LE(33n, entry + 32)],
    [/partition 2 overlaps/, (h) => h.writeBigUInt64LE(4096n, entry + 40)],
    [/partition 2 ends behind/, (h) => h.writeBigUInt64LE(0xffffffffffffffffn, entry + 128 + 40)],
  ]
  for (const [expected, change] of cases) assert.match(reason(forged(change)), expected)
})

test('a checksum that is wrong is refused', () => {
  const bad = forged(() => {})
  bad.writeUInt8(1, 512 + 16)
  assert.match(reason(bad), /checksum of its header/)
  const entries = forged(() => {})
  entries.writeUInt8(1, 1024 + 127 * 128)
  assert.match(reason(entries), /checksum of its entries/)
})

test('a head that is cut, or blocks of another size, are refused', () => {
  const { head } = printGpt(gptSample)
  assert.match(reason(head.subarray(0, head.length - 1)), /too small/)
  assert.match(reason(new Uint8Array(0)), /too small/)
  assert.match(reason(head, 4096), /too small/)
  assert.match(reason(head, 1024), /1024 bytes/)
  assert.match(reason(head, 512, 100n), /do not lie on the disk/)
})

test('a table copied onto a larger disk is still read', () => {
  assert.is(reason(printGpt(gptSample).head, 512, gptSample.blocks * 2n), 'accepted')
})

test.run()
