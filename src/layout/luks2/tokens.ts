// Our two tokens in a LUKS2 header: metadata only, bounded in size. What a provider sealed for itself, and how the
// owner gets at the passphrase of the second slot. Stock cryptsetup carries them along without reading them. Pure.

/** Of the TEE, for slot 0. */
export type TeeToken = {
  /** Name of the key provider. */
  readonly provider: string
  /** Counts the headers of a volume from 1, where something outside the disk remembers how many there were. */
  readonly generation: number
  /** What the provider needs to find the key again; at most 12 short texts. Nothing secret: the host reads it. */
  readonly sealed: Readonly<Record<string, string>>
}

/** Of the owner, for slot 1. */
export type OwnerToken = {
  /** How the passphrase is wrapped, as `rsa-oaep-256`. */
  readonly alg: string
  /** Which of the owner's keys unwraps it. */
  readonly kid: string
  /** The wrapped passphrase in base64. */
  readonly wrapped: string
}

export type Tokens = { readonly tee: TeeToken; readonly owner: OwnerToken | undefined }

const types = { tee: 'cvmboot', owner: 'cvmboot-owner' } as const
const most = { generation: 0xffffffff, sealed: 12 }

// Names begin with a letter: JavaScript sorts those that are numbers before the others.
const word = /^[a-z][a-z0-9-]{0,31}$/
const providerName = /^[a-z][a-z0-9+-]{0,31}$/
const opaque = /^[A-Za-z0-9+/=_.:-]{0,4096}$/
const keyId = /^[A-Za-z0-9+/=_.:-]{1,128}$/
const base64 = /^(?=.)(?:[A-Za-z0-9+/]{4}){0,1023}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** `tokens` as the JSON text has them. */
export const treeOfTokens = (tokens: Tokens | undefined): object => {
  if (tokens === undefined) return {}
  const { provider, generation, sealed } = tokens.tee
  const tee = { type: types.tee, keyslots: ['0'], provider, generation, sealed }
  if (tokens.owner === undefined) return { 0: tee }
  const { alg, kid, wrapped } = tokens.owner
  return { 0: tee, 1: { type: types.owner, keyslots: ['1'], alg, kid, wrapped } }
}

type Field = (...path: readonly string[]) => unknown

const textAt = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value) ? value : undefined

/** What differs from the bounds above, in words; undefined where `tokens` fit. Each name in the order printed. */
const readTee = (at: Field): TeeToken | string => {
  const provider = textAt(at('0', 'provider'), providerName)
  if (provider === undefined) return 'the provider of its token is no name'
  const generation = at('0', 'generation')
  if (typeof generation !== 'number' || !Number.isInteger(generation)) return 'its generation is no number'
  if (generation < 1 || generation > most.generation) return 'its generation is out of range'
  const sealed = at('0', 'sealed')
  if (typeof sealed !== 'object' || sealed === null || Array.isArray(sealed)) return 'nothing is sealed in it'
  const entries = Object.entries(sealed)
  if (entries.length > most.sealed) return `more than ${most.sealed} texts are sealed in it`
  for (const [name, value] of entries)
    if (!word.test(name) || textAt(value, opaque) === undefined) return 'a text sealed in it is none'
  return { provider, generation, sealed: Object.fromEntries(entries) as Record<string, string> }
}

const readOwner = (at: Field): OwnerToken | string => {
  const alg = textAt(at('1', 'alg'), word)
  const kid = textAt(at('1', 'kid'), keyId)
  const wrapped = textAt(at('1', 'wrapped'), base64)
  if (alg === undefined) return "the algorithm of the owner's token is no name"
  if (kid === undefined) return "the key of the owner's token is no name"
  if (wrapped === undefined) return "the owner's token wraps nothing"
  return { alg, kid, wrapped }
}

/**
 * Reads what `treeOfTokens` printed: undefined where there are none, words where they are not ours. `at` gives a
 * value of the tree under `tokens`; unknown names beside these are found when the tree is compared.
 */
export const readTokens = (at: Field): Tokens | string | undefined => {
  const all = at()
  if (typeof all === 'object' && all !== null && Object.keys(all).length === 0) return undefined
  const tee = readTee(at)
  if (typeof tee === 'string') return tee
  if (at('1') === undefined) return { tee, owner: undefined }
  const owner = readOwner(at)
  return typeof owner === 'string' ? owner : { tee, owner }
}
