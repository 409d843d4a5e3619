// One boot as data: what the state says, and where they are known the kernel's and systemd's own times. Pure. All times
// are milliseconds since the machine's start.

import { fail } from '../../fault/index.ts'
import { parseState, type State, whyNoState } from '../../proof/state.ts'

export type Span = { readonly from: number; readonly to: number }

export type BootRecord = {
  readonly state: State
  /** Of the initramfs, by the kernel, which goes on meanwhile. */
  readonly unpacking: Span | undefined
  /** Of the new root's systemd; without `to` while it starts. */
  readonly system: { readonly from: number; readonly to: number | undefined } | undefined
}

/** Milliseconds of the first line with these words, as `dmesg` prints it or /dev/kmsg has it. */
const timeOf = (log: string, words: string): number | undefined => {
  const line = log.split('\n').find((one) => one.includes(words))
  if (line === undefined) return undefined
  const seconds = /^(?:<\d+>)?\[ *(\d+\.\d+)\]/.exec(line)?.[1]
  const microseconds = /^\d+,\d+,(\d+),/.exec(line)?.[1]
  if (seconds !== undefined) return Number(seconds) * 1000
  return microseconds === undefined ? undefined : Number(microseconds) / 1000
}

/** init/initramfs.c says both of these. */
export const parseUnpacking = (log: string): Span | undefined => {
  const from = timeOf(log, 'Trying to unpack rootfs image as initramfs')
  const to = timeOf(log, 'Freeing initrd memory')
  return from === undefined || to === undefined || to < from ? undefined : { from, to }
}

/** What `systemctl show` says of its own start; undefined where it does not. */
export const parseSystem = (shown: string): BootRecord['system'] => {
  const of = (name: string) =>
    Number(new RegExp(`^${name}TimestampMonotonic=(\\d{1,15})$`, 'm').exec(shown)?.[1] ?? 0) / 1000
  const from = of('Userspace')
  const to = of('Finish')
  return from === 0 ? undefined : { from, to: to > from ? to : undefined }
}

/** A report can be of another boot. */
export const unreadState = (path: string, reason: string) =>
  fail('state-read', { path, reason, also: ', or name the state of a boot with --state' })

/** `log` of the kernel, `shown` by systemctl, where there are any. Fault: `state-read`. */
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
