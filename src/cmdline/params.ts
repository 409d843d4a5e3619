// The cvmboot.* kernel parameters: print / parse, and the table of them. Pure.
// Measured, so trusted; read strictly all the same, because a misread word is a different boot.

import { fail } from '../fault/index.ts'
import { type CryptName, cryptNames, type VerityName, verityNames } from '../layout/layout.ts'
import { fixedSalt, parseRootHash, parseSalt, printSalt, type RootHash, type Salt } from '../layout/verity.ts'
import { type Allowed, nothingListed, refuseWords, requireWords } from './judge.ts'
import { alias, isOurs } from './ours.ts'
import { canonical } from './readings.ts'
import { printRequired, requiredWords } from './required.ts'
import { splitCmdline, type Word } from './split.ts'

export type VerityParams = {
  readonly rootHash: RootHash
  /** Data blocks of 4096 bytes. Measured, since a shorter tree is a subtree: the host must not choose it. */
  readonly blocks: bigint
  readonly salt: Salt
}

export type OnFailure = 'halt' | 'poweroff' | 'reboot'

/** What the command line says, complete and validated. */
export type Params = {
  readonly verity: Readonly<Record<VerityName, VerityParams>>
  readonly onFailure: OnFailure
  /** Seconds to wait for partitions to appear. */
  readonly deviceTimeout: number
  /** Volumes to be formatted if they are blank, where the configuration says that blank ones halt. */
  readonly provision: readonly CryptName[]
}

/** One parameter: `takes` and `absent` are what kernel-cmdline.md says of it; a test compares. */
export type Parameter = { readonly name: string; readonly takes: string; readonly absent: string }

const hashOf = (name: VerityName) => `cvmboot.roothash.${name}`
const blocksOf = (name: VerityName) => `cvmboot.data-blocks.${name}`
const saltOf = (name: VerityName) => `cvmboot.salt.${name}`
const onFailure = 'cvmboot.on-failure'
const deviceTimeout = 'cvmboot.device-timeout'
export const provision = 'cvmboot.provision'

const takesHash = '64 lower-case hexadecimal digits'
const takesBlocks = 'a number of 4096-byte blocks from 1 to 2^42'
const takesSalt = '2 to 512 lower-case hexadecimal digits in pairs, or - for none'
const takesFailure = 'halt, poweroff or reboot'
const takesTimeout = 'a number of seconds from 1 to 3600'
const takesProvision = `${cryptNames.join(', ')}, or both with a comma between`

export const parameters: readonly Parameter[] = [
  ...verityNames.map((name) => ({ name: hashOf(name), takes: takesHash, absent: 'refused' })),
  ...verityNames.map((name) => ({ name: blocksOf(name), takes: takesBlocks, absent: 'refused' })),
  ...verityNames.map((name) => ({ name: saltOf(name), takes: takesSalt, absent: "the volume's fixed salt" })),
  { name: onFailure, takes: takesFailure, absent: 'halt' },
  { name: deviceTimeout, takes: takesTimeout, absent: '30' },
  { name: provision, takes: takesProvision, absent: 'none is' },
]

/**
 * Bytes. The kernel cuts a line after 2047 and says nothing (COMMAND_LINE_SIZE 2048 on x86, with the final NUL), so that
 * one of 2047 may have lost words that an owner has read in the measured one.
 */
export const cmdlineLimit = 2046

/** The parameters as `cvmboot setup` emits them, and the words that have to stand beside them; a default is left out. */
export const printParams = (params: Params): string => {
  const words = verityNames.flatMap((name) => {
    const { rootHash, blocks, salt } = params.verity[name]
    const own = [`${hashOf(name)}=${rootHash}`, `${blocksOf(name)}=${blocks}`]
    return salt === fixedSalt(name) ? own : [...own, `${saltOf(name)}=${printSalt(salt)}`]
  })
  if (params.onFailure !== 'halt') words.push(`${onFailure}=${params.onFailure}`)
  if (params.deviceTimeout !== 30) words.push(`${deviceTimeout}=${params.deviceTimeout}`)
  if (params.provision.length > 0) words.push(`${provision}=${params.provision.join(',')}`)
  return [...words, ...requiredWords.map(printRequired)].join(' ')
}

const known = new Set(parameters.map((p) => p.name))

