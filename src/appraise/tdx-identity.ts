// Intel's statements about a processor, the TDX modules and the quoting enclave: the two JSON texts of the collateral as
// values. Pure. Format: Intel PCS API version 4, "TCB Info" version 3 and "Enclave Identity" version 2.

import { date, hex, type Json, list, number, object, read, text, Unexpected } from './intel-json.ts'

export type TcbLevel = {
  /** 16 security version numbers each; `tdx` is of TDX components. */
  readonly sgx: readonly number[]
  readonly tdx: readonly number[]
  readonly pceSvn: number
  readonly status: string
  readonly advisories: readonly string[]
}

export type SvnLevel = {
  readonly svn: number
  readonly status: string
  readonly advisories: readonly string[]
}

/** 48, 8 and 8 bytes in hexadecimal digits. */
export type ModuleIdentity = {
  /** `TDX_01` is the identity of modules with major version 1; empty for the base identity of version 0. */
  readonly id: string
  readonly mrSigner: string
  readonly attributes: string
  readonly attributesMask: string
  readonly levels: readonly SvnLevel[]
}

type Dated = {
  readonly issueDate: Date
  readonly nextUpdate: Date
  /** The number of Intel's evaluation data set: it rises with each recovery of the TCB. */
  readonly evaluation: number
}

export type TcbInfo = Dated & {
  /** 6 and 2 bytes in hexadecimal digits. */
  readonly fmspc: string
  readonly pceId: string
  readonly modules: readonly ModuleIdentity[]
  readonly levels: readonly TcbLevel[]
}

export type QeIdentity = Dated & {
  readonly miscSelect: string
  readonly miscSelectMask: string
  readonly attributes: string
  readonly attributesMask: string
  readonly mrSigner: string
  readonly isvProductId: number
  readonly levels: readonly SvnLevel[]
}

const advisoriesOf = (level: Json): string[] =>
  list(level['advisoryIDs'] ?? []).map((one) => text(one, /^[A-Z0-9-]{1,32}$/))
const statusOf = (level: Json): string => text(level['tcbStatus'], /^[A-Za-z]{1,48}$/)

const svnLevel = (value: unknown): SvnLevel => {
  const level = object(value)
  const svn = number(object(level['tcb'])['isvsvn'], 0xffff)
  return { svn, status: statusOf(level), advisories: advisoriesOf(level) }
}

const components = (value: unknown): number[] => {
  const svns = list(value).map((one) => number(object(one)['svn'], 255))
  if (svns.length !== 16) throw new Unexpected('16 components')
  return svns
}

const tcbLevel = (value: unknown): TcbLevel => {
  const level = object(value)
  const tcb = object(level['tcb'])
  return {
    sgx: components(tcb['sgxtcbcomponents']),
    tdx: components(tcb['tdxtcbcomponents']),
    pceSvn: number(tcb['pcesvn'], 0xffff),
    status: statusOf(level),
    advisories: advisoriesOf(level),
  }
}

const moduleIdentity = (value: unknown, id: string, levels: readonly SvnLevel[]): ModuleIdentity => {
  const module = object(value)
  return {
    id,
    mrSigner: hex(module['mrsigner'], 48),
    attributes: hex(module['attributes'], 8),
    attributesMask: hex(module['attributesMask'], 8),
    levels,
  }
}

const dated = (json: Json): Dated => ({
  issueDate: date(json['issueDate']),
  nextUpdate: date(json['nextUpdate']),
  evaluation: number(json['tcbEvaluationDataNumber'], 0xffff),
})

/** Undefined for a text that is not Intel's TCB information for TDX, version 3. */
export const parseTcbInfo = (json: string): TcbInfo | undefined =>
  read(json, (info) => {
    if (info['id'] !== 'TDX' || info['version'] !== 3) throw new Unexpected('TDX, version 3')
    const identities = list(info['tdxModuleIdentities'] ?? []).map((one) => {
      const levels = list(object(one)['tcbLevels']).map(svnLevel)
      return moduleIdentity(one, text(object(one)['id'], /^TDX_[0-9A-F]{2}$/), levels)
    })
    return {
      ...dated(info),
      fmspc: hex(info['fmspc'], 6),
      pceId: hex(info['pceId'], 2),
      modules: [moduleIdentity(info['tdxModule'], '', []), ...identities],
      levels: list(info['tcbLevels']).map(tcbLevel),
    }
  })

/** Undefined for a text that is not Intel's identity of the quoting enclave for TDX, version 2. */
export const parseQeIdentity = (json: string): QeIdentity | undefined =>
  read(json, (identity) => {
    if (identity['id'] !== 'TD_QE' || identity['version'] !== 2) throw new Unexpected('TD_QE, version 2')
    return {
      ...dated(identity),
      miscSelect: hex(identity['miscselect'], 4),
      miscSelectMask: hex(identity['miscselectMask'], 4),
      attributes: hex(identity['attributes'], 16),
      attributesMask: hex(identity['attributesMask'], 16),
      mrSigner: hex(identity['mrsigner'], 32),
      isvProductId: number(identity['isvprodid'], 0xffff),
      levels: list(identity['tcbLevels']).map(svnLevel),
    }
  })
