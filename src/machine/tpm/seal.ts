// Seals a secret to the PCRs of a TPM, and unseals it: the commands in their order, and the checks of each answer.
// An attacker between guest and TPM may forge answers; session.ts says what such an attacker can do. Nothing here relies on an
// answer without a session's HMAC: later HMACs prove the answers to CreatePrimary, StartAuthSession and PolicyPCR.

import { fail } from '../../fault/index.ts'
import { Secret } from '../../secret/secret.ts'
import type { TpmPolicy } from '../../system/tpm.ts'
import { ask, type Exchange, malformed } from './command.ts'
import { askIn, type Loaded, type Session, type Srk, startSession } from './session.ts'
import {
  alg,
  digestBytes,
  handles,
  nameBytes,
  nameOf,
  noSelection,
  parseSealedPublic,
  parseSrk,
  parseTicket,
  policyOf,
  printCreation,
  printSealedPublic,
  printSelection,
  printTicket,
  sha256,
  srkTemplate,
} from './structures.ts'
import { type Reader, readAll, sized, u8, u16, u32 } from './wire.ts'

/** A sealed secret. No part of it needs protection: only the TPM that made it opens it. */
export type TpmSealed = {
  /** Name of the storage key in hexadecimal digits. */
  readonly srk: string
  /** TPMT_PUBLIC, the content of TPM2B_PRIVATE, TPMT_TK_CREATION. */
  readonly public: Buffer
  readonly private: Buffer
  readonly ticket: Buffer
}

export const secretBytes = 32
/** The empty password, which a new TPM has. Where the TPM's owner has set another password, the TPM refuses the command. */
const noPassword = Buffer.concat([
  u32(handles.password),
  sized(Buffer.alloc(0)),
  u8(0),
  sized(Buffer.alloc(0)),
])
const nothing = sized(Buffer.alloc(0))
const mostBlob = 1024

const ticketIn = (from: Reader): Buffer => {
  const head = from.bytes(6)
  return Buffer.concat([head, sized(from.sized(64))])
}

/** Unloads a key. The answer does not matter: the kernel also flushes on close, and a key that stays loaded opens nothing. */
const flush = (tpm: Exchange, { handle }: { readonly handle: number }): void => {
  ask(tpm, { name: 'FlushContext', handles: [], parameters: u32(handle) })
}

/**
 * Makes the TPM's storage key anew, from the standard's template. The TPM only claims to have this key: the first session to
 * the key proves the claim. Faults: `tpm-srk` where another key was expected, those of `ask`.
 */
export const loadSrk = (tpm: Exchange, pinned: string | undefined): Srk => {
  const { handle, parameters } = ask(
    tpm,
    {
      name: 'CreatePrimary',
      handles: [handles.owner],
      auth: noPassword,
      parameters: Buffer.concat([sized(Buffer.alloc(4)), sized(srkTemplate), nothing, noSelection]),
    },
    1,
  )
  const found = readAll(parameters, (from) => {
    const area = from.sized(mostBlob)
    from.sized(mostBlob)
    from.sized(digestBytes)
    ticketIn(from)
    const name = from.sized(nameBytes)
    const point = parseSrk(area)
    return point === undefined || !name.equals(nameOf(area)) ? undefined : { name, point }
  })
  if (found === undefined) throw malformed('CreatePrimary')
  const name = found.name.toString('hex')
  if (pinned !== undefined && name !== pinned) throw fail('tpm-srk', { found: name, pinned })
  return { handle, ...found }
}

/**
 * Values of PCRs in the order of their numbers, as the storage key's TPM states them. Faults: `tpm-pcrs` where the TPM has no
 * such bank, `tpm-session`, those of `ask`.
 */
