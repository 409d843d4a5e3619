// Has a TPM quote its PCRs with an attestation key: the commands in their order. The verifier judges each answer, so nothing
// here rests on one; the checks here only tell an honest user early that the TPM is of no use.

import { fail } from '../../fault/index.ts'
import { ask, type Exchange, malformed } from './command.ts'
import { attestationTemplate, parseAttestationKey, parseQuote } from './quote.ts'
import { digestBytes, handles, nameOf, noSelection, printSelection, sha256 } from './structures.ts'
import { readAll, sized, u8, u16, u32 } from './wire.ts'

/** The PCRs that cvmboot has quoted: all that only a restart of the machine sets back. */
export const quotedPcrs: readonly number[] = Array.from({ length: 16 }, (_, pcr) => pcr)

/** One TPM2_PCR_Read gives at most 8 values. */
const mostAtOnce = 8
const mostBlob = 1024
const mostTries = 3
const schemeOfKey = 0x0010

const empty = sized(Buffer.alloc(0))
const noPassword = Buffer.concat([u32(handles.password), empty, u8(0), empty])

export type TpmQuote = {
  /** TPMT_PUBLIC of the attestation key. */
  readonly key: Buffer
  /** TPMS_ATTEST. */
  readonly quote: Buffer
  /** TPMT_SIGNATURE. */
  readonly signature: Buffer
  /** By number. */
  readonly pcrs: Readonly<Record<string, Buffer>>
}

type Key = { readonly handle: number; readonly area: Buffer }

/** The same TPM makes the same key of this template each time, until somebody changes the seed of its endorsement hierarchy. */
const makeKey = (tpm: Exchange): Key => {
  const { handle, parameters } = ask(
    tpm,
    {
      name: 'CreatePrimary',
      handles: [handles.endorsement],
      auth: noPassword,
      parameters: Buffer.concat([sized(Buffer.alloc(4)), sized(attestationTemplate), empty, noSelection]),
    },
    1,
  )
  const found = readAll(parameters, (from) => ({ area: from.sized(mostBlob), rest: from.rest() }))
  if (found === undefined || parseAttestationKey(found.area) === undefined) throw malformed('CreatePrimary')
  return { handle, area: Buffer.from(found.area) }
}

const readSome = (tpm: Exchange, pcrs: readonly number[]): readonly Buffer[] => {
  const selection = printSelection(pcrs)
  const { parameters } = ask(tpm, { name: 'PCR_Read', handles: [], parameters: selection })
  const values = readAll(parameters, (from) => {
    from.u32() // how often any PCR has changed
    if (!from.bytes(selection.length).equals(selection) || from.u32() !== pcrs.length) return undefined
    return pcrs.map(() => Buffer.from(from.sized(digestBytes)))
  })
  if (values?.every(({ length }) => length === digestBytes) !== true)
    throw fail('tpm-pcrs', { reason: 'the sha256 bank does not have all of them' })
  return values
}

const quoteBy = (tpm: Exchange, { handle }: Key, data: Buffer) => {
  const { parameters } = ask(tpm, {
    name: 'Quote',
    handles: [handle],
    auth: noPassword,
    parameters: Buffer.concat([sized(data), u16(schemeOfKey), printSelection(quotedPcrs)]),
  })
  const found = readAll(parameters, (from) => ({
    quote: Buffer.from(from.sized(mostBlob)),
    signature: Buffer.from(from.rest()),
  }))
  if (found === undefined) throw malformed('Quote')
  return found
}

/**
 * `dataFor` returns the data that the TPM signs, 32 bytes, from the Name of the attestation key. Another program may extend a
 * PCR between the commands, so the quote is repeated then. Faults: `tpm-error`, `tpm-response`, `tpm-pcrs`, those of `dataFor`.
 */
export const takeQuote = (tpm: Exchange, dataFor: (keyName: Buffer) => Buffer): TpmQuote => {
  const key = makeKey(tpm)
  try {
    const data = dataFor(nameOf(key.area))
    for (let tries = 0; tries < mostTries; tries++) {
      const { quote, signature } = quoteBy(tpm, key, data)
      const low = quotedPcrs.slice(0, mostAtOnce)
      const values = [...readSome(tpm, low), ...readSome(tpm, quotedPcrs.slice(mostAtOnce))]
      if (parseQuote(quote)?.digest.equals(sha256(...values)) !== true) continue
      const pcrs = Object.fromEntries(values.map((value, pcr) => [`${pcr}`, value]))
      return { key: key.area, quote, signature, pcrs }
    }
    throw fail('tpm-pcrs', { reason: 'they are not those of the quote, or they change all the time' })
  } finally {
    ask(tpm, { name: 'FlushContext', handles: [], parameters: u32(key.handle) })
  }
}
