// A grant before it is wrapped: print / parse, to the byte. Pure. docs/reference/grant.md describes each field. The secret lies
// beside the text as bytes, so that no string ever holds the secret. The text has a digest of the secret, and the signature
// covers the text alone, so that no function of OpenSSL copies the secret.

import { createHash, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'
import { type CryptName, cryptNames } from '../layout/layout.ts'
import { Secret } from '../secret/secret.ts'
import type { ImageName } from '../system/image-name.ts'
import { launchWord } from './launch.ts'

/** The VM and the boot that the owner gives the secret to. */
export type Scope = {
  /** IMAGE_ID and IMAGE_VERSION of the verified root; null for a root that does not name itself. */
  readonly image: ImageName | null
  /** The launches that the owner accepts, as `launchOf` spells them: 1 to 64, rising, each once. */
  readonly launches: readonly string[]
  /** HOSTDATA or MRCONFIGID; null where the owner accepts each site. */
  readonly site: string | null
  /** The boot only reports this date, because the host sets the clock of the VM. `2026-12-01T12:00:00Z` */
  readonly notAfter: string
}

export type GrantTerms = {
  readonly volume: CryptName
  /** A `root-secret` is the secret from which the boot derives the keys of the volume. */
  readonly purpose: 'root-secret'
  /** From 1. The volume remembers the greatest number that opened the volume, and a grant with a smaller number is void. */
  readonly sequence: number
  readonly scope: Scope
}

/** The reason why bytes are no grant. */
export type NoGrant = { readonly wrong: string }

/** The version of the format. */
const format = 1
export const secretBytes = 32
const signatureBytes = 64
const headBytes = signatureBytes + secretBytes
/** The most bytes of a grant before it is wrapped. An honest grant with one launch has about 600. */
export const mostGrantBytes = 32 * 1024
const mostLaunches = 64

/** No other text that an Ed25519 key signs begins with these bytes. */
const domain = Buffer.from('cvmboot grant v1\0', 'latin1')

const digestOf = (secret: Uint8Array): Buffer => createHash('sha256').update(secret).digest()

/** The order of the fields is fixed, so that the terms have one spelling. */
const printTerms = ({ volume, purpose, sequence, scope }: GrantTerms, digest: string): Buffer => {
  const { image, launches, site, notAfter } = scope
  const text = JSON.stringify({
    'cvmboot-grant': format,
    volume,
    purpose,
    sequence,
    scope: {
      image: image === null ? null : { id: image.id, version: image.version },
      launches,
      site,
      notAfter,
    },
    secret: digest,
  })
  return Buffer.from(`${text}\n`)
}

const signedText = (text: Uint8Array): Buffer => Buffer.concat([domain, text])

/** Signature, secret, text. `secret` has 32 bytes, and `owner` is an Ed25519 private key. The caller disposes of the grant. */
export const printGrant = (terms: GrantTerms, secret: Secret, owner: KeyObject): Secret => {
  if (secret.bytes.length !== secretBytes) throw new RangeError(`a secret of ${secret.bytes.length} bytes`)
  const text = printTerms(terms, digestOf(secret.bytes).toString('hex'))
  const signature = sign(null, signedText(text), owner)
  return Secret.make(headBytes + text.length, (bytes) => {
    bytes.set(signature)
    bytes.set(secret.bytes, signatureBytes)
    bytes.set(text, headBytes)
  })
}

/** Whether `owner`, an Ed25519 public key, signed the text of the grant. No part of the grant names a key. */
export const isSignedBy = (owner: KeyObject, { bytes }: Secret): boolean =>
  bytes.length > headBytes &&
  verify(null, signedText(bytes.subarray(headBytes)), owner, bytes.subarray(0, signatureBytes))

type Tree = Readonly<Record<string, unknown>>
type Check = (value: unknown) => boolean

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const matches =
  (pattern: RegExp) =>
  (value: unknown): value is string =>
    typeof value === 'string' && pattern.test(value)

const isNull: Check = (value) => value === null
const isWord = matches(/^[a-z0-9._-]{1,128}$/)
const isSite = matches(/^(?:[0-9a-f]{64}|[0-9a-f]{96})$/)
const isLaunch = matches(launchWord)

/** A second in UTC that the calendar has: 2026-02-30 is none. */
const isTime: Check = (value) => {
  if (!matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)(value)) return false
  const date = new Date(value)
  return !Number.isNaN(date.getTime()) && date.toISOString() === value.replace('Z', '.000Z')
}

const isRising: Check = (value) =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= mostLaunches &&
  value.every((launch, i) => isLaunch(launch) && (i === 0 || String(value[i - 1]) < launch))

const isScope: Check = (value) =>
  isTree(value) &&
  (isNull(value['image']) ||
    (isTree(value['image']) && isWord(value['image']['id']) && isWord(value['image']['version']))) &&
  isRising(value['launches']) &&
  (isNull(value['site']) || isSite(value['site'])) &&
  isTime(value['notAfter'])

const checks = {
  volume: (value) => cryptNames.some((name) => name === value),
  purpose: (value) => value === 'root-secret',
  sequence: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
  scope: isScope,
  secret: matches(/^[0-9a-f]{64}$/),
} as const satisfies Record<keyof GrantTerms | 'secret', Check>

type Text = GrantTerms & { readonly secret: string }

const wrongField = (tree: Tree): string | undefined =>
  Object.entries(checks).find(([name, isRight]) => !isRight(tree[name]))?.[0]

const isText = (tree: Tree): tree is Tree & Text => wrongField(tree) === undefined

const treeOf = (bytes: Uint8Array): Tree | undefined => {
  try {
    const found: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return isTree(found) ? found : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads exactly the bytes that `printGrant` prints, and does not judge the signature. The secret is a copy, of which the caller
 * disposes.
 */
export const parseGrant = ({
  bytes,
}: Secret): { readonly terms: GrantTerms; readonly secret: Secret } | NoGrant => {
  if (bytes.length > mostGrantBytes)
    return { wrong: `it has ${bytes.length} bytes, and at most ${mostGrantBytes} are read` }
  if (bytes.length <= headBytes) return { wrong: `it has ${bytes.length} bytes, and ends before its terms` }
  const text = bytes.subarray(headBytes)
  const tree = treeOf(text)
  if (tree === undefined) return { wrong: 'its terms are not JSON' }
  if (tree['cvmboot-grant'] !== format)
    return { wrong: `it is not of version ${format}, the version that is known` }
  if (!isText(tree)) return { wrong: `its field ${wrongField(tree)} is absent, or has another form` }
  const { volume, purpose, sequence, scope } = tree
  const terms = { volume, purpose, sequence, scope }
  if (!printTerms(terms, tree.secret).equals(text))
    return { wrong: 'its terms have a further field, another order or other space' }
  const secret = bytes.subarray(signatureBytes, headBytes)
  if (!timingSafeEqual(digestOf(secret), Buffer.from(tree.secret, 'hex')))
    return { wrong: 'its secret is not the one that its terms name' }
  return { terms, secret: Secret.make(secretBytes, (copy) => copy.set(secret)) }
}
