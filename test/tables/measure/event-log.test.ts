// Event logs of real TDs (testdata of google/go-eventlog v0.0.2, Apache-2.0), with the registers to which that library replays
// them, and logs that lie.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { eventLogLimit, parseEventLog, replayEvents } from '../../../src/measure/event-log.ts'
import type { Digests } from '../../../src/measure/program.ts'
import { digestOf } from '../../../src/measure/register.ts'
import { fromDisk, fromQemu } from '../../../src/measure/rtmr.ts'
import { firmwareEvents } from '../../../src/measure/uki-events.ts'
import { refused } from '../../with/refused.ts'

const log = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'vectors', name))

const registersOf = (bytes: Buffer): readonly string[] =>
  [...replayEvents(parseEventLog(bytes), 'sha384')]
    .toSorted(([a], [b]) => a - b)
    .map(([index, value]) => `${index} ${value.toString('hex')}`)

const real = {
  'ccel-19-events.bin': [
    '1 8083cd6898cc52a90231cdf9c0532bf9513c40465c6f71e56cbe32ee2c11a9dfc030297ca3ca0f62477d6d1f610d3fdb',
    '2 6484f0d72c03521c0434553be34e8db8228b729e799666d2b7754085c77aa9981f5a440df3047194b24f212ff1160c1e',
    '3 c3e7ed9d7e909b29732f676d01dc63de869b049362b522a315cb042689670be07344c347cf85d985c7b928d4934e41e1',
  ],
  'ccel-cos-113.bin': [
    '1 a4de2df23e9611299123ba4359c42a5e578b0f8488bf1bba8ef5606d9ea5d81c97c064b482a5eac537d166bd0f0f752d',
    '2 0ee9366c928a77092f55e9e114c7394181fd264699155f0df77d23577618d5f650568a17d379355a07bd846e552f4e20',
    '3 4969684dc87381fc3b3134176c8d8806eaf0a901859f5f70cfae8d17714b46c10a8de219048c9fc09f11f381a6fbe7c1',
  ],
} as const

test('two logs of TDs replay to the registers that go-eventlog computes', () => {
  for (const [name, registers] of Object.entries(real)) assert.equal(registersOf(log(name)), registers, name)
})

/** The digests that a log extends into RTMR 1. */
const rtmr1 = (name: string): readonly Digests[] =>
  parseEventLog(log(name)).flatMap(({ index, digests: { sha384 } }) =>
    // No check of a TD reads the other bank.
    index === 2 && sha384 !== undefined ? [{ sha384, sha256: sha384 }] : [],
  )

test('RTMR 1 of a real TD that started from a disk is composed as the prediction composes RTMR 1', () => {
  const name = 'ccel-cos-113-separator.bin'
  const [calling, separator, gpt, ...rest] = rtmr1(name)
  assert.equal(
    [calling, separator].map((one) => one?.sha384),
    [firmwareEvents.calling.sha384, firmwareEvents.separator.sha384],
  )
  const programs = rest.slice(0, -firmwareEvents.exit.length)
  assert.is(programs.length, 2)
  const reported = replayEvents(parseEventLog(log(name)), 'sha384').get(2)
  assert.equal(fromDisk(programs, gpt), reported)
  assert.not.equal(fromDisk(programs, undefined), reported)
})

test('RTMR 1 of a real TD with an older firmware lacks the separator, so it equals no predicted value', () => {
  const name = 'ccel-19-events.bin'
  const [program, ...others] = rtmr1(name)
  assert.equal(
    others.map(({ sha384 }) => sha384),
    [firmwareEvents.calling, ...firmwareEvents.exit].map(({ sha384 }) => sha384),
  )
  assert.ok(program !== undefined)
  assert.not.equal(fromQemu([program]), replayEvents(parseEventLog(log(name)), 'sha384').get(2))
})

test('what the firmware reserved behind the log changes nothing', () => {
  for (const [name, registers] of Object.entries(real))
    for (const byte of [0x00, 0xff])
      assert.equal(registersOf(Buffer.concat([log(name), Buffer.alloc(65_536, byte)])), registers, name)
})

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

type Algorithm = readonly [number, number]

