// The file with an owner's policy: print / parse. JSON with a version. Pure.
// A field that the file does not name has its strict default; the parser refuses a field that it does not know.

import { fail } from '../fault/index.ts'
import { type Policy, strictPolicy } from './policy.ts'
import { type Fields, isRecord, oneOf, snpFields, tdxFields, tpmFields } from './policy-fields.ts'

const wrong = (field: string, expected: string) =>
  fail('appraise-policy', { reason: `${field} takes ${expected}` })

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

const measurementField = oneOf('manifest', 'any')

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
  const names = ['format', 'version', 'measurement', 'snp', 'tdx', 'tpm']
  const unknown = Object.keys(given).find((key) => !names.includes(key))
  if (unknown !== undefined)
    throw fail('appraise-policy', { reason: `${unknown} is no field that this version knows` })
  const measurement = Object.hasOwn(given, 'measurement')
    ? measurementField.read(given['measurement'])
    : strictPolicy.measurement
  if (measurement === undefined) throw wrong('measurement', measurementField.expected)
  return {
    measurement,
    snp: readFields('snp', snpFields, given['snp'], strictPolicy.snp),
    tdx: readFields('tdx', tdxFields, given['tdx'], strictPolicy.tdx),
    tpm: readFields('tpm', tpmFields, given['tpm'], strictPolicy.tpm),
  }
}

/** The whole policy, each field with its value. */
export const printPolicy = (policy: Policy): string =>
  `${JSON.stringify({ format, version, ...policy }, undefined, 2)}\n`
