// The event log of a firmware: of a TPM (binary_bios_measurements of Linux) and of a TD (the CCEL table). Parse, and replay to
// the registers that the events add up to. Pure. The host may have written the log: all counts and sizes are bounded.
// A replay proves nothing by itself: the owner compares the registers with a quote.
// Sources: TCG PC Client Platform Firmware Profile, section 10 (crypto-agile log); UEFI 2.10, section 38.4 (TD).

import { fail } from '../fault/index.ts'
import { type Bank, bankBytes, extended } from './register.ts'

export type LoggedEvent = {
  /** Of a TPM the number of the PCR; of a TD the number of the RTMR plus one. */
  readonly index: number
  readonly type: number
  /** Digests by bank; a bank that `Bank` does not name is left out. */
  readonly digests: Partial<Readonly<Record<Bank, Buffer>>>
  /** The firmware's own description of the measured data. */
  readonly data: Buffer
}

/** The largest log that is read: firmware reserves 64 to 256 KiB. */
export const eventLogLimit = 4 * 1024 ** 2
const eventLimit = 10_000
const bankLimit = 8

const noAction = 3

/** Digests by TCG's number of the algorithm; the size of SHA-1, SM3 and others is read from the header. */
const banks: Readonly<Record<number, Bank>> = { 11: 'sha256', 12: 'sha384' }

const bad = (reason: string): never => {
  throw fail('measure-event-log', { reason })
}

type Reader = {
  readonly left: () => number
  readonly u8: () => number
  readonly u16: () => number
  readonly u32: () => number
  readonly bytes: (count: number) => Buffer
}

const readerOf = (log: Buffer): Reader => {
  let at = 0
  const bytes = (count: number): Buffer => {
    if (count > log.length - at) return bad('it ends within an event')
    at += count
    return log.subarray(at - count, at)
  }
  return {
    left: () => log.length - at,
    u8: () => bytes(1).readUInt8(),
    u16: () => bytes(2).readUInt16LE(),
    u32: () => bytes(4).readUInt32LE(),
    bytes,
  }
}

/** Bytes of a digest by the number of its algorithm. */
type Sizes = ReadonlyMap<number, number>

/** The first event, which has the form of TPM 1.2 and names the algorithms of all others. */
const readHeader = (reader: Reader): Sizes => {
  reader.u32()
  if (reader.u32() !== noAction) return bad('it does not begin with the event that names its algorithms')
  reader.bytes(20)
  const header = readerOf(reader.bytes(reader.u32()))
  if (header.bytes(16).toString('latin1') !== 'Spec ID Event03\0')
    return bad('it is not crypto-agile: its first event is no "Spec ID Event03"')
  header.bytes(8)
  const count = header.u32()
  if (count === 0 || count > bankLimit) return bad(`it claims ${count} algorithms`)
  const sizes = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    const algorithm = header.u16()
    const size = header.u16()
    const bank = banks[algorithm]
    if (size === 0 || size > 64 || (bank !== undefined && bankBytes[bank] !== size))
      return bad(`it claims digests of ${size} bytes for algorithm 0x${algorithm.toString(16)}`)
    sizes.set(algorithm, size)
  }
  return sizes
}

const readEvent = (reader: Reader, index: number, sizes: Sizes): LoggedEvent => {
  const type = reader.u32()
  const count = reader.u32()
  if (count > bankLimit) return bad(`an event claims ${count} digests`)
  const digests: Partial<Record<Bank, Buffer>> = {}
  for (let i = 0; i < count; i++) {
    const algorithm = reader.u16()
    const size = sizes.get(algorithm)
    if (size === undefined)
      return bad(
        `an event has a digest of algorithm 0x${algorithm.toString(16)}, which the log does not announce`,
      )
    const digest = reader.bytes(size)
    const bank = banks[algorithm]
    if (bank !== undefined) digests[bank] = digest
  }
  return { index, type, digests, data: reader.bytes(reader.u32()) }
}

/** The offset of the padding: equal bytes up to the end, since the firmware reserves more space than it fills. */
const paddingFrom = (log: Buffer, byte: number): number => {
  let from = log.length
  while (from > 0 && log[from - 1] === byte) from--
  return from
}

/** Fault: `measure-event-log`. */
export const parseEventLog = (log: Buffer): readonly LoggedEvent[] => {
  if (log.length > eventLogLimit) return bad(`it has ${log.length} bytes, at most ${eventLogLimit} are read`)
  const reader = readerOf(log)
  const sizes = readHeader(reader)
  // An event may end with a few bytes of the same kind, so the padding may seem to begin within the last event.
  const padding = Math.min(paddingFrom(log, 0), paddingFrom(log, 0xff))
  const events: LoggedEvent[] = []
  while (reader.left() > 0 && log.length - reader.left() < padding) {
    if (events.length === eventLimit) return bad(`it has more than ${eventLimit} events`)
    events.push(readEvent(reader, reader.u32(), sizes))
  }
  return events
}

const locality = 'StartupLocality\0'

/** The registers by their index; a register without an event is left out. Fault: `measure-event-log`. */
export const replayEvents = (events: readonly LoggedEvent[], bank: Bank): ReadonlyMap<number, Buffer> => {
  const registers = new Map<number, Buffer>()
  for (const { index, type, digests, data } of events) {
    if (type === noAction) {
      // A TPM that was started from another locality begins PCR 0 with its number.
      if (
        index === 0 &&
        data.length === 17 &&
        data.toString('latin1', 0, 16) === locality &&
        !registers.has(0)
      )
        registers.set(0, Buffer.concat([Buffer.alloc(bankBytes[bank] - 1), data.subarray(16)]))
      continue
    }
    const digest = digests[bank] ?? bad(`an event of register ${index} has no digest of ${bank}`)
    registers.set(index, extended(bank, [digest], registers.get(index)))
  }
  return registers
}