const readPcrs = (
  tpm: Exchange,
  session: Session,
  pcrs: readonly number[],
  then: 'continue' | 'end' = 'continue',
): readonly Buffer[] => {
  const selection = printSelection(pcrs)
  const { parameters } = askIn(tpm, session, {
    name: 'PCR_Read',
    on: [],
    parameters: selection,
    hides: 'nothing',
    session: then,
  })
  const values = readAll(parameters, (from) => {
    from.u32() // how often any PCR has changed
    if (!from.bytes(selection.length).equals(selection)) return undefined
    const count = from.u32()
    return count === pcrs.length ? pcrs.map(() => from.sized(digestBytes)) : undefined
  })
  if (values?.every((value) => value.length === digestBytes) !== true)
    throw fail('tpm-pcrs', { reason: 'the sha256 bank does not have all of them' })
  return values
}

/**
 * Seals `secret`, of 32 bytes, to the present values of the PCRs. The ticket proves later that the TPM sealed the secret under
 * these values. Without the ticket an attacker who starts another image on the same TPM could make this image accept a secret
 * that the attacker knows. Faults: `tpm-srk`, `tpm-session`, `tpm-pcrs`, those of `ask`.
 */
export const seal = (tpm: Exchange, { pcrs, srk: pinned }: TpmPolicy, secret: Secret): TpmSealed => {
  const srk = loadSrk(tpm, pinned)
  const session = startSession(tpm, srk, 'hmac')
  using _ = session.key
  const pcrDigest = sha256(...readPcrs(tpm, session, pcrs))
  const policy = policyOf(pcrs, pcrDigest)
  const template = printSealedPublic({ policy, unique: Buffer.alloc(0) })
  // TPM2B_SENSITIVE_CREATE comes first: no password, and the secret.
  using plain = new Secret(
    Buffer.concat([
      u16(4 + secretBytes),
      nothing,
      u16(secretBytes),
      secret.bytes,
      sized(template),
      nothing,
      printSelection(pcrs),
    ]),
  )
  const { parameters } = askIn(tpm, session, {
    name: 'Create',
    on: [srk],
    parameters: plain.bytes,
    hides: 'command',
    session: 'end',
  })
  const made = readAll(parameters, (from) => ({
    private: from.sized(mostBlob),
    public: from.sized(mostBlob),
    creation: from.sized(mostBlob),
    hash: from.sized(digestBytes),
    ticket: ticketIn(from),
  }))
  if (made === undefined || parseTicket(made.ticket) === undefined) throw malformed('Create')
  if (parseSealedPublic(made.public)?.policy.equals(policy) !== true) throw malformed('Create')
  // Another program may have extended a PCR since the values were read.
  if (!made.creation.equals(printCreation({ pcrs, pcrDigest, srk: srk.name })))
    throw fail('tpm-pcrs', { reason: 'their values changed while the secret was sealed' })
  flush(tpm, srk)
  return { srk: srk.name.toString('hex'), public: made.public, private: made.private, ticket: made.ticket }
}

/**
 * The secret of 32 bytes. No blob goes to a TPM whose storage key is not the one in the seal, and no secret is accepted that was
 * not sealed under these PCR values. Faults: `tpm-srk`, `tpm-session`, `tpm-pcrs`, `tpm-blob`, those of `ask`.
 */