/** Our words, each name once: `-` and `_` both spell one, and spelling both is twice. Faults: `cmdline-unknown`, `cmdline-duplicate`, `cmdline-forbidden`. */
const ours = (words: readonly Word[]): Map<string, string> => {
  const found = new Map<string, string>()
  for (const { name, value, forInit } of words) {
    const parameter = canonical(name)
    if (!isOurs(name)) continue
    if (forInit)
      throw fail('cmdline-forbidden', {
        parameter,
        reason: 'the kernel reads nothing after --',
        remedy: 'remove it, or put it before the --',
      })
    if (!known.has(parameter) && parameter !== alias) throw fail('cmdline-unknown', { parameter })
    if (found.has(parameter)) throw fail('cmdline-duplicate', { parameter })
    found.set(parameter, value ?? '')
  }
  return found
}

/** Our words, to take values from. */
type Found = ReadonlyMap<string, string>
type Parse<T> = (text: string) => T | undefined

/** Faults: `cmdline-missing`, `cmdline-value`. */
const take = <T>(found: Found, parameter: string, expected: string, parse: Parse<T>): T => {
  const text = found.get(parameter)
  if (text === undefined) throw fail('cmdline-missing', { parameter })
  const value = parse(text)
  if (value === undefined) throw fail('cmdline-value', { parameter, value: text, expected })
  return value
}

/** Fault: `cmdline-value`. */
const takeOr = <T>(found: Found, parameter: string, otherwise: T, expected: string, parse: Parse<T>): T =>
  found.has(parameter) ? take(found, parameter, expected, parse) : otherwise

/** Faults: those of `take`, `cmdline-conflict`. */
const takeRootHash = (found: Found, name: VerityName): RootHash => {
  const own = hashOf(name)
  if (name !== 'root-fs' || !found.has(alias)) return take(found, own, takesHash, parseRootHash)
  const hash = take(found, alias, takesHash, parseRootHash)
  if (takeOr(found, own, hash, takesHash, parseRootHash) !== hash)
    throw fail('cmdline-conflict', { parameter: own, other: alias })
  return hash
}

/** Faults: those of `takeRootHash`. */
const takeVerity = (found: Found): Params['verity'] => {
  // Two volumes with one root hash would claim the same partitions.
  const distinct = new Map<RootHash, string>()
  const verity = verityNames.map((name): [VerityName, VerityParams] => {
    const rootHash = takeRootHash(found, name)
    const other = distinct.get(rootHash)
    if (other !== undefined)
      throw fail('cmdline-value', {
        parameter: hashOf(name),
        value: rootHash,
        expected: `another root hash than that of ${other}`,
      })
    distinct.set(rootHash, name)
    const blocks = take(found, blocksOf(name), takesBlocks, parseBlocks)
    const salt = takeOr(found, saltOf(name), fixedSalt(name), takesSalt, parseSalt)
    return [name, { rootHash, blocks, salt }]
  })
  return Object.fromEntries(verity) as Record<VerityName, VerityParams>
}

/**
 * Reads /proc/cmdline (latin1 text). Everything is understood or refused before anything is done.
 * `allowed`: without it no word is listed, and the agent is PID 1. Faults: every `cmdline-*`, `environment-hostile`.
 */
export const parseParams = (cmdline: string, allowed: Allowed = nothingListed): Params => {
  const { length } = cmdline
  if (length > cmdlineLimit) throw fail('cmdline-too-long', { bytes: length, limit: cmdlineLimit })
  const found = ours(splitCmdline(cmdline))
  refuseWords(cmdline, allowed)
  const params: Params = {
    verity: takeVerity(found),
    onFailure: takeOr(found, onFailure, 'halt', takesFailure, parseOnFailure),
    deviceTimeout: takeOr(found, deviceTimeout, 30, takesTimeout, parseTimeout),
    provision: takeOr(found, provision, [], takesProvision, parseProvision),
  }
  requireWords(cmdline)
  return params
}

/**
 * How to end when even parsing failed: the parameter if it is there exactly once and good, else halt.
 */
export const onFailureOf = (cmdline: string): OnFailure => {
  const given = splitCmdline(cmdline).filter((word) => canonical(word.name) === onFailure && !word.forInit)
  return given.length === 1 ? (parseOnFailure(given[0]?.value ?? '') ?? 'halt') : 'halt'
}

const parseBlocks = (text: string): bigint | undefined =>
  /^[1-9][0-9]{0,12}$/.test(text) && BigInt(text) <= 1n << 42n ? BigInt(text) : undefined

const parseOnFailure = (text: string): OnFailure | undefined =>
  text === 'halt' || text === 'poweroff' || text === 'reboot' ? text : undefined

const parseTimeout = (text: string): number | undefined =>
  /^[1-9][0-9]{0,3}$/.test(text) && Number(text) <= 3600 ? Number(text) : undefined

const parseProvision = (text: string): CryptName[] | undefined => {
  const names = text.split(',')
  const known = cryptNames.filter((name) => names.includes(name))
  return known.length === names.length ? known : undefined
}
