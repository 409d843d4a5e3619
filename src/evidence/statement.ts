// The statement of a VM about itself: print / parse, to the byte. Pure. The report of the TEE binds the statement, so a verifier
// believes the statement as far as the verifier believes the measured program that made it. docs/reference/evidence.md describes
// each field.

import type { CryptName, VerityName } from '../layout/layout.ts'

/** Public keys whose private keys exist in this boot only. A grant is encrypted to such a key. */
export type EphemeralKeys = {
  /** RFC 7748: 32 bytes in hexadecimal digits. */
  readonly x25519: string
  /** An uncompressed point of SEC 1: 65 bytes in hexadecimal digits. Trustee's protocol needs this curve. */
  readonly p256: string | null
}

/** Digests are SHA-256, in lower-case hexadecimal digits. */
export type Statement = {
  readonly executable: { readonly version: string; readonly git: string }
  /** IMAGE_ID and IMAGE_VERSION of the os-release of the verified root. Null where the root does not have both. */
  readonly image: { readonly id: string; readonly version: string } | null
  /** Of the printed plan: the text of `cvmboot plan`. */
  readonly plan: string
  readonly roots: Readonly<Record<VerityName, string>>
  /** Of state.json. Null where the boot has not written it yet. */
  readonly state: string | null
  /** The value of the site's volume, from HOSTDATA or MRCONFIGID. Null where the command line names that volume. */
  readonly site: string | null
  /** The key policy of each encrypted volume, as the plan prints the policy. */
  readonly keys: Readonly<Partial<Record<CryptName, string | undefined>>>
  /** Null where this boot keeps no private key. */
  readonly ephemeral: EphemeralKeys | null
  /** The Name of the TPM's attestation key that quotes the PCRs for this statement. Absent where no TPM gives a quote. */
  readonly attestationKey?: string | undefined
  /** `extended`: RTMR 3 of the TD was zero, and the boot extended RTMR 3 with the SHA-384 of this statement. Absent otherwise. */
  readonly rtmr3?: 'extended' | undefined
  /** The VM's clock, which the host sets. `2026-12-01T12:00:00Z` */
  readonly time: string
}

/** The version of the format. */
const format = 1

/** One line of JSON that ends in a newline. The fields have one order, so that a statement has one spelling. */
export const printStatement = (statement: Statement): Buffer => {
  const { executable, image, plan, roots, state, site, keys, ephemeral, attestationKey, rtmr3, time } =
    statement
  const text = JSON.stringify({
    'cvmboot-statement': format,
    executable: { version: executable.version, git: executable.git },
    image: image === null ? null : { id: image.id, version: image.version },
    plan,
    roots: {
      'root-fs': roots['root-fs'],
      'oem-launcher': roots['oem-launcher'],
      'os-config': roots['os-config'],
    },
    state,
    site,
    keys: { workspace: keys.workspace, 'job-store': keys['job-store'] },
    ephemeral: ephemeral === null ? null : { x25519: ephemeral.x25519, p256: ephemeral.p256 },
    // JSON leaves out a field that is undefined.
    attestationKey,
    rtmr3,
    time,
  })
  return Buffer.from(`${text}\n`)
}

/** The most bytes of a statement; an honest statement has about 1 KB. */
export const mostStatementBytes = 16 * 1024

/** The reason why bytes are no statement. */
export type NoStatement = { readonly wrong: string }

type Tree = Readonly<Record<string, unknown>>

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isLine = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x20-\x7e]{1,512}$/.test(value)

const isHex =
  (...lengths: readonly number[]) =>
  (value: unknown): value is string =>
    typeof value === 'string' &&
    /^(?:[0-9a-f]{2})+$/.test(value) &&
    lengths.some((length) => value.length === 2 * length)

const isNull = (value: unknown): value is null => value === null
const isAbsent = (value: unknown): value is undefined => value === undefined

const isTime = (value: unknown): value is string =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) &&
  !Number.isNaN(Date.parse(value))

type Checks = Readonly<Record<string, (value: unknown) => boolean>>

const holds = (tree: unknown, checks: Checks): boolean =>
  isTree(tree) && Object.entries(checks).every(([name, isRight]) => isRight(tree[name]))

const checks = {
  executable: (value) => holds(value, { version: isLine, git: isLine }),
  image: (value) => isNull(value) || holds(value, { id: isLine, version: isLine }),
  plan: isHex(32),
  roots: (value) => holds(value, { 'root-fs': isHex(32), 'oem-launcher': isHex(32), 'os-config': isHex(32) }),
  state: (value) => isNull(value) || isHex(32)(value),
  // HOSTDATA has 32 bytes, MRCONFIGID has 48.
  site: (value) => isNull(value) || isHex(32, 48)(value),
  keys: (value) =>
    holds(value, {
      workspace: (key) => isAbsent(key) || isLine(key),
      'job-store': (key) => isAbsent(key) || isLine(key),
    }),
  ephemeral: (value) =>
    isNull(value) || holds(value, { x25519: isHex(32), p256: (point) => isNull(point) || isHex(65)(point) }),
  attestationKey: (value) => isAbsent(value) || isHex(34)(value),
  rtmr3: (value) => isAbsent(value) || value === 'extended',
  time: isTime,
} as const satisfies Record<keyof Statement, (value: unknown) => boolean>

/** The bytes in UTF-8 as a JSON object; undefined for other bytes. */
const treeOf = (bytes: Buffer): Tree | undefined => {
  try {
    const found: unknown = JSON.parse(bytes.toString('utf8'))
    return isTree(found) ? found : undefined
  } catch {
    return undefined
  }
}

const isStatement = (tree: Tree): tree is Tree & Statement => holds(tree, checks)

/** Reads exactly the bytes that `printStatement` prints: no other order, no other space, no further field. */
export const parseStatement = (bytes: Buffer): Statement | NoStatement => {
  const wrong = (reason: string): NoStatement => ({ wrong: reason })
  if (bytes.length > mostStatementBytes)
    return wrong(`the statement has ${bytes.length} bytes, and at most ${mostStatementBytes} are read`)
  const tree = treeOf(bytes)
  if (tree === undefined) return wrong('the statement is not JSON')
  if (tree['cvmboot-statement'] !== format)
    return wrong(`the statement is not of version ${format}, the version that is known`)
  const odd = Object.entries(checks).find(([name, isRight]) => !isRight(tree[name]))
  if (odd !== undefined || !isStatement(tree))
    return wrong(`the statement's field ${odd?.[0]} is absent, or has another form`)
  return printStatement(tree).equals(bytes)
    ? tree
    : wrong('the statement has other bytes than its fields print: a further field, or another spelling')
}
