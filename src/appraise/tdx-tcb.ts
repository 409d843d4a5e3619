// The TCB status of a TDX platform: the level of Intel that it reaches, joined over platform, module and quoting enclave.
// Pure. Rules: Intel PCS API version 4, "Get TDX TCB Info", and Intel's quote verification library.

import type { ModuleIdentity, SvnLevel, TcbInfo } from './tdx-identity.ts'

/** SVNs of the platform: 16 of SGX components and the PCE's, from the PCK certificate; 16 of TDX from the TD report. */
export type PlatformSvns = {
  readonly sgx: readonly number[]
  readonly pce: number
  readonly tdx: readonly number[]
}

export type TcbStatus = { readonly status: string; readonly advisories: readonly string[] }

/** Intel's identity of the module: by its major version, which is the second of its SVNs. */
export const moduleOf = ({ modules }: TcbInfo, tdx: readonly number[]): ModuleIdentity | undefined => {
  const major = tdx[1] ?? 0
  const id = major === 0 ? '' : `TDX_${major.toString(16).toUpperCase().padStart(2, '0')}`
  return modules.find((one) => one.id === id)
}

const reached = (levels: readonly number[], found: readonly number[], from: number): boolean =>
  levels.every((least, i) => i < from || (found[i] ?? 0) >= least)

/** The first level that each component reaches. With a module of version 1 on, the module's own SVNs are judged apart. */
const platformLevel = ({ levels }: TcbInfo, { sgx, pce, tdx }: PlatformSvns): TcbStatus | undefined =>
  levels.find(
    (level) =>
      reached(level.sgx, sgx, 0) && pce >= level.pceSvn && reached(level.tdx, tdx, (tdx[1] ?? 0) > 0 ? 2 : 0),
  )

export const svnStatus = (levels: readonly SvnLevel[], svn: number): TcbStatus | undefined =>
  levels.find((level) => svn >= level.svn)

/**
 * Joins the status of one part to that of the whole, as Intel's library does. Of a module and of a quoting enclave Intel
 * says `UpToDate`, `OutOfDate` or `Revoked`; any other status has no rule, and becomes one that no policy accepts.
 */
export const joinStatus = (whole: TcbStatus, part: TcbStatus): TcbStatus => {
  const advisories = [...new Set([...whole.advisories, ...part.advisories])]
  return { status: joined(whole.status, part.status), advisories }
}

const joined = (whole: string, part: string): string => {
  if (part === 'Revoked' || whole === 'Revoked') return 'Revoked'
  if (part === 'UpToDate') return whole
  if (part !== 'OutOfDate') return `${whole} and ${part}`
  if (whole === 'UpToDate' || whole === 'SWHardeningNeeded') return 'OutOfDate'
  return whole.startsWith('Configuration') ? 'OutOfDateConfigurationNeeded' : whole
}

/** The status of platform and module together; undefined where no level is reached. */
export const platformStatus = (info: TcbInfo, svns: PlatformSvns): TcbStatus | undefined => {
  const level = platformLevel(info, svns)
  const module = moduleOf(info, svns.tdx)
  if (level === undefined || module === undefined) return undefined
  const whole = { status: level.status, advisories: level.advisories }
  if (module.id === '') return whole
  const own = svnStatus(module.levels, svns.tdx[0] ?? 0)
  return own === undefined ? undefined : joinStatus(whole, own)
}
