// Forged partition tables: fields are changed one by one, and the checksums are right again, since a checksum stops nobody.

import { crc32 } from 'node:zlib'
import {
  type Gpt,
  type GptPartition,
  gptAttributes,
  gptTypes,
  headBlocks,
  parseGpt,
  printGpt,
  tailBlocks,
} from '../../src/layout/gpt.ts'
import { mutateBytes, type Random, randomOf } from './random.ts'
import { hexOf, need, orRefused, same, type Target, target } from './run.ts'

type Table = { readonly head: Uint8Array; readonly blockSize: number; readonly blocks: bigint }

const guid = (random: Random): string =>
  '00000000-0000-0000-0000-000000000000'.replace(/0/g, () => (1 + random.int(15)).toString(16))

const randomGpt = (random: Random, blockSize: number, most: number): Gpt => {
  let at = BigInt(headBlocks(blockSize))
  const partitions: GptPartition[] = []
  for (let number = 1; number <= 128; number += 1 + random.int(Math.ceil(256 / most))) {
    const first = at + BigInt(random.int(3))
    const last = first + BigInt(random.int(1000))
    at = last + 1n
    partitions.push({
      number,
      first,
      last,
      uuid: guid(random),
      type: random.pick([gptTypes.root, gptTypes.rootVerity, gptTypes.linux, guid(random)]),
      name: 'aZ-9 é漢\ud83d'.slice(0, random.int(9)).repeat(random.int(5)),
      attributes: random.once(2) ? 0n : gptAttributes.readOnly | gptAttributes.noAuto,
    })
  }
  const blocks = at + BigInt(tailBlocks(blockSize)) + BigInt(random.int(5))
  return { uuid: guid(random), blockSize, blocks, partitions }
}

/** Numbers near the edges of what is there. */
const edges = ({ blockSize, blocks }: Table, entries: Buffer): bigint[] => {
  const lba = [0, 1, 2, 3, 7].flatMap((n) => [
    entries.readBigUInt64LE(n * 128 + 32),
    entries.readBigUInt64LE(n * 128 + 40),
  ])
  return [
    ...[0n, 1n, 2n, 1n << 32n, 1n << 63n, (1n << 64n) - 1n, BigInt(headBlocks(blockSize))],
    ...[blocks, blocks - 1n, blocks - BigInt(tailBlocks(blockSize)), ...lba],
  ]
}

/** Where the entry with the highest number in use begins. */
const lastEntry = (entries: Buffer): number => {
  let at = 127 * 128
  while (at > 0 && entries.readBigUInt64LE(at) === 0n) at -= 128
  return at
}

const headerFields32 = [8, 12, 16, 20, 80, 84, 88] as const
const headerFields64 = [24, 32, 40, 48, 72] as const

const forge = (random: Random, table: Table): Table => {
  const { blockSize } = table
  const bytes = Buffer.from(table.head)
  const header = bytes.subarray(blockSize, blockSize + 92)
  const entries = bytes.subarray(2 * blockSize)
  const near = edges(table, entries)
  const number = (): bigint => BigInt.asUintN(64, random.pick(near) + BigInt(random.int(5) - 2))
  for (let n = random.int(5); n > 0; n--) {
    // Most partitions are among the first.
    const entry = random.pick([0, 1, 2, 3, random.int(128)]) * 128
    const other = random.int(128) * 128
    switch (random.int(10)) {
      case 0:
        header.writeUInt32LE(
          Number(
            BigInt.asUintN(32, random.once(2) ? number() : BigInt(random.pick([91, 93, 127, 129, 256]))),
          ),
          random.pick(headerFields32),
        )
        break
      case 1:
        header.writeBigUInt64LE(number(), random.pick(headerFields64))
        break
      case 2:
        entries.copy(entries, other, entry, entry + 128)
        break
      case 3:
        entries.fill(random.pick([0, 0x41, 0xd8]), entry + 56, entry + 128)
        break
      case 4:
        entries.fill(0, entry, entry + random.pick([16, 128]))
        break
      case 5:
        entries.writeUInt8(random.int(256), entry + random.int(128))
        break
      case 6:
        header.writeUInt8(random.int(256), random.int(92))
        break
      case 7: {
        // The last partition grows and the usable blocks with it: over the backup table, say.
        const last = number()
        header.writeBigUInt64LE(last, 48)
        entries.writeBigUInt64LE(last, lastEntry(entries) + 40)
        break
      }
      default:
        entries.writeBigUInt64LE(number(), entry + random.pick([32, 40, 40, 48]))
    }
  }
  if (!random.once(20)) {
    header.writeUInt32LE(crc32(bytes.subarray(2 * blockSize, headBlocks(blockSize) * blockSize)), 88)
    header.writeUInt32LE(0, 16)
    header.writeUInt32LE(crc32(header), 16)
  }
  const blocks = random.once(8) ? number() : table.blocks
  if (!random.once(20)) return { head: bytes, blockSize, blocks }
  return { head: mutateBytes(random, bytes, [0, blockSize, 2 * blockSize]), blockSize, blocks }
}

const check = ({ head, blockSize, blocks }: Table): boolean => {
  const gpt = orRefused(/^gpt-invalid$/, () => parseGpt(head, blockSize, blocks))
  if (gpt === undefined) return false
  need(gpt.blocks === blocks && gpt.blockSize === blockSize, 'it is of another disk')
  const taken: GptPartition[] = []
  for (const p of gpt.partitions) {
    need(p.first >= BigInt(headBlocks(blockSize)) && p.first <= p.last, `partition ${p.number} begins badly`)
    need(p.last < blocks, `partition ${p.number} ends behind the disk`)
    need(p.number >= 1 && p.number <= 128 && p.name.length <= 36, `partition ${p.number} is none`)
    for (const q of taken) {
      need(p.number !== q.number, `two partitions ${p.number}`)
      need(p.first > q.last || p.last < q.first, `partitions ${p.number} and ${q.number} overlap`)
    }
    taken.push(p)
  }
  same(parseGpt(printGpt(gpt).head, blockSize, blocks), gpt, 'printed, it reads differently')
  return true
}

const show = ({ head, blockSize, blocks }: Table): string =>
  `blocks of ${blockSize}, ${blocks} of them, and a head of ${head.length} bytes:\n${hexOf(head)}`

export const gptTarget = (blockSize: number): Target =>
  target<Table>({
    name: `GPT, blocks of ${blockSize}`,
    cost: 4,
    seeds: [1, 2, 8, 20, 64].map((most) => {
      const gpt = randomGpt(randomOf(most), blockSize, most)
      return { head: printGpt(gpt).head, blockSize, blocks: gpt.blocks }
    }),
    mutate: forge,
    check,
    show,
  })
