// Chains of certificates from one of Intel's keys to Intel's pinned root: names, links and dates of the certificates. Pure.

import { type Certificate, notIssuedBy, outsideValidity, readPem } from './certificate.ts'
import { firstOf } from './check.ts'
import { isIntelRoot } from './intel-root.ts'

/** A chain from a first certificate to Intel's root, with the reason of a refusal. */
export type IntelChain = {
  readonly first: Certificate | undefined
  readonly issuer: Certificate | undefined
  readonly chain: string | undefined
  readonly dates: string | undefined
}

type ChainOf = 'PCK certificate' | 'PCK revocation list' | 'TCB information' | 'enclave identity'

const pckIssuers = ['Intel SGX PCK Processor CA', 'Intel SGX PCK Platform CA']
const root = ['Intel SGX Root CA']

/** Names that the certificates of each chain may have, from the first to the root. */
const chains: Readonly<Record<ChainOf, readonly (readonly string[])[]>> = {
  'PCK certificate': [['Intel SGX PCK Certificate'], pckIssuers, root],
  'PCK revocation list': [pckIssuers, root],
  'TCB information': [['Intel SGX TCB Signing'], root],
  'enclave identity': [['Intel SGX TCB Signing'], root],
}

/** Reads a PEM chain. Each certificate is issued by the next, and the last is the pinned root. */
export const readIntelChain = (pem: string, of: ChainOf, date: Date): IntelChain => {
  const certificates = readPem(pem)
  const [first, issuer] = certificates ?? []
  const last = certificates?.at(-1)
  const names = chains[of]
  if (certificates === undefined || last === undefined)
    return { first, issuer, chain: `the chain of the ${of} cannot be read`, dates: undefined }
  const strange = certificates.find(({ name }, i) => names[i]?.includes(name) !== true)
  const chain = firstOf(
    strange === undefined ? undefined : `the chain of the ${of} has ${strange.name} where another belongs`,
    certificates.length === names.length
      ? undefined
      : `the chain of the ${of} has ${certificates.length} certificates, not ${names.length}`,
    ...certificates.map((one, i) => notIssuedBy(one, certificates[i + 1] ?? one)),
    isIntelRoot(last) ? undefined : `the chain of the ${of} ends with another key than Intel's pinned one`,
  )
  return { first, issuer, chain, dates: firstOf(...certificates.map((one) => outsideValidity(one, date))) }
}
