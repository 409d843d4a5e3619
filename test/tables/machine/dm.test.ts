// The ioctl structures of device-mapper: the bytes that the boot sends, and the answers that it refuses.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { DM, type DmMessage, dmFlags, parseDm, printDm } from '../../../src/machine/dm.ts'

const message: DmMessage = {
  name: 'root-fs',
  uuid: 'CRYPT-VERITY-00-root-fs',
  flags: dmFlags.readOnly | dmFlags.active,
  dev: '253:300',
  targets: [
    { start: 0n, sectors: 8000n, type: 'verity', text: '1 254:1 254:2 4096 4096 1000 1 sha256 ab cd' },
  ],
}

test('ioctl numbers are those of linux/dm-ioctl.h', () => {
  // _IOWR(0xfd, nr, struct dm_ioctl), nr from DM_VERSION_CMD = 0 on; sizeof(struct dm_ioctl) = 312 = 0x138
  const iowr = (nr: number) => ((3 << 30) | (312 << 16) | (0xfd << 8) | nr) >>> 0
  assert.equal(DM, {
    create: iowr(3),
    remove: iowr(4),
    suspend: iowr(6),
    status: iowr(7),
    load: iowr(9),
    tableStatus: iowr(12),
  })
})

test('a message lies where the kernel looks for it, to the byte', () => {
  const bytes = printDm(message)
  assert.is(bytes.length, 4096)
  assert.equal([bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8)], [4, 0, 0])
  assert.equal([bytes.readUInt32LE(12), bytes.readUInt32LE(16), bytes.readUInt32LE(20)], [4096, 312, 1])
  assert.is(bytes.readUInt32LE(28), 1 | 32)
  // huge_encode_dev(MKDEV(253, 300)): minor 300 = 0x12c -> 0x2c | 253 << 8 | 0x100 << 12
  assert.is(bytes.readBigUInt64LE(40), 0x2cn | (253n << 8n) | (0x100n << 12n))
  assert.is(bytes.toString('latin1', 48, 56), 'root-fs\0')
  assert.is(bytes.toString('latin1', 176, 180), 'CRYP')
  assert.is(bytes.readBigUInt64LE(312 + 8), 8000n)
  assert.is(bytes.readUInt32LE(312 + 20) % 8, 0)
  assert.is(bytes.toString('latin1', 312 + 24, 312 + 31), 'verity\0')
  assert.is(bytes.toString('latin1', 312 + 40, 312 + 47), '1 254:1')
})

test('a message reads back to the same, with and without a target', () => {
  assert.equal(parseDm(printDm(message)), message)
  const bare = { ...message, targets: [] }
  assert.equal(parseDm(printDm(bare)), bare)
})

test('the device of an answer is every number that the kernel has, and no other', () => {
  const withDevice = (packed: bigint): Buffer => {
    const bytes = printDm(message)
    bytes.writeBigUInt64LE(packed, 40)
    return bytes
  }
  assert.is(parseDm(withDevice(0xffff_ffffn))?.dev, '4095:1048575')
  assert.is(parseDm(withDevice(0x1_0000_0000n)), undefined)
  // Found by the fuzzer: makedev(3) of glibc has a number for it, 253:134218028.
  assert.is(parseDm(withDevice(0x80_0010_fd2cn)), undefined)
})

test('an answer that is not whole is not read', () => {
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = printDm(message)
    change(bytes)
    return bytes
  }
  const bad: [string, Buffer][] = [
    ['too short', printDm(message).subarray(0, 311)],
    ['another major version', changed((b) => b.writeUInt32LE(5, 0))],
    ['buffer full', changed((b) => b.writeUInt32LE(dmFlags.bufferFull, 28))],
    ['two targets', changed((b) => b.writeUInt32LE(2, 20))],
    ['data outside', changed((b) => b.writeUInt32LE(4090, 16))],
    ['data inside the head', changed((b) => b.writeUInt32LE(8, 16))],
    ['text without an end', changed((b) => b.fill(0x41, 352))],
    ['type without an end', changed((b) => b.fill(0x41, 336, 352))],
    ['name without an end', changed((b) => b.fill(0x41, 48, 176))],
    ['uuid without an end', changed((b) => b.fill(0x41, 176, 312))],
  ]
  for (const [what, bytes] of bad) assert.is(parseDm(bytes), undefined, what)
})

test('text that would not fit or is not ASCII is never sent', () => {
  assert.throws(() => printDm({ ...message, name: 'x'.repeat(128) }))
  assert.throws(() => printDm({ ...message, name: 'a\nb' }))
  assert.throws(() =>
    printDm({ ...message, targets: [{ start: 0n, sectors: 1n, type: 'verity', text: 'x'.repeat(4000) }] }),
  )
})

test.run()
