// The tpm2 provider: random bytes that a TPM gives back to the same firmware, kernel, initramfs and command line, and
// to no other. How far that goes is how far the TPM is to be trusted: see TPM_TRUST.

import { fail } from '../fault/index.ts'
import type { TpmSealed } from '../machine/machine.ts'
import { Secret } from '../secret/secret.ts'
import { srkName } from '../system/tpm.ts'
import type { LastingProvider, Owned, Sealed } from './provider.ts'

/** Bytes of a sealed secret. */
const secretBytes = 32

export type TpmSeal = TpmSealed & { readonly pcrs: readonly number[] }

/** Each begins with `tpm-`, which no other provider's does: see second-factor.ts. */
export const printTpmSeal = ({ srk, pcrs, ...blobs }: TpmSeal): Sealed => ({
  'tpm-srk': srk,
  'tpm-pcrs': pcrs.join('.'),
  'tpm-public': blobs.public.toString('base64'),
  'tpm-private': blobs.private.toString('base64'),
  'tpm-ticket': blobs.ticket.toString('base64'),
})

/** Undefined for anything `printTpmSeal` does not print. */
export const parseTpmSeal = (sealed: Sealed): TpmSeal | undefined => {
  const blob = (name: string) => Buffer.from(sealed[`tpm-${name}`] ?? '', 'base64')
  const seal: TpmSeal = {
    srk: sealed['tpm-srk'] ?? '',
    pcrs: (sealed['tpm-pcrs'] ?? '').split('.').map(Number),
    public: blob('public'),
    private: blob('private'),
    ticket: blob('ticket'),
  }
  const same = JSON.stringify(printTpmSeal(seal)) === JSON.stringify(sealed)
  return same && srkName.test(seal.srk) ? seal : undefined
}

const policyOf = ({ tpm }: Owned) => {
  if (tpm === undefined) throw new Error('a volume with a TPM has no policy')
  return tpm
}

export const tpm2: LastingProvider = {
  name: 'tpm2',
  isSeal: (sealed) => parseTpmSeal(sealed) !== undefined,
  create: (owned, tee, before) => {
    const { pcrs, srk } = policyOf(owned)
    // A volume stays with its TPM: a seal that only becomes newer does not go to whatever TPM is there now.
    const tpm = { pcrs, srk: srk ?? before?.['tpm-srk'] }
    // Not of the TPM's generator: what that adds is known to whoever runs it.
    using made = tee.random(secretBytes)
    const sealed = printTpmSeal({ ...tee.tpmSeal(tpm, made), pcrs })
    return { secret: Secret.make(secretBytes, (bytes) => void made.bytes.copy(bytes)), sealed }
  },
  recover: (owned, tee, sealed) => {
    const { volume } = owned
    const tpm = policyOf(owned)
    const seal = parseTpmSeal(sealed)
    if (seal === undefined) throw fail('header-token', { volume, reason: 'its seal is not one of tpm2' })
    const [pcrs, wanted] = [seal.pcrs.join(' '), tpm.pcrs.join(' ')]
    if (pcrs !== wanted)
      throw fail('seal-pcrs', { volume, reason: `it is sealed to PCRs ${pcrs}, not to ${wanted}` })
    // Another TPM made it: what that one unseals, its owner may know.
    if (tpm.srk !== undefined && seal.srk !== tpm.srk)
      throw fail('tpm-srk', { found: `${seal.srk} in the header of ${volume}`, pinned: tpm.srk })
    return { secret: tee.tpmUnseal(seal.pcrs, seal), age: 'current' }
  },
}
