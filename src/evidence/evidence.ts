// Evidence of a VM: print / parse. Pure. The file holds what a verifier needs: the report or quote of the TEE with its
// certificates, the quote of a TPM with its log, the statement, and the verifier's nonce. Nothing is judged here.
// docs/reference/evidence.md describes the file.

import { createHash } from 'node:crypto'

/** The TEE's half. `certificates` is the host's certificate table; empty where the host gave none. */
export type TeeEvidence =
  | { readonly type: 'sev-snp'; readonly report: Buffer; readonly certificates: Buffer }
  | { readonly type: 'tdx'; readonly quote: Buffer }

/** The TPM's half. */
export type TpmEvidence = {
  /** TPMS_ATTEST, the bytes that the key signed. */
  readonly quote: Buffer
  /** TPMT_SIGNATURE. */
  readonly signature: Buffer
  /** TPMT_PUBLIC of the attestation key. */
  readonly key: Buffer
  /** The attestation key's certificate in DER; empty where there is none. */
  readonly certificate: Buffer
  /** The firmware's event log; empty where there is none. */
  readonly log: Buffer
  /** Values of the quoted PCRs in the bank of SHA-256, by number: 32 bytes each. */
  readonly pcrs: Readonly<Record<string, Buffer>>
  /** Azure's HCL report, which binds the key to the SNP report; empty elsewhere. */
  readonly hcl: Buffer
}

export type Evidence = {
  /** 0 to 64 bytes. The boot's own evidence answers nobody, so its nonce is empty. */
  readonly nonce: Buffer
  /** The bytes of `printStatement`. */
  readonly statement: Buffer
  readonly tee: TeeEvidence | undefined
  readonly tpm: TpmEvidence | undefined
  /** The evidence that the boot itself made; absent from that evidence. */
  readonly boot: Evidence | undefined
}

/** The version of the file. */
const format = 1

/** The most bytes of each part; the whole file is bounded by the limit `evidence`. */
const most = {
  nonce: 64,
  statement: 16 * 1024,
  report: 1184,
  certificates: 64 * 1024,
  quote: 64 * 1024,
  attest: 4096,
  signature: 1024,
  key: 1024,
  certificate: 16 * 1024,
  log: 512 * 1024,
  hcl: 16 * 1024,
} as const

const label = Buffer.from('cvmboot evidence v1')

/** A digest of the statement and the nonce: 64 bytes for the field REPORT_DATA, or REPORTDATA, of the TEE's report. */
export const reportData = (nonce: Buffer, statement: Buffer): Buffer =>
  createHash('sha512')
    .update(label)
    .update(nonce)
    .update(createHash('sha512').update(statement).digest())
    .digest()

/** The data that a TPM signs for the same evidence: TPM2B_DATA has at most 64 bytes, and some TPMs take fewer. */
export const qualifyingData = (nonce: Buffer, statement: Buffer): Buffer =>
  createHash('sha256').update(reportData(nonce, statement)).digest()

const base64 = (bytes: Buffer): string => bytes.toString('base64')

const printTee = (tee: TeeEvidence) =>
  tee.type === 'sev-snp'
    ? { type: tee.type, report: base64(tee.report), certificates: base64(tee.certificates) }
    : { type: tee.type, quote: base64(tee.quote) }

const printTpm = ({ quote, signature, key, certificate, log, pcrs, hcl }: TpmEvidence) => ({
  quote: base64(quote),
  signature: base64(signature),
  key: base64(key),
  certificate: base64(certificate),
  log: base64(log),
  pcrs: Object.fromEntries(Object.entries(pcrs).map(([number, value]) => [number, value.toString('hex')])),
  hcl: base64(hcl),
})

type Printed = {
  readonly 'cvmboot-evidence': typeof format
  readonly nonce: string
  readonly statement: string
  readonly tee: ReturnType<typeof printTee> | null
  readonly tpm: ReturnType<typeof printTpm> | null
  readonly boot: Printed | null
}

const treeOfEvidence = ({ nonce, statement, tee, tpm, boot }: Evidence): Printed => ({
  'cvmboot-evidence': format,
  nonce: nonce.toString('hex'),
  statement: base64(statement),
  tee: tee === undefined ? null : printTee(tee),
  tpm: tpm === undefined ? null : printTpm(tpm),
  boot: boot === undefined ? null : treeOfEvidence(boot),
})

/** JSON with an indent of two spaces. */
export const printEvidence = (evidence: Evidence): string =>
  `${JSON.stringify(treeOfEvidence(evidence), undefined, 2)}\n`

/** The reason why a text is no evidence. */
export type NoEvidence = { readonly wrong: string }

class Wrong extends Error {}

const refuse = (field: string, expected: string): never => {
  throw new Wrong(`its field ${field} is not ${expected}`)
}

type Tree = Readonly<Record<string, unknown>>

