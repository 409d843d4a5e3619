// MRTD of a small firmware whose sections are known, by the records that the specification lists, written out here once more.

import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { faultOf } from '../../../src/fault/index.ts'
import { printGuid } from '../../../src/layout/guid.ts'
import { parseFirmware, tdxLayout } from '../../../src/measure/firmware.ts'
import { mrtd } from '../../../src/measure/tdx.ts'

type Section = readonly [
  offset: number,
  raw: number,
  gpa: number,
  memory: number,
  type: number,
  attributes: number,
]

const size = 4 * 4096

/** An image of four pages with TDX metadata at 0x100 of the last page and the table of GUIDs at its end. */
const firmware = (sections: readonly Section[], change: (image: Buffer) => void = () => {}): Buffer => {
  const image = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7 + Math.floor(i / 4096)) % 251))
  const metadata = size - 4096 + 0x100
  image.write('TDVF', metadata, 'latin1')
  image.writeUInt32LE(16 + 32 * sections.length, metadata + 4)
  image.writeUInt32LE(1, metadata + 8)
  image.writeUInt32LE(sections.length, metadata + 12)
  for (const [i, [offset, raw, gpa, memory, type, attributes]] of sections.entries()) {
    const at = metadata + 16 + 32 * i
    image.writeUInt32LE(offset, at)
    image.writeUInt32LE(raw, at + 4)
    image.writeBigUInt64LE(BigInt(gpa), at + 8)
    image.writeBigUInt64LE(BigInt(memory), at + 16)
    image.writeUInt32LE(type, at + 24)
    image.writeUInt32LE(attributes, at + 28)
  }
  const end = size - 32
  printGuid('96b582de-1fb2-45f7-baea-a366c55a082d').copy(image, end - 16)
  image.writeUInt16LE(18 + 22, end - 18)
  printGuid('e47a6535-984a-4798-865e-4685a7bf8ec2').copy(image, end - 18 - 16)
  image.writeUInt16LE(22, end - 18 - 18)
  image.writeUInt32LE(size - metadata, end - 18 - 22)
  change(image)
  return image
}

/** Boot code of one page and a half, extended; a page of variables that is only added; memory that the TD itself accepts. */
const sections: readonly Section[] = [
  [0, 6144, 0xffff_c000, 8192, 0, 1],
  [8192, 4096, 0xffff_e000, 4096, 1, 0],
  [0, 0, 0x80_9000, 8192, 3, 0],
  [0, 0, 0, 0x10_0000, 4, 0],
]

const name = (text: string, gpa: number): Buffer => {
  const bytes = Buffer.alloc(128)
  bytes.write(text)
  bytes.writeBigUInt64LE(BigInt(gpa), 16)
  return bytes
}

test('each page is added, and what is extended is extended in chunks of 256 bytes, page by page or section by section', () => {
  const image = firmware(sections)
  const content = Buffer.concat([image.subarray(0, 6144), Buffer.alloc(2048)])
  const add = (gpa: number) => name('MEM.PAGE.ADD', gpa)
  const extend = (page: number) =>
    Buffer.concat(
      Array.from({ length: 16 }, (_, i) => {
        const at = page * 4096 + i * 256
        return Buffer.concat([name('MR.EXTEND', 0xffff_c000 + at), content.subarray(at, at + 256)])
      }),
    )
  const rest = [0xffff_e000, 0x80_9000, 0x80_a000].map(add)
  const [first, second] = [add(0xffff_c000), add(0xffff_d000)]
  const hash = (...parts: Buffer[]) => createHash('sha384').update(Buffer.concat(parts)).digest('hex')
  const parsed = parseFirmware(image)
  assert.is(mrtd(parsed, 'page').toString('hex'), hash(first, extend(0), second, extend(1), ...rest))
  assert.is(mrtd(parsed, 'section').toString('hex'), hash(first, second, extend(0), extend(1), ...rest))
})

test('metadata that name what the image does not have, or no whole pages, are refused', () => {
  const [first, ...others] = sections
  if (first === undefined) return assert.unreachable()
  const withFirst = (at: number, value: number): Section[] => [
    first.map((field, i) => (i === at ? value : field)) as unknown as Section,
    ...others,
  ]
  for (const [what, bad] of [
    ['content behind the end', firmware(withFirst(0, size))],
    ['more content than memory', firmware(withFirst(1, 12_288))],
    ['an address within a page', firmware(withFirst(2, 0xffff_c001))],
    ['memory that is no whole page', firmware(withFirst(3, 8193))],
    ['a tebibyte', firmware(withFirst(3, 2 ** 40))],
    ['another signature', firmware(sections, (b) => b.write('XXXX', size - 4096 + 0x100))],
    ['another version', firmware(sections, (b) => b.writeUInt32LE(2, size - 4096 + 0x108))],
    ['a thousand sections', firmware(sections, (b) => b.writeUInt32LE(1000, size - 4096 + 0x10c))],
    ['metadata before the image', firmware(sections, (b) => b.writeUInt32LE(size + 1, size - 32 - 40))],
    ['no metadata', firmware(sections, (b) => b.fill(0, size - 32 - 34, size - 32 - 18))],
  ] as const) {
    try {
      tdxLayout(parseFirmware(bad))
      assert.unreachable(what)
    } catch (thrown) {
      assert.is(faultOf(thrown).code, 'measure-firmware', what)
    }
  }
})

test.run()
