// Hostile answers of a TPM, or of a device on the way to the TPM, and hostile blobs in a header.

import { type CommandName, commandCodes, parseResponse } from '../../src/machine/tpm/command.ts'
import {
  parseAttestationKey,
  parseQuote,
  parseQuoteSignature,
  printQuote,
} from '../../src/machine/tpm/quote.ts'
import { extend, seal, unseal } from '../../src/machine/tpm/seal.ts'
import {
  parseSealedPublic,
  parseSrk,
  parseTicket,
  printSealedPublic,
  printSrk,
  printTicket,
} from '../../src/machine/tpm/structures.ts'
import { Secret } from '../../src/secret/secret.ts'
import { makeQuote } from '../with/tpm-quote.ts'
import { recorded } from '../with/tpm-vectors.ts'
import { mutateBytes } from './random.ts'
import { hexOf, need, orRefused, type Target, target } from './run.ts'

const show = (bytes: Uint8Array): string => `${bytes.length} bytes:\n${hexOf(bytes)}`
const shapes = [0, 1].flatMap((handles) =>
  [0, 1].map((sessions) => ({ handles: handles as 0 | 1, sessions: sessions as 0 | 1 })),
)

const response = target<Uint8Array>({
  name: 'TPM response',
  cost: 1,
  seeds: [...recorded.responses.map(({ bytes }) => bytes), Buffer.from('80010000000a0000099d', 'hex')],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 2, 5, 6, 10, 13, 14, 17]),
  check: (bytes) =>
    shapes.filter((shape) => {
      const found = parseResponse(Buffer.from(bytes), shape)
      if (found?.parameters === undefined) return found !== undefined
      const fixed = 10 + 4 * shape.handles + 4 * shape.sessions
      const { parameters, auth } = found as { parameters: Buffer; auth: Buffer }
      need(fixed + parameters.length + auth.length === bytes.length, 'parts of another size than the whole')
      return true
    }).length > 0,
  show,
})

const structures = target<Uint8Array>({
  name: 'TPM structures',
  cost: 1,
  seeds: [recorded.srk.publicArea, recorded.sealed.publicArea, recorded.sealed.ticket],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 2, 4, 8, 9, 10, 22, 24, 43, 45, 46, 58]),
  check: (given) => {
    const bytes = Buffer.from(given)
    const [srk, sealed, ticket] = [parseSrk(bytes), parseSealedPublic(bytes), parseTicket(bytes)]
    if (srk !== undefined) need(printSrk(srk).equals(bytes), 'printed, it is another key')
    if (sealed !== undefined) need(printSealedPublic(sealed).equals(bytes), 'printed, it is another object')
    if (ticket !== undefined) need(printTicket(ticket).equals(bytes), 'printed, it is another ticket')
    return srk !== undefined || sealed !== undefined || ticket !== undefined
  },
  show,
})

/** A conversation in which one answer is `bytes`, and all others are of another session. */
type Talk = { readonly at: CommandName; readonly bytes: Uint8Array }

const sealed = {
  srk: recorded.srk.name.toString('hex'),
  public: recorded.sealed.publicArea,
  private: Buffer.alloc(158, 1),
  ticket: recorded.sealed.ticket,
}

const talk = target<Talk>({
  name: 'TPM conversation',
  cost: 10,
  seeds: recorded.responses.map(({ name, bytes }) => ({ at: name, bytes })),
  mutate: (random, { at, bytes }) => ({
    at,
    bytes: mutateBytes(random, bytes, [0, 2, 5, 6, 10, 14, 16, 18]),
  }),
  check: ({ at, bytes }) => {
    const tpm = (command: Buffer): Buffer => {
      const asked = recorded.responses.find(({ name }) => commandCodes[name] === command.readUInt32BE(6))
      return Buffer.from(asked?.name === at ? bytes : (asked?.bytes ?? []))
    }
    const pcrs = [4, 9, 11, 12]
    const none = orRefused(/^tpm-/, () => seal(tpm, { pcrs, srk: undefined }, new Secret(Buffer.alloc(32))))
    need(none === undefined, 'something was sealed')
    need(orRefused(/^tpm-/, () => unseal(tpm, pcrs, sealed)) === undefined, 'something was unsealed')
    const extended = orRefused(/^tpm-/, () => extend(tpm, 11, Buffer.alloc(32, 1), sealed.srk))
    need(extended === undefined, 'a PCR was extended')
    return true
  },
  show: ({ at, bytes }) => `${at}: ${show(bytes)}`,
})

const made = makeQuote({ data: Buffer.alloc(32, 7), pcrs: { 4: Buffer.alloc(32) }, log: Buffer.alloc(0) })

const quotes = target<Uint8Array>({
  name: 'TPM quote',
  cost: 1,
  seeds: [made.quote, made.key, made.signature],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 2, 4, 6, 10, 12, 16, 42, 101, 105, 107, 108]),
  check: (given) => {
    const bytes = Buffer.from(given)
    const quote = parseQuote(bytes)
    if (quote !== undefined) need(printQuote(quote).equals(bytes), 'printed, it is another quote')
    const key = parseAttestationKey(bytes)
    const signature = parseQuoteSignature(bytes, 'ecdsa')
    if (signature !== undefined) need(signature.length === 64, 'a signature of another length')
    return quote !== undefined || key !== undefined || signature !== undefined
  },
  show,
})

export const tpmTargets: readonly Target[] = [response, structures, talk, quotes]
