// The record of one boot: the state, and the times of the kernel and of systemd where these are known. All times are
// milliseconds since the start of the machine. Pure.

import { type Fault, fail } from '../../fault/index.ts'
import { parseState, type State, whyNoState } from '../../proof/state.ts'
import type { Measurement } from '../measurement.ts'

export type Span = { readonly from: number; readonly to: number }

export type BootRecord = {
  /** The verdict of a manifest on the launch, or the reason why nothing was compared; absent where no manifest is given. */
  readonly measurement?: Measurement | Fault
  readonly state: State
  /** The time in which the kernel unpacked the initramfs; the kernel does other work at the same time. */
  readonly unpacking: Span | undefined
  /** The start of the new root's systemd; without `to` while systemd still starts units. */
  readonly system: { readonly from: number; readonly to: number | undefined } | undefined
}

/** The time of the first line with these words, in a log of `dmesg` or of /dev/kmsg. */
const timeOf = (log: string, words: string): number | undefined => {
  const line = log.split('\n').find((one) => one.includes(words))
  if (line === undefined) return undefined
  const seconds = /^(?:<\d+>)?\[ *(\d+\.\d+)\]/.exec(line)?.[1]
  const microseconds = /^\d+,\d+,(\d+),/.exec(line)?.[1]
  if (seconds !== undefined) return Number(seconds) * 1000
  return microseconds === undefined ? undefined : Number(microseconds) / 1000
}

/** The time between two messages of the kernel's init/initramfs.c. */
export const parseUnpacking = (log: string): Span | undefined => {
  const from = timeOf(log, 'Trying to unpack rootfs image as initramfs')
  const to = timeOf(log, 'Freeing initrd memory')
  return from === undefined || to === undefined || to < from ? undefined : { from, to }
}

/** The start of systemd, as `systemctl show` prints it; undefined where the text does not say it. */
export const parseSystem = (shown: string): BootRecord['system'] => {
  const of = (name: string) =>
    Number(new RegExp(`^${name}TimestampMonotonic=(\\d{1,15})$`, 'm').exec(shown)?.[1] ?? 0) / 1000
  const from = of('Userspace')
  const to = of('Finish')
  return from === 0 ? undefined : { from, to: to > from ? to : undefined }
}

/** The fault `state-read`, with the advice that a report can be of another boot. */
export const unreadState = (path: string, reason: string) =>
  fail('state-read', { path, reason, also: ', or name the state of a boot with --state' })

/** `log`: the log of the kernel. `shown`: the output of `systemctl show`. Both may be absent. Fault: `state-read`. */
export const readRecord = (
  path: string,
  state: string | undefined,
  log: string | undefined,
  shown: string | undefined,
): BootRecord => {
  if (state === undefined) throw unreadState(path, 'there is no such file')
  const found = parseState(state)
  if (found === undefined) throw unreadState(path, whyNoState(state))
  return { state: found, unpacking: parseUnpacking(log ?? ''), system: parseSystem(shown ?? '') }
}
