// A TCB version of SEV-SNP: print / parse, and order. Pure. Eight components of a byte each, wherever they lie.

/** As it is said and kept: 16 hexadecimal digits. */
export const printTcb = (tcb: bigint): string => tcb.toString(16).padStart(16, '0')

/** Undefined for anything `printTcb` does not print. */
export const parseTcb = (text: string): bigint | undefined =>
  /^[0-9a-f]{16}$/.test(text) ? BigInt(`0x${text}`) : undefined

/** Whether each component of `one` is at most that of `other`. */
export const tcbAtMost = (one: bigint, other: bigint): boolean =>
  [0n, 8n, 16n, 24n, 32n, 40n, 48n, 56n].every((at) => ((one >> at) & 0xffn) <= ((other >> at) & 0xffn))
