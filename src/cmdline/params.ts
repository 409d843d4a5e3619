// The cvmboot.* kernel parameters. One record reads, prints and documents each parameter. Pure. The command line is measured, so
// the boot trusts it. The parser is strict all the same, because a misread word means a different boot.

import { fail } from '../fault/index.ts'
import { type CryptName, cryptNames, siteVolume, type VerityName, verityNames } from '../layout/layout.ts'
import {
  fixedSalt,
  parseBlocks,
  parseRootHash,
  parseSalt,
  printSalt,
  type RootHash,
  type Salt,
} from '../layout/verity.ts'
import { type Allowed, nothingListed, refuseWords, requireWords } from './judge.ts'
import { alias, isOurs } from './ours.ts'
import { canonical, type Readings } from './readings.ts'
import { printRequired, requiredWords } from './required.ts'
import type { Word } from './split.ts'

export type VerityParams = {
  readonly rootHash: RootHash
  /** Data blocks of 4096 bytes. The number is measured: a host that could choose a smaller one would cut the volume short. */
  readonly blocks: bigint
  readonly salt: Salt
}

/** The value in place of a root hash: HOSTDATA or MRCONFIGID of the launch names the record that has the root hash. */
export const hostData = 'host-data'

/** How the command line names each verified volume. One volume alone can be left to the launch. */
export type VerityNames = Readonly<Record<Exclude<VerityName, typeof siteVolume>, VerityParams>> & {
  readonly [siteVolume]: VerityParams | typeof hostData
}

export type OnFailure = 'halt' | 'poweroff' | 'reboot'

/** All parameters of the command line, complete and validated. */
export type Params = {
  readonly verity: VerityNames
  readonly onFailure: OnFailure
  /** Seconds to wait for partitions to appear. */
  readonly deviceTimeout: number
  /** Volumes with BLANK=halt in the configuration that this boot formats if they are blank. */
  readonly provision: readonly CryptName[]
}

/** The parameters while they are read. A root hash and a number of blocks have no default. */
type Draft = { -readonly [K in Exclude<keyof Params, 'verity'>]: Params[K] } & {
  readonly verity: Readonly<Record<VerityName, VerityDraft>>
}
type VerityDraft = {
  rootHash: RootHash | typeof hostData | undefined
  blocks: bigint | undefined
  salt: Salt | undefined
}

/**
 * One parameter. `read` stores a value and says whether the value was good. `print` gives the value back, or undefined where
 * the parameter may be left out. The documents print `takes` and `absent`, and a test compares.
 */
export type Parameter = {
  readonly name: string
  /** Other names of the parameter. */
  readonly aliases: readonly string[]
  readonly takes: string
  readonly absent: string
  readonly read: (text: string, to: Draft) => boolean
  readonly print: (params: Params) => string | undefined
}

const required = 'refused'

const rootHashOf = (name: VerityName): Parameter => ({
  name: `cvmboot.roothash.${name}`,
  aliases: name === 'root-fs' ? [alias] : [],
  takes: `64 lower-case hexadecimal digits${name === siteVolume ? `, or ${hostData}` : ''}`,
  absent: required,
  read: (text, to) => {
    to.verity[name].rootHash = name === siteVolume && text === hostData ? hostData : parseRootHash(text)
    return to.verity[name].rootHash !== undefined
  },
  print: ({ verity: { [name]: named } }) => (named === hostData ? hostData : named.rootHash),
})

const blocksOf = (name: VerityName): Parameter => ({
  name: `cvmboot.data-blocks.${name}`,
  aliases: [],
  takes: 'a number of 4096-byte blocks from 1 to 2^42',
  absent: name === siteVolume ? `refused, except beside ${rootHashOf(name).name}=${hostData}` : required,
  read: (text, to) => {
    to.verity[name].blocks = parseBlocks(text)
    return to.verity[name].blocks !== undefined
  },
  print: ({ verity: { [name]: named } }) => (named === hostData ? undefined : `${named.blocks}`),
})

