// Intel's collateral for one processor, in the JSON form that dcap-qvl uses: the texts that Intel signed, with their
// signatures, and chains. Pure. The signed texts stay as they were received: JSON that is printed again is another text.

import { fail } from '../fault/index.ts'
import { type Certificate, signsWithEcdsa } from './certificate.ts'
import { firstOf } from './check.ts'
import { isRevoked, notInForce, type RevocationList, readRevocationList } from './revocation.ts'

export type Collateral = {
  readonly tcbInfo: SignedText
  readonly qeIdentity: SignedText
  /** DER. */
  readonly rootRevocation: Buffer
  readonly pckRevocation: Buffer
  /** PEM: the CA that signs PCK certificates and their list, then the root. */
  readonly pckRevocationChain: string
}

export type SignedText = {
  readonly text: string
  /** 64 bytes, r and s, big-endian. */
  readonly signature: Buffer
  /** PEM: the signing certificate, then the root. */
  readonly chain: string
}

const names = [
  'pck_crl_issuer_chain',
  'root_ca_crl',
  'pck_crl',
  'tcb_info_issuer_chain',
  'tcb_info',
  'tcb_info_signature',
  'qe_identity_issuer_chain',
  'qe_identity',
  'qe_identity_signature',
] as const

/** The chain of the PCK certificate. The quote has the chain too, and only the chain in the quote is judged. */
const ignored = 'pck_certificate_chain'

/** Reads the collateral. Fault: `appraise-input`. */
export const parseCollateral = (json: string, file: string): Collateral => {
  const bad = (reason: string) => fail('appraise-input', { file, reason })
  let given: unknown
  try {
    given = JSON.parse(json)
  } catch {
    throw bad('it is not JSON')
  }
  if (typeof given !== 'object' || given === null) throw bad('it is no object of JSON')
  const known: readonly string[] = [...names, ignored]
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown !== undefined) throw bad(`it has ${unknown}, which is not known`)
  const texts = new Map<string, string>(
    Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
  const text = (name: (typeof names)[number]): string => {
    const found = texts.get(name)
    if (found === undefined) throw bad(`it has no text ${name}`)
    return found
  }
  const hex = (name: (typeof names)[number]): Buffer => {
    if (!/^(?:[0-9a-fA-F]{2})+$/.test(text(name))) throw bad(`${name} is not written in hexadecimal digits`)
    return Buffer.from(text(name), 'hex')
  }
  return {
    tcbInfo: {
      text: text('tcb_info'),
      signature: hex('tcb_info_signature'),
      chain: text('tcb_info_issuer_chain'),
    },
    qeIdentity: {
      text: text('qe_identity'),
      signature: hex('qe_identity_signature'),
      chain: text('qe_identity_issuer_chain'),
    },
    rootRevocation: hex('root_ca_crl'),
    pckRevocation: hex('pck_crl'),
    pckRevocationChain: text('pck_crl_issuer_chain'),
  }
}

/** The reason why a text does not count as signed by Intel; undefined where Intel signed the text. */
export const wrongText = ({ text, signature }: SignedText, signer: Certificate): string | undefined =>
  signature.length === 64 &&
  signsWithEcdsa(signer, { curve: 'prime256v1', digest: 'sha256' }, Buffer.from(text, 'utf8'), signature)
    ? undefined
    : `the signature by ${signer.name} is wrong`

export type Lists = { readonly wrong: string | undefined; readonly revoked: string | undefined }

/** Judges Intel's two revocation lists for the certificates of the PCK chain and of the signing chain. */
export const listsOf = (
  collateral: Collateral,
  pck: Certificate,
  pckIssuer: Certificate,
  root: Certificate,
  signing: readonly Certificate[],
  date: Date,
): Lists => {
  const rootList = readRevocationList(collateral.rootRevocation)
  const pckList = readRevocationList(collateral.pckRevocation)
  if (rootList === undefined || pckList === undefined)
    return { wrong: 'a revocation list of Intel cannot be read', revoked: undefined }
  return {
    wrong: firstOf(notInForce(rootList, root, date), notInForce(pckList, pckIssuer, date)),
    revoked: firstOf(revokedBy(pckList, [pck]), revokedBy(rootList, [pckIssuer, ...signing])),
  }
}

const revokedBy = (list: RevocationList, certificates: readonly Certificate[]): string | undefined => {
  const revoked = certificates.find((one) => isRevoked(list, one))
  return revoked === undefined ? undefined : `Intel has revoked the certificate ${revoked.name}`
}