const header = (algorithms: readonly Algorithm[], signature = 'Spec ID Event03\0'): Buffer => {
  const list = algorithms.flatMap(([algorithm, size]) => [u16(algorithm), u16(size)])
  const data = Buffer.concat([
    Buffer.from(signature),
    Buffer.alloc(8),
    u32(algorithms.length),
    ...list,
    Buffer.alloc(1),
  ])
  return Buffer.concat([u32(0), u32(3), Buffer.alloc(20), u32(data.length), data])
}

const event = (
  index: number,
  type: number,
  digests: readonly (readonly [number, Buffer])[],
  data: Buffer,
): Buffer =>
  Buffer.concat([
    u32(index),
    u32(type),
    u32(digests.length),
    ...digests.flatMap(([algorithm, digest]) => [u16(algorithm), digest]),
    u32(data.length),
    data,
  ])

const both: readonly Algorithm[] = [
  [4, 20],
  [11, 32],
]
const digest = Buffer.alloc(32, 7)
const good = event(
  4,
  4,
  [
    [4, Buffer.alloc(20, 1)],
    [11, digest],
  ],
  Buffer.from('data'),
)

test('a TPM that was started from another locality begins PCR 0 with its number, and other notes extend nothing', () => {
  const locality = Buffer.concat([Buffer.from('StartupLocality\0'), Buffer.from([3])])
  const none = [
    [4, Buffer.alloc(20)],
    [11, Buffer.alloc(32)],
  ] as const
  const bytes = Buffer.concat([
    header(both),
    event(0, 3, none, locality),
    event(
      0,
      1,
      [
        [4, Buffer.alloc(20)],
        [11, digest],
      ],
      Buffer.alloc(0),
    ),
    event(1, 3, none, Buffer.from('a note')),
    good,
  ])
  const registers = replayEvents(parseEventLog(bytes), 'sha256')
  const start = Buffer.concat([Buffer.alloc(31), Buffer.from([3])])
  assert.equal([...registers.keys()], [0, 4])
  assert.equal(registers.get(0), digestOf('sha256', start, digest))
  assert.equal(registers.get(4), digestOf('sha256', Buffer.alloc(32), digest))
})

const lies: readonly (readonly [string, RegExp, Buffer])[] = [
  ['nothing', /ends within an event/, Buffer.alloc(0)],
  ['a log of TPM 1.2', /not crypto-agile/, header(both, 'Spec ID Event02\0')],
  ['an event first', /does not begin/, good],
  ['no algorithm', /claims 0 algorithms/, header([])],
  [
    'a hundred algorithms',
    /claims 100 algorithms/,
    header(Array.from({ length: 100 }, () => [4, 20] as const)),
  ],
  ['a short SHA-256', /digests of 20 bytes/, header([[11, 20]])],
  ['a digest of 1,000 bytes', /digests of 1000 bytes/, header([[0x27, 1000]])],
  ['an event that is cut off', /ends within an event/, Buffer.concat([header(both), good.subarray(0, -1)])],
  [
    'data of 4 GiB',
    /ends within an event/,
    Buffer.concat([header(both), good.subarray(0, -8), u32(0xffff_ffff), Buffer.from('data')]),
  ],
  [
    'a million digests',
    /claims 1000000 digests/,
    Buffer.concat([header(both), u32(4), u32(4), u32(1_000_000), digest]),
  ],
  [
    'a digest that nobody announced',
    /0xc, which the log does not announce/,
    Buffer.concat([header(both), event(4, 4, [[12, Buffer.alloc(48)]], digest)]),
  ],
  [
    '20,000 events',
    /more than 10000 events/,
    Buffer.concat([header(both), ...Array.from({ length: 20_000 }, () => good)]),
  ],
  ['a log beyond the limit', /at most 4194304 are read/, Buffer.alloc(eventLogLimit + 1)],
]

for (const [what, reason, bytes] of lies)
  test(`${what} is refused`, () => refused('measure-event-log', reason, () => parseEventLog(bytes)))

test('a log without digests of the bank is refused, and not replayed to zeroes', () =>
  refused('measure-event-log', /no digest of sha384/, () =>
    replayEvents(parseEventLog(Buffer.concat([header(both), good])), 'sha384'),
  ))

test('events of zeroes with a byte behind them cost no more than the log is long', () => {
  const bytes = Buffer.concat([header(both), Buffer.alloc(2 ** 21), Buffer.from([1])])
  const started = performance.now()
  try {
    parseEventLog(bytes)
  } catch {
    // Refused or not, it is the time that counts.
  }
  assert.ok(performance.now() - started < 2000)
})

test.run()