export const unseal = (tpm: Exchange, pcrs: readonly number[], sealed: TpmSealed): Secret => {
  const shape = parseSealedPublic(sealed.public)
  const ticket = parseTicket(sealed.ticket)
  if (shape === undefined || ticket === undefined)
    throw fail('tpm-blob', { reason: 'it is not of the form that cvmboot seals' })
  const srk = loadSrk(tpm, sealed.srk)
  const session = startSession(tpm, srk, 'hmac')
  using _ = session.key
  const pcrDigest = sha256(...readPcrs(tpm, session, pcrs))
  // The TPM decides. This comparison only finds the reason before the TPM is asked.
  if (!policyOf(pcrs, pcrDigest).equals(shape.policy))
    throw fail('tpm-pcrs', { reason: 'their values are not those that the secret was sealed to' })

  const object = load(tpm, session, srk, sealed)
  certify(tpm, session, object, sha256(printCreation({ pcrs, pcrDigest, srk: srk.name })), ticket)

  const opened = startSession(tpm, srk, 'policy')
  using __ = opened.key
  const parameters = Buffer.concat([sized(pcrDigest), printSelection(pcrs)])
  ask(tpm, { name: 'PolicyPCR', handles: [opened.handle], parameters })
  const answer = askIn(tpm, opened, {
    name: 'Unseal',
    on: [object],
    parameters: Buffer.alloc(0),
    hides: 'response',
    session: 'end',
  }).parameters
  try {
    const found = readAll(answer, (from) => from.sized(secretBytes))
    if (found?.length !== secretBytes)
      throw fail('tpm-blob', { reason: 'the unsealed secret does not have 32 bytes' })
    flush(tpm, object)
    flush(tpm, srk)
    return Secret.make(secretBytes, (into) => void found.copy(into))
  } finally {
    answer.fill(0)
  }
}

const load = (tpm: Exchange, session: Session, srk: Srk, sealed: TpmSealed): Loaded => {
  const { handle, parameters } = askIn(tpm, session, {
    name: 'Load',
    on: [srk],
    parameters: Buffer.concat([sized(sealed.private), sized(sealed.public)]),
    hides: 'nothing',
    session: 'continue',
    handles: 1,
  })
  const name = nameOf(sealed.public)
  if (readAll(parameters, (from) => from.sized(nameBytes))?.equals(name) !== true) throw malformed('Load')
  return { handle, name }
}

/** Has the TPM confirm, with the session's HMAC, that it made `object` so. The TPM checks the ticket; no key signs. */
const certify = (
  tpm: Exchange,
  session: Session,
  object: Loaded,
  creationHash: Buffer,
  ticket: Buffer,
): void => {
  const nobody = { handle: handles.null, name: u32(handles.null) }
  const { parameters } = askIn(tpm, session, {
    name: 'CertifyCreation',
    on: [nobody, object],
    hides: 'nothing',
    session: 'end',
    parameters: Buffer.concat([nothing, sized(creationHash), u16(alg.none), printTicket(ticket)]),
  })
  const said = readAll(parameters, (from) => {
    from.sized(mostBlob)
    return from.u16()
  })
  if (said !== alg.none) throw malformed('CertifyCreation')
}

/**
 * Extends a PCR of the sha256 bank of the TPM that has the storage key `pinned`. A secret that was sealed to the old value of the
 * PCR stays sealed until the machine starts anew. The HMAC of each answer proves that this TPM extended the PCR and that the
 * value is the PCR's own, so that no attacker between guest and TPM can drop the command. Returns the new value. Faults:
 * `tpm-srk`, `tpm-session`, `tpm-extend`, those of `ask`.
 */
export const extend = (tpm: Exchange, pcr: number, digest: Buffer, pinned: string): Buffer => {
  const srk = loadSrk(tpm, pinned)
  const session = startSession(tpm, srk, 'hmac')
  using _ = session.key
  const [before] = readPcrs(tpm, session, [pcr])
  const parameters = Buffer.concat([u32(1), u16(alg.sha256), digest])
  // The Name of a PCR is its handle (Part 1, 16).
  askIn(tpm, session, {
    name: 'PCR_Extend',
    on: [{ handle: pcr, name: u32(pcr) }],
    parameters,
    hides: 'nothing',
    session: 'continue',
  })
  const [after] = readPcrs(tpm, session, [pcr], 'end')
  // A TPM accepts the command for a bank that it does not keep, and then does nothing.
  if (before === undefined || after?.equals(sha256(before, digest)) !== true)
    throw fail('tpm-extend', { pcr, reason: 'it does not read back as extended' })
  flush(tpm, srk)
  return after
}