const saltOf = (name: VerityName): Parameter => ({
  name: `cvmboot.salt.${name}`,
  aliases: [],
  takes: '2 to 512 lower-case hexadecimal digits in pairs, or - for none',
  absent: "the volume's fixed salt",
  read: (text, to) => {
    const salt = parseSalt(text)
    if (salt !== undefined) to.verity[name].salt = salt
    return salt !== undefined
  },
  print: ({ verity: { [name]: named } }) =>
    named === hostData || named.salt === fixedSalt(name) ? undefined : printSalt(named.salt),
})

const isOnFailure = (text: string): text is OnFailure =>
  text === 'halt' || text === 'poweroff' || text === 'reboot'

const onFailure: Parameter = {
  name: 'cvmboot.on-failure',
  aliases: [],
  takes: 'halt, poweroff or reboot',
  absent: 'halt',
  read: (text, to) => {
    if (isOnFailure(text)) to.onFailure = text
    return isOnFailure(text)
  },
  print: (params) => (params.onFailure === defaultParams.onFailure ? undefined : params.onFailure),
}

const deviceTimeout: Parameter = {
  name: 'cvmboot.device-timeout',
  aliases: [],
  takes: 'a number of seconds from 1 to 3600',
  absent: '30',
  read: (text, to) => {
    to.deviceTimeout = Number(text)
    return /^[1-9][0-9]{0,3}$/.test(text) && Number(text) <= 3600
  },
  print: (params) =>
    params.deviceTimeout === defaultParams.deviceTimeout ? undefined : `${params.deviceTimeout}`,
}

export const provision: Parameter = {
  name: 'cvmboot.provision',
  aliases: [],
  takes: `${cryptNames.join(', ')}, or both with a comma between`,
  absent: 'none is',
  read: (text, to) => {
    const names = text.split(',')
    to.provision = cryptNames.filter((name) => names.includes(name))
    return to.provision.length === names.length
  },
  print: (params) => (params.provision.length === 0 ? undefined : params.provision.join(',')),
}

/** Parameters that belong to no volume, in the order in which `setup` prints them. */
const single: readonly Parameter[] = [onFailure, deviceTimeout, provision]

const ofVolumes = verityNames.map((name) => ({
  rootHash: rootHashOf(name),
  blocks: blocksOf(name),
  salt: saltOf(name),
}))

/** All parameters, in the order of the documents. */
export const parameters: readonly Parameter[] = [
  ...ofVolumes.map(({ rootHash }) => rootHash),
  ...ofVolumes.map(({ blocks }) => blocks),
  ...ofVolumes.map(({ salt }) => salt),
  ...single,
]

/** All parameters in the order in which `setup` prints them: volume by volume. */
const printed: readonly Parameter[] = [
  ...ofVolumes.flatMap(({ rootHash, blocks, salt }) => [rootHash, blocks, salt]),
  ...single,
]

/**
 * The most bytes of a line. The kernel silently cuts a line after 2047 bytes (COMMAND_LINE_SIZE 2048 on x86, with the final NUL),
 * so a line of 2047 bytes may have lost words that the owner has read in the measured line.
 */
export const cmdlineLimit = 2046

/** The parameters as `cvmboot setup` prints them, without defaults, and the words that every boot requires beside them. */
export const printParams = (params: Params): string => {
  const words = printed.flatMap(({ name, print }) => {
    const value = print(params)
    return value === undefined ? [] : [`${name}=${value}`]
  })
  return [...words, ...requiredWords.map(printRequired)].join(' ')
}

const known = new Set(parameters.flatMap(({ name, aliases }) => [name, ...aliases]))

/**
 * The words of cvmboot by canonical name. Each name may stand once; a name spelt with `-` and the same name spelt with `_` count
 * as two. Faults: `cmdline-unknown`, `cmdline-duplicate`, `cmdline-forbidden`.
 */
const ours = (words: readonly Word[]): ReadonlyMap<string, string> => {
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
    if (!known.has(parameter)) throw fail('cmdline-unknown', { parameter })
    if (found.has(parameter)) throw fail('cmdline-duplicate', { parameter })
    found.set(parameter, value ?? '')
  }
  return found
}

