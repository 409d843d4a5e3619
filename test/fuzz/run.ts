// The shape of a fuzzed parser, and the loop that feeds the parser.

import { isDeepStrictEqual } from 'node:util'
import { BootFault, type FaultCode } from '../../src/fault/index.ts'
import { type Random, randomOf, seedOf } from './random.ts'

/** One parser. `check` reads an input, says whether it was accepted, and throws on anything that must not be. */
type Row<Input> = {
  readonly name: string
  /** Relative to the others: an expensive one gets fewer inputs. */
  readonly cost: number
  /** Inputs it gets at least of a million in all, however expensive it is. */
  readonly least?: number
  /** Inputs the parser accepts: all others are made from these. */
  readonly seeds: readonly Input[]
  readonly mutate: (random: Random, seed: Input) => Input
  readonly check: (input: Input) => boolean | Promise<boolean>
  readonly show: (input: Input) => string
}

export type Target = {
  readonly name: string
  readonly cost: number
  readonly least: number
  readonly seeds: number
  /** Checks input `i`; below `seeds` that is a seed as it is. Throws a `Finding`. */
  readonly feed: (seed: number, i: number) => Promise<boolean>
}

/** An input that a parser must not have taken so, with all that makes it again. */
export class Finding extends Error {
  constructor(name: string, seed: number, i: number, input: string, thrown: unknown) {
    const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    const shown = input.length > 20_000 ? `${input.slice(0, 20_000)}… (${input.length} characters)` : input
    super(`${name}, seed ${seed}, input number ${i}:\n${shown}\n${what.slice(0, 3000)}`)
    this.name = 'Finding'
  }
}

/** Slower than this for one input of a few KiB is work that the host decides. Far above a busy machine's pauses. */
const mostMilliseconds = 5000

export const target = <Input>(row: Row<Input>): Target => ({
  name: row.name,
  cost: row.cost,
  least: row.least ?? 0,
  seeds: row.seeds.length,
  feed: async (seed, i) => {
    const random = randomOf(seedOf(seed, row.name, i))
    const good = row.seeds[i]
    const input = good ?? row.mutate(random, random.pick(row.seeds))
    try {
      const started = performance.now()
      const accepted = await row.check(input)
      need(performance.now() - started < mostMilliseconds, 'it took too long')
      need(accepted || good === undefined, 'a good input was refused')
      return accepted
    } catch (thrown) {
      throw new Finding(row.name, seed, i, row.show(input), thrown)
    }
  },
})

/** Feeds `inputs` inputs; how many were accepted. Throws a `Finding`. */
export const fuzz = async (one: Target, seed: number, inputs: number): Promise<number> => {
  let accepted = 0
  for (let i = 0; i < Math.max(inputs, one.seeds); i++) if (await one.feed(seed, i)) accepted++
  return accepted
}

/** Inputs for a target so that all together are at least `total`. */
export const inputsFor = (one: Target, all: readonly Target[], total: number): number => {
  const shares = all.reduce((sum, { cost }) => sum + 1 / cost, 0)
  return Math.ceil(Math.max(total / one.cost / shares, (one.least * total) / 1_000_000))
}

export const need = (good: boolean, what: string): void => {
  if (!good) throw new Error(what)
}

export const same = (found: unknown, expected: unknown, what: string): void => {
  if (isDeepStrictEqual(found, expected)) return
  const shown = (value: unknown) =>
    JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v instanceof Map ? [...v] : v))
  throw new Error(`${what}:\n  found    ${shown(found)}\n  expected ${shown(expected)}`)
}

/** What `parse` returns, or undefined where it refuses with a fault of these codes, said in printable ASCII. */
export const orRefused = <T>(codes: RegExp, parse: () => T): T | undefined => {
  try {
    return parse()
  } catch (thrown) {
    if (!(thrown instanceof BootFault)) throw thrown
    const code: FaultCode = thrown.fault.code
    need(codes.test(code), `refused with ${code}`)
    need(/^[\x20-\x7e]+$/.test(thrown.message), `a refusal that is not printable: ${thrown.message}`)
    return undefined
  }
}

/** Bytes for a report: long runs of zeroes as their count. */
export const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/(?:00){16,}/g, (zeroes) => ` (${zeroes.length / 2} zeroes) `)