/** An object with exactly these fields. */
const treeIn = (value: unknown, field: string, names: readonly string[]): Tree => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(field, 'an object')
  const tree = Object.fromEntries(Object.entries(value))
  const odd = Object.keys(tree).find((name) => !names.includes(name))
  if (odd !== undefined) throw new Wrong(`${field}.${odd.slice(0, 64)} is no field of this version`)
  const lacking = names.find((name) => !Object.hasOwn(tree, name))
  if (lacking !== undefined) throw new Wrong(`its field ${field}.${lacking} is absent`)
  return tree
}

/** Only the base64 that `Buffer` prints is read, so that bytes have one spelling. */
const bytesIn = (value: unknown, field: string, bound: number): Buffer => {
  const expected = `base64 of ${bound} bytes at the most`
  if (typeof value !== 'string' || value.length > Math.ceil(bound / 3) * 4) return refuse(field, expected)
  const bytes = Buffer.from(value, 'base64')
  return base64(bytes) === value && bytes.length <= bound ? bytes : refuse(field, expected)
}

const hexIn = (value: unknown, field: string, isLength: (length: number) => boolean): Buffer =>
  typeof value === 'string' && /^(?:[0-9a-f]{2})*$/.test(value) && isLength(value.length / 2)
    ? Buffer.from(value, 'hex')
    : refuse(field, 'hexadecimal digits of the right number')

const teeIn = (value: unknown, field: string): TeeEvidence | undefined => {
  if (value === null) return undefined
  const type = typeof value === 'object' && 'type' in value ? value.type : undefined
  if (type === 'sev-snp') {
    const tree = treeIn(value, field, ['type', 'report', 'certificates'])
    const report = bytesIn(tree['report'], `${field}.report`, most.report)
    return {
      type,
      report,
      certificates: bytesIn(tree['certificates'], `${field}.certificates`, most.certificates),
    }
  }
  if (type !== 'tdx') return refuse(`${field}.type`, 'sev-snp or tdx')
  const tree = treeIn(value, field, ['type', 'quote'])
  return { type, quote: bytesIn(tree['quote'], `${field}.quote`, most.quote) }
}

const pcrsIn = (value: unknown, field: string): Readonly<Record<string, Buffer>> => {
  const names = Array.from({ length: 24 }, (_, i) => `${i}`)
  if (typeof value !== 'object' || value === null) return refuse(field, 'an object')
  const tree = treeIn(
    value,
    field,
    names.filter((name) => Object.hasOwn(value, name)),
  )
  return Object.fromEntries(
    Object.entries(tree).map(([name, pcr]) => [name, hexIn(pcr, `${field}.${name}`, (n) => n === 32)]),
  )
}

const tpmIn = (value: unknown, field: string): TpmEvidence | undefined => {
  if (value === null) return undefined
  const names = ['quote', 'signature', 'key', 'certificate', 'log', 'pcrs', 'hcl']
  const tree = treeIn(value, field, names)
  const part = (name: string, bound: number) => bytesIn(tree[name], `${field}.${name}`, bound)
  return {
    quote: part('quote', most.attest),
    signature: part('signature', most.signature),
    key: part('key', most.key),
    certificate: part('certificate', most.certificate),
    log: part('log', most.log),
    pcrs: pcrsIn(tree['pcrs'], `${field}.pcrs`),
    hcl: part('hcl', most.hcl),
  }
}

const evidenceIn = (value: unknown, field: string, place: 'whole' | 'nested'): Evidence => {
  const names = ['cvmboot-evidence', 'nonce', 'statement', 'tee', 'tpm', 'boot']
  const tree = treeIn(value, field, names)
  if (tree['cvmboot-evidence'] !== format)
    throw new Wrong(`its version is not ${format}, the version that is known`)
  const boot = tree['boot']
  return {
    nonce: hexIn(tree['nonce'], `${field}.nonce`, (length) => length <= most.nonce),
    statement: bytesIn(tree['statement'], `${field}.statement`, most.statement),
    tee: teeIn(tree['tee'], `${field}.tee`),
    tpm: tpmIn(tree['tpm'], `${field}.tpm`),
    boot: boot === null ? undefined : bootIn(boot, `${field}.boot`, place),
  }
}

const bootIn = (value: unknown, field: string, place: 'whole' | 'nested'): Evidence =>
  place === 'whole'
    ? evidenceIn(value, field, 'nested')
    : refuse(field, 'null: the evidence of a boot holds no other evidence')

/** Reads exactly the texts that `printEvidence` prints. The caller bounds the text. */
export const parseEvidence = (text: string): Evidence | NoEvidence => {
  try {
    const tree: unknown = JSON.parse(text)
    const evidence = evidenceIn(tree, 'evidence', 'whole')
    return printEvidence(evidence) === text
      ? evidence
      : { wrong: 'it has other bytes than its fields print: another order, or other space' }
  } catch (thrown) {
    if (thrown instanceof Wrong) return { wrong: thrown.message }
    if (thrown instanceof SyntaxError) return { wrong: 'it is not JSON' }
    throw thrown
  }
}
