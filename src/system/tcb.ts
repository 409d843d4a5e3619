// A TCB version of SEV-SNP: print / parse, and order. Pure. Eight components of a byte each: which byte is which component
// differs between Milan, Genoa and Turin, and nothing here depends on it.

/** As it is said and kept: 16 hexadecimal digits. */
export const printTcb = (tcb: bigint): string => tcb.toString(16).padStart(16, '0')

/** Undefined for anything `printTcb` does not print. */
export const parseTcb = (text: string): bigint | undefined =>
  /^[0-9a-f]{16}$/.test(text) ? BigInt(`0x${text}`) : undefined

const components = [0n, 8n, 16n, 24n, 32n, 40n, 48n, 56n]

const component = (tcb: bigint, at: bigint): bigint => (tcb >> at) & 0xffn

/** Whether each component of `one` is at most that of `other`. */
export const tcbAtMost = (one: bigint, other: bigint): boolean =>
  components.every((at) => component(one, at) <= component(other, at))

/** In each component the lower of both, so that the whole is at most either. */
export const lowerTcb = (one: bigint, other: bigint): bigint =>
  components.reduce((sum, at) => {
    const [a, b] = [component(one, at), component(other, at)]
    return sum | ((a < b ? a : b) << at)
  }, 0n)
