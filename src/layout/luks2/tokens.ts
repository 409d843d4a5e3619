// The two tokens that cvmboot puts into a LUKS2 header: the seals of the key providers, and the passphrase of the second slot,
// wrapped for the owner. Their size is bounded. Stock cryptsetup carries them along without reading them. Pure.

/** The seal of one key provider: at most 12 short texts. They hold no secret, since the host reads them. */
export type Seal = Readonly<Record<string, string>>

/** Seals by the names of the providers that made them. Where there are several, only all of them together give the key. */
export type Sealed = Readonly<Record<string, Seal>>

/** The token of the TEE, for slot 0. */
export type TeeToken = {
  /** Counts the headers of a volume from 1. Only a memory outside the disk can tell which number is due. */
  readonly generation: number
  /** The seals, which the providers need to find the key again. */
  readonly sealed: Sealed
}

/** The name of the provider that sealed. Several providers give their names in order, with a + between. */
export const sealedBy = ({ sealed }: TeeToken): string => Object.keys(sealed).join('+')

/** The token of the owner, for slot 1. */
export type OwnerToken = {
  /** How the passphrase is wrapped: `rsa-oaep-256`, for example. */
  readonly alg: string
  /** Which of the owner's keys unwraps it. */
  readonly kid: string
  /** The wrapped passphrase in base64. */
  readonly wrapped: string
}

export type Tokens = { readonly tee: TeeToken; readonly owner: OwnerToken | undefined }

const types = { tee: 'cvmboot', owner: 'cvmboot-owner' } as const
/** The format of the TEE's token. Format 1 had one list of texts and, beside the list, the name of the provider. */
const format = 2
const most = { generation: 0xffffffff, providers: 4, texts: 12 }

// A name begins with a letter, because JavaScript sorts names that are numbers before all others.
const word = /^[a-z][a-z0-9-]{0,31}$/
const opaque = /^[A-Za-z0-9+/=_.:-]{0,4096}$/
const keyId = /^[A-Za-z0-9+/=_.:-]{1,128}$/
const base64 = /^(?=.)(?:[A-Za-z0-9+/]{4}){0,1023}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The value of `tokens` in the JSON text. */
export const treeOfTokens = (tokens: Tokens | undefined): object => {
  if (tokens === undefined) return {}
  const { generation, sealed } = tokens.tee
  const tee = { type: types.tee, keyslots: ['0'], format, generation, sealed }
  if (tokens.owner === undefined) return { 0: tee }
  const { alg, kid, wrapped } = tokens.owner
  return { 0: tee, 1: { type: types.owner, keyslots: ['1'], alg, kid, wrapped } }
}

type Field = (...path: readonly string[]) => unknown

const textAt = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value) ? value : undefined

/** The entries of an object; undefined for any other value. */
const entriesOf = (value: unknown): [string, unknown][] | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined

/** The seal, or in words how the value breaks the bounds above. */
const readSeal = (value: unknown): Seal | string => {
  const entries = entriesOf(value)
  if (entries === undefined) return 'a seal in its token is not an object'
  if (entries.length > most.texts) return `a seal in its token has more than ${most.texts} texts`
  const seal: Record<string, string> = {}
  for (const [name, found] of entries) {
    const text = textAt(found, opaque)
    if (!word.test(name) || text === undefined)
      return 'a seal in its token has a text that cvmboot does not write'
    seal[name] = text
  }
  return seal
}

/** The seals in the order of the text, or in words how the value breaks the bounds above. */
const readSealed = (value: unknown): Sealed | string => {
  const entries = entriesOf(value)
  if (entries === undefined || entries.length === 0) return 'its token has no seal'
  if (entries.length > most.providers) return `its token has seals of more than ${most.providers} providers`
  const sealed: Record<string, Seal> = {}
  for (const [name, found] of entries) {
    if (!word.test(name)) return 'its token names a provider in a way that cvmboot does not write'
    const seal = readSeal(found)
    if (typeof seal === 'string') return seal
    sealed[name] = seal
  }
  return sealed
}

/** The token, or in words how the value breaks the bounds above. */
const readTee = (at: Field): TeeToken | string => {
  const found = at('0', 'format')
  if (found === undefined && typeof at('0', 'provider') === 'string')
    return 'its token is of an earlier build of cvmboot, and this build does not open it: copy the data out under that build'
  if (found !== format) return `the format of its token is not ${format}`
  const generation = at('0', 'generation')
  if (typeof generation !== 'number' || !Number.isInteger(generation)) return 'its generation is no number'
  if (generation < 1 || generation > most.generation) return 'its generation is out of range'
  const sealed = readSealed(at('0', 'sealed'))
  return typeof sealed === 'string' ? sealed : { generation, sealed }
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
 * Reads the tokens that `treeOfTokens` prints: undefined where there are none, and a reason in words where another program or
 * another build made them. `at` gives a value of the tree under `tokens`. The comparison of the tree finds unknown names.
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
