// A TCB version of SEV-SNP: print / parse, and order. Pure. A version has eight components of a byte each. Milan, Genoa and Turin
// order the components in different ways, and nothing here depends on the order.

/** The form in messages, headers and configuration: 16 hexadecimal digits. */
export const printTcb = (tcb: bigint): string => tcb.toString(16).padStart(16, '0')

/** Undefined for every text that `printTcb` does not print. */
export const parseTcb = (text: string): bigint | undefined =>
  /^[0-9a-f]{16}$/.test(text) ? BigInt(`0x${text}`) : undefined

const components = [0n, 8n, 16n, 24n, 32n, 40n, 48n, 56n]

const component = (tcb: bigint, at: bigint): bigint => (tcb >> at) & 0xffn

/** Whether no component of `one` is larger than the same component of `other`. */
export const tcbAtMost = (one: bigint, other: bigint): boolean =>
  components.every((at) => component(one, at) <= component(other, at))

/** The version that has the lower of the two values in each component. It is at most `one`, and at most `other`. */
export const lowerTcb = (one: bigint, other: bigint): bigint =>
  components.reduce((sum, at) => {
    const [a, b] = [component(one, at), component(other, at)]
    return sum | ((a < b ? a : b) << at)
  }, 0n)
