// The reader of each field of a policy, and the values that the field takes. Pure.

import { srkName } from '../system/tpm.ts'
import { readCertificate } from './certificate.ts'
import type { SnpPolicy, TdxPolicy, TpmPolicy, Values } from './policy.ts'
import { type Product, products, type Tcb, type TcbComponent, tcbComponents } from './tcb.ts'

const hex = (bytes: number) => new RegExp(`^[0-9a-f]{${bytes * 2}}$`)

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The reader of one field. It returns undefined for a value that the field does not take. */
export type Field<T> = { readonly expected: string; readonly read: (value: unknown) => T | undefined }
export type Fields<T> = { readonly [K in keyof T]: Field<T[K]> }

export const oneOf = <const T extends string>(...words: readonly T[]): Field<T> => ({
  expected: words.join(', '),
  read: (value) => words.find((word) => word === value),
})
const someOf = <const T extends string>(...words: readonly T[]): Field<readonly T[]> => ({
  expected: `a list of ${words.join(', ')}, with at least one`,
  read: (value) => {
    if (!Array.isArray(value) || value.length === 0) return undefined
    const found = words.filter((word) => value.includes(word))
    return found.length === value.length ? found : undefined
  },
})
const bit = oneOf('required', 'forbidden', 'any')
const count = (most: number): Field<number> => ({
  expected: `a whole number from 0 to ${most}`,
  read: (value) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most ? Number(value) : undefined,
})
const values = (bytes: number): Field<Values> => ({
  expected: `zero, any, or a list of values of ${bytes} bytes in lower-case hexadecimal digits`,
  read: (value) => {
    if (value === 'zero' || value === 'any') return value
    if (!Array.isArray(value) || value.length === 0) return undefined
    const texts = value.filter((one) => typeof one === 'string' && hex(bytes).test(one))
    return texts.length === value.length ? texts : undefined
  },
})

const isComponent = (name: string): name is TcbComponent => tcbComponents.some((one) => one === name)
const isProduct = (name: string): name is Product => products.some((one) => one === name)

const leastOf = (value: unknown): Partial<Tcb> | undefined => {
  if (!isRecord(value)) return undefined
  const fine = Object.entries(value).every(
    ([name, least]) => isComponent(name) && count(255).read(least) !== undefined,
  )
  return fine ? value : undefined
}

const leastTcb: Field<SnpPolicy['leastTcb']> = {
  expected: `an object of ${products.join(', ')}, each an object of ${tcbComponents.join(', ')} from 0 to 255`,
  read: (value) =>
    isRecord(value) &&
    Object.entries(value).every(([name, one]) => isProduct(name) && leastOf(one) !== undefined)
      ? value
      : undefined,
}

const leastAbi: Field<SnpPolicy['leastAbi']> = {
  expected: 'a list of the major and the minor version, from 0 to 255',
  read: (value) => {
    if (!Array.isArray(value) || value.length !== 2) return undefined
    const [major, minor] = value.map((one) => count(255).read(one))
    return major === undefined || minor === undefined ? undefined : [major, minor]
  },
}

export const tcbStatusWords = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
] as const

export const snpFields: Fields<SnpPolicy> = {
  products: someOf(...products),
  signers: someOf('vcek', 'vlek'),
  vmpl: count(3),
  leastTcb,
  leastAbi,
  revocation: oneOf('required', 'if-given'),
  debug: bit,
  migration: bit,
  smt: bit,
  singleSocket: bit,
  ciphertextHiding: bit,
  pageSwapDisable: bit,
  platformSmt: bit,
  aliasCheck: bit,
  tsme: bit,
  leastGuestSvn: count(0xffffffff),
  familyId: values(16),
  imageId: values(16),
  idKeyDigest: values(48),
  authorKeyDigest: values(48),
  hostData: values(32),
  reportData: values(64),
}

export const tdxFields: Fields<TdxPolicy> = {
  tcbStatuses: someOf(...tcbStatusWords),
  leastEvaluation: count(0xffff),
  debug: bit,
  septVeDisable: bit,
  migratable: bit,
  perfmon: bit,
  keyLocker: bit,
  lass: bit,
  protectionKeys: bit,
  xfamMask: {
    expected: '16 lower-case hexadecimal digits',
    read: (value) => (typeof value === 'string' && hex(8).test(value) ? value : undefined),
  },
  mrConfigId: values(48),
  mrOwner: values(48),
  mrOwnerConfig: values(48),
  mrServiceTd: values(48),
  deviceInfo: values(48),
  reportData: values(64),
}

const texts = (expected: string, isRight: (text: string) => boolean): Field<readonly string[]> => ({
  expected,
  read: (value) => {
    if (!Array.isArray(value) || value.length > 64) return undefined
    const found = value.filter((one) => typeof one === 'string' && isRight(one))
    return found.length === value.length ? found : undefined
  },
})

const isCertificate = (text: string): boolean => {
  const der = Buffer.from(text, 'base64')
  return der.toString('base64') === text && readCertificate(der) !== undefined
}

/** PCRs that only a restart of the machine sets back. */
const isPcr = (name: string): boolean => /^(?:[0-9]|1[0-5])$/.test(name)

const pcrs: Field<TpmPolicy['pcrs']> = {
  expected:
    'an object of numbers from 0 to 15, each a list of values of 32 bytes in lower-case hexadecimal digits',
  read: (value) => {
    if (!isRecord(value)) return undefined
    const found = Object.entries(value).map(([name, list]) => {
      const read = values(32).read(list)
      return isPcr(name) && Array.isArray(read) ? ([name, read] as const) : undefined
    })
    const whole = found.filter((one) => one !== undefined)
    return whole.length === found.length ? Object.fromEntries(whole) : undefined
  },
}

export const tpmFields: Fields<TpmPolicy> = {
  quote: oneOf('required', 'if-given', 'ignored'),
  alone: oneOf('forbidden', 'accepted'),
  keys: texts('a list of Names of keys, each 000b and 64 lower-case hexadecimal digits', (text) =>
    srkName.test(text),
  ),
  roots: texts('a list of certificates, each DER in base64', isCertificate),
  log: oneOf('required', 'if-given'),
  pcrs,
}