/** Stores the value that the line gives a parameter. Faults: `cmdline-missing`, `cmdline-value`, `cmdline-conflict`. */
const readParameter = (
  { name, aliases, takes, absent, read }: Parameter,
  given: ReadonlyMap<string, string>,
  to: Draft,
): void => {
  let before: { readonly spelled: string; readonly value: string } | undefined
  for (const spelled of [...aliases, name]) {
    const value = given.get(spelled)
    if (value === undefined) continue
    if (!read(value, to)) throw fail('cmdline-value', { parameter: spelled, value, expected: takes })
    if (before !== undefined && before.value !== value)
      throw fail('cmdline-conflict', { parameter: name, other: before.spelled })
    before = { spelled, value }
  }
  if (before === undefined && absent === required) throw fail('cmdline-missing', { parameter: name })
}

/** The values of the parameters that belong to no volume, where the command line does not name them. */
export const defaultParams: Omit<Params, 'verity'> = { onFailure: 'halt', deviceTimeout: 30, provision: [] }

const newDraft = (): Draft => ({
  ...defaultParams,
  verity: { 'root-fs': newVolume(), 'oem-launcher': newVolume(), 'os-config': newVolume() },
})

const newVolume = (): VerityDraft => ({ rootHash: undefined, blocks: undefined, salt: undefined })

/** A volume that the launch names has its blocks and its salt from the record. Fault: `cmdline-value`. */
const requireNoOther = (name: VerityName, { blocks, salt }: VerityDraft): void => {
  const other = blocks !== undefined ? blocksOf(name) : salt !== undefined ? saltOf(name) : undefined
  if (other === undefined) return
  throw fail('cmdline-value', {
    parameter: other.name,
    value: blocks !== undefined ? `${blocks}` : printSalt(salt ?? fixedSalt(name)),
    expected: `no such parameter beside ${rootHashOf(name).name}=${hostData}: the record of the site has the value`,
  })
}

/** The parameters of a draft that every parameter has been read into. Faults: `cmdline-missing`, `cmdline-value`. */
const complete = (draft: Draft): Params => {
  // Two volumes with one root hash would claim the same partitions.
  const distinct = new Map<RootHash, string>()
  const volume = (name: VerityName): VerityParams => {
    const { rootHash, blocks, salt = fixedSalt(name) } = draft.verity[name]
    if (rootHash === undefined || rootHash === hostData)
      throw fail('cmdline-missing', { parameter: rootHashOf(name).name })
    if (blocks === undefined) throw fail('cmdline-missing', { parameter: blocksOf(name).name })
    const other = distinct.get(rootHash)
    if (other !== undefined)
      throw fail('cmdline-value', {
        parameter: rootHashOf(name).name,
        value: rootHash,
        expected: `another root hash than that of ${other}`,
      })
    distinct.set(rootHash, name)
    return { rootHash, blocks, salt }
  }
  const site = (): VerityParams | typeof hostData => {
    if (draft.verity[siteVolume].rootHash !== hostData) return volume(siteVolume)
    requireNoOther(siteVolume, draft.verity[siteVolume])
    return hostData
  }
  const verity = {
    'root-fs': volume('root-fs'),
    'oem-launcher': volume('oem-launcher'),
    'os-config': site(),
  }
  return { ...draft, verity }
}

/**
 * Reads the parameters, and refuses a line of which any word is not understood. Without `allowed` the configuration lists no
 * word, and the agent is PID 1. Faults: `environment-hostile`, and every `cmdline-*` but `cmdline-file` and `cmdline-text`.
 */
export const parseParams = (line: Readings, allowed: Allowed = nothingListed): Params => {
  const { bytes, kernel } = line
  if (bytes > cmdlineLimit) throw fail('cmdline-too-long', { bytes, limit: cmdlineLimit })
  const given = ours(kernel)
  refuseWords(line, allowed)
  const draft = newDraft()
  for (const parameter of parameters) readParameter(parameter, given, draft)
  const params = complete(draft)
  requireWords(line)
  return params
}

/** How a boot ends whose line was refused: as the parameter says where it stands exactly once with a good value, else `halt`. */
export const onFailureOf = ({ kernel }: Readings): OnFailure => {
  const given = kernel.filter((word) => canonical(word.name) === onFailure.name && !word.forInit)
  const value = given[0]?.value ?? ''
  return given.length === 1 && isOnFailure(value) ? value : 'halt'
}
