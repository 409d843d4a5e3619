// What an owner accepts: print / parse. A JSON file with a version. Pure.
// A field that the file does not name has its strict default; a field that is not known is refused. The page
// docs/reference/policy.md has the same tables, and a test compares.

import { fail } from '../fault/index.ts'
import { type Product, products, type Tcb, type TcbComponent, tcbComponents } from './tcb.ts'

const hex = (bytes: number) => new RegExp(`^[0-9a-f]{${bytes * 2}}$`)

/** `manifest`: only values that the manifest predicts. `any`: each value, for looking at evidence and nothing else. */
export type Measurement = 'manifest' | 'any'
/** `required`: the bit must be one. `forbidden`: it must be zero. `any`: it is not judged. */
export type Bit = 'required' | 'forbidden' | 'any'
/** Lower-case hexadecimal digits of the values that are accepted; `zero` accepts zeroes alone. */
export type Values = 'zero' | 'any' | readonly string[]

export type SnpPolicy = {
  readonly products: readonly Product[]
  /** Which key may sign: one of the chip (`vcek`) or one that AMD gave a cloud (`vlek`). */
  readonly signers: readonly ('vcek' | 'vlek')[]
  readonly vmpl: number
  /** The least components of the launch, committed and reported TCB versions. A product that is absent is refused. */
  readonly leastTcb: Partial<Readonly<Record<Product, Partial<Tcb>>>>
  /** The least ABI version of the guest policy: major, minor. */
  readonly leastAbi: readonly [number, number]
  readonly revocation: 'required' | 'if-given'
  readonly debug: Bit
  readonly migration: Bit
  readonly smt: Bit
  readonly singleSocket: Bit
  readonly ciphertextHiding: Bit
  readonly pageSwapDisable: Bit
  /** SMT of the host, where `smt` is of the guest's policy. */
  readonly platformSmt: Bit
  /** Platform: the firmware checked for memory aliases (BadRAM). */
  readonly aliasCheck: Bit
  readonly tsme: Bit
  readonly leastGuestSvn: number
  readonly familyId: Values
  readonly imageId: Values
  readonly idKeyDigest: Values
  readonly authorKeyDigest: Values
  readonly hostData: Values
  readonly reportData: Values
}

export type TdxPolicy = {
  /** TCB statuses that are accepted, of the platform and the quoting enclave together. */
  readonly tcbStatuses: readonly string[]
  /** The least number of Intel's evaluation data set; 0 accepts each. */
  readonly leastEvaluation: number
  readonly debug: Bit
  readonly septVeDisable: Bit
  readonly migratable: Bit
  readonly perfmon: Bit
  readonly keyLocker: Bit
  readonly lass: Bit
  readonly protectionKeys: Bit
  /** XFAM bits that may be one, 16 hexadecimal digits. */
  readonly xfamMask: string
  readonly mrConfigId: Values
  readonly mrOwner: Values
  readonly mrOwnerConfig: Values
  readonly mrServiceTd: Values
  readonly reportData: Values
}

export type Policy = {
  readonly measurement: Measurement
  readonly snp: SnpPolicy
  readonly tdx: TdxPolicy
}

/** Why each default is strict is told in docs/reference/policy.md, field by field. */
export const strictPolicy: Policy = {
  measurement: 'manifest',
  snp: {
    products,
    signers: ['vcek'],
    vmpl: 0,
    leastTcb: {},
    leastAbi: [0, 0],
    revocation: 'required',
    debug: 'forbidden',
    migration: 'forbidden',
    smt: 'any',
    singleSocket: 'any',
    ciphertextHiding: 'any',
    pageSwapDisable: 'any',
    platformSmt: 'any',
    aliasCheck: 'any',
    tsme: 'any',
    leastGuestSvn: 0,
    familyId: 'zero',
    imageId: 'zero',
    idKeyDigest: 'zero',
    authorKeyDigest: 'zero',
    hostData: 'zero',
    reportData: 'any',
  },
  tdx: {
    tcbStatuses: ['UpToDate'],
    leastEvaluation: 0,
    debug: 'forbidden',
    septVeDisable: 'required',
    migratable: 'forbidden',
    perfmon: 'forbidden',
    keyLocker: 'forbidden',
    lass: 'any',
    protectionKeys: 'any',
    // x87, SSE, AVX, AVX-512, PKRU, CET and AMX: features whose state is the guest's own (Intel SDM volume 1, 13.1).
    xfamMask: '0000000000061ae7',
    mrConfigId: 'zero',
    mrOwner: 'zero',
    mrOwnerConfig: 'zero',
    mrServiceTd: 'zero',
    reportData: 'any',
  },
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const wrong = (field: string, expected: string) =>
  fail('appraise-policy', { reason: `${field} takes ${expected}` })

/** How one field is read; undefined for a value that it does not take. */
type Field<T> = { readonly expected: string; readonly read: (value: unknown) => T | undefined }
type Fields<T> = { readonly [K in keyof T]: Field<T[K]> }

const oneOf = <const T extends string>(...words: readonly T[]): Field<T> => ({
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
  reportData: values(64),
}

/** Fault: `appraise-policy`. */
const readFields = <T extends object>(name: string, fields: Fields<T>, given: unknown, strict: T): T => {
  if (given === undefined) return strict
  if (!isRecord(given)) throw wrong(name, 'an object')
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(fields, key))
  if (unknown !== undefined)
    throw fail('appraise-policy', { reason: `${name}.${unknown} is no field that this version knows` })
  const read = { ...strict }
  for (const key in fields) {
    if (!Object.hasOwn(given, key)) continue
    const value = fields[key].read(given[key])
    if (value === undefined) throw wrong(`${name}.${key}`, fields[key].expected)
    read[key] = value
  }
  return read
}

const format = 'cvmboot policy'
const version = 1

/** Reads a policy. Fault: `appraise-policy`. */
export const parsePolicy = (text: string): Policy => {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    throw fail('appraise-policy', { reason: 'it is not JSON' })
  }
  if (!isRecord(given) || given['format'] !== format) throw wrong('format', `"${format}"`)
  if (given['version'] !== version) throw wrong('version', `${version}`)
  const names = ['format', 'version', 'measurement', 'snp', 'tdx']
  const unknown = Object.keys(given).find((key) => !names.includes(key))
  if (unknown !== undefined)
    throw fail('appraise-policy', { reason: `${unknown} is no field that this version knows` })
  const measurement = oneOf('manifest', 'any').read(given['measurement'] ?? 'manifest')
  if (measurement === undefined) throw wrong('measurement', 'manifest, any')
  return {
    measurement,
    snp: readFields('snp', snpFields, given['snp'], strictPolicy.snp),
    tdx: readFields('tdx', tdxFields, given['tdx'], strictPolicy.tdx),
  }
}

/** The whole policy, each field with its value. */
export const printPolicy = (policy: Policy): string =>
  `${JSON.stringify({ format, version, ...policy }, undefined, 2)}\n`
