// The frames of TPM 2.0 commands and responses: print / parse, and one exchange. Pure, but for the exchange given to `ask`.
// Codes: TCG TPM 2.0 Library, Part 2, 6.5 (commands), 6.6 (responses); frames: Part 1, 18.

import { type BootFault, fail } from '../../fault/index.ts'
import { readAll, u16, u32 } from './wire.ts'

/** TPM_CC. */
export const commandCodes = {
  CreatePrimary: 0x131,
  CertifyCreation: 0x14a,
  Create: 0x153,
  Load: 0x157,
  Quote: 0x158,
  Unseal: 0x15e,
  FlushContext: 0x165,
  StartAuthSession: 0x176,
  PCR_Read: 0x17e,
  PolicyPCR: 0x17f,
  PCR_Extend: 0x182,
} as const

export type CommandName = keyof typeof commandCodes

/** TPM2_MAX_RESPONSE_SIZE of include/linux/tpm.h: the kernel gives no more. */
export const mostBytes = 4096

const tags = { noSessions: 0x8001, sessions: 0x8002 } as const

export type Command = {
  readonly name: CommandName
  readonly handles: readonly number[]
  /** The one authorization, if any. */
  readonly auth?: Buffer
  readonly parameters: Buffer
}

export const printCommand = ({ name, handles, auth, parameters }: Command): Buffer => {
  const body = [...handles.map(u32), ...(auth === undefined ? [] : [u32(auth.length), auth]), parameters]
  const bytes = 10 + body.reduce((sum, part) => sum + part.length, 0)
  const tag = auth === undefined ? tags.noSessions : tags.sessions
  return Buffer.concat([u16(tag), u32(bytes), u32(commandCodes[name]), ...body])
}

/** The parts of the response to a command. */
export type Shape = { readonly handles: 0 | 1; readonly sessions: 0 | 1 }

export type Response =
  | { readonly code: 0; readonly handle: number; readonly parameters: Buffer; readonly auth: Buffer }
  | { readonly code: number; readonly parameters: undefined }

/** The parts are views of `bytes`. Undefined where `bytes` is no response to such a command. */
export const parseResponse = (bytes: Buffer, { handles, sessions }: Shape): Response | undefined =>
  readAll(bytes, (from): Response | undefined => {
    const tag = from.u16()
    if (from.u32() !== bytes.length || bytes.length > mostBytes) return undefined
    const code = from.u32()
    if (code !== 0) return tag === tags.noSessions ? { code, parameters: undefined } : undefined
    if (tag !== (sessions === 1 ? tags.sessions : tags.noSessions)) return undefined
    const handle = handles === 1 ? from.u32() : 0
    const parameters = sessions === 1 ? from.bytes(from.u32()) : from.rest()
    return { code: 0, handle, parameters, auth: from.rest() }
  })

/** Sends one command, and returns the response to it. */
export type Exchange = (command: Buffer) => Buffer

/** TPM_RC without the number of the handle, parameter or session that the code is about. */
const kindOf = (code: number): number => ((code & 0x80) === 0 ? code : code & 0xbf)

/** Codes of TPM_RC, format 1, with a cause that a person can act on. */
const rc = {
  value: 0x84,
  authFail: 0x8e,
  size: 0x95,
  policyFail: 0x9d,
  integrity: 0x9f,
  ticket: 0xa0,
  badAuth: 0xa2,
  binding: 0xa5,
} as const

const badBlob: Partial<Record<CommandName, readonly number[]>> = {
  Load: [rc.integrity, rc.size, rc.value, rc.binding],
  CertifyCreation: [rc.ticket],
}

/** The commands that an empty password authorizes. A session's key, which only the storage key's TPM has, authorizes others. */
const byPassword: readonly CommandName[] = ['CreatePrimary', 'Quote']

/** The fault for an error of a TPM. */
const refusal = (name: CommandName, code: number): BootFault => {
  const kind = kindOf(code)
  const said = `0x${code.toString(16)}`
  if (badBlob[name]?.includes(kind) === true)
    return fail('tpm-blob', { reason: `TPM2_${name} answers ${said}` })
  if ((kind === rc.authFail || kind === rc.badAuth) && !byPassword.includes(name))
    return fail('tpm-session', {
      reason: `TPM2_${name} answers ${said}, so it does not have the session's key`,
    })
  if ((name === 'Unseal' && kind === rc.policyFail) || (name === 'PolicyPCR' && kind === rc.value))
    return fail('tpm-pcrs', { reason: `TPM2_${name} answers ${said}` })
  return fail('tpm-error', { command: name, answer: said })
}

export const malformed = (name: CommandName) => fail('tpm-response', { command: name })

/** One exchange that succeeds. Faults: `tpm-response`, `tpm-error`, and the more exact ones of `refusal`. */
export const ask = (tpm: Exchange, command: Command, handles: 0 | 1 = 0) => {
  const { name, auth } = command
  const sessions = auth === undefined ? 0 : 1
  const response = parseResponse(tpm(printCommand(command)), { handles, sessions })
  if (response === undefined) throw malformed(name)
  if (response.parameters === undefined) throw refusal(name, response.code)
  return response
}
