// The tpm2 provider: random bytes that a TPM gives back to the same firmware, kernel, initramfs and command line, and
// to no other. The protection is as good as the TPM can be trusted: see TPM_TRUST.

import { fail } from '../fault/index.ts'
import type { TpmSealed } from '../machine/machine.ts'
import { Secret } from '../secret/secret.ts'
import { defaultPcrs, fencePcr, highestPcr, mostPcrs, srkName, type TpmPolicy } from '../system/tpm.ts'
import type { LastingFields } from './policy.ts'
import type { LastingProvider, Seal } from './provider.ts'

export type Tpm2KeyPolicy = LastingFields<'tpm2'> &
  TpmPolicy & {
    /** `inside`: the TPM is part of the TEE. `outside`: the host runs the TPM, and can know the secrets that it seals. */
    readonly trust: 'inside' | 'outside'
  }

declare module './policy.ts' {
  interface Policies {
    readonly tpm2: Tpm2KeyPolicy
  }
}

/** Length of a sealed secret, in bytes. */
const secretBytes = 32

export type TpmSeal = TpmSealed & { readonly pcrs: readonly number[] }

export const printTpmSeal = ({ srk, pcrs, ...blobs }: TpmSeal): Seal => ({
  srk,
  pcrs: pcrs.join('.'),
  public: blobs.public.toString('base64'),
  private: blobs.private.toString('base64'),
  ticket: blobs.ticket.toString('base64'),
})

/** Undefined for anything that `printTpmSeal` does not print. */
export const parseTpmSeal = (sealed: Seal | undefined): TpmSeal | undefined => {
  if (sealed === undefined) return undefined
  const blob = (name: string) => Buffer.from(sealed[name] ?? '', 'base64')
  const seal: TpmSeal = {
    srk: sealed['srk'] ?? '',
    pcrs: (sealed['pcrs'] ?? '').split('.').map(Number),
    public: blob('public'),
    private: blob('private'),
    ticket: blob('ticket'),
  }
  const same = JSON.stringify(printTpmSeal(seal)) === JSON.stringify(sealed)
  return same && srkName.test(seal.srk) ? seal : undefined
}

/** Undefined where the text is no list of PCRs that a policy can have. */
export const parsePcrs = (text: string): number[] | undefined => {
  const pcrs = text.split(' ').map((word) => (/^(?:0|[1-9][0-9]?)$/.test(word) ? Number(word) : Number.NaN))
  const rising = pcrs.every((pcr, i) => pcr <= highestPcr && pcr > (pcrs[i - 1] ?? -1))
  return rising && pcrs.length <= mostPcrs && pcrs.includes(fencePcr) ? pcrs : undefined
}

const settings: LastingProvider<Tpm2KeyPolicy>['settings'] = [
  {
    key: 'TPM_TRUST',
    expected: 'inside (the TPM is part of the TEE) or outside (the host runs it)',
    sample: 'outside',
    read: (text, policy) =>
      text === 'inside' || text === 'outside' ? { ...policy, trust: text } : undefined,
    print: ({ trust }) => trust,
  },
  {
    key: 'TPM_PCRS',
    expected: `1 to ${mostPcrs} numbers from 0 to ${highestPcr}, rising, with a space between, ${fencePcr} among them`,
    sample: defaultPcrs.join(' '),
    read: (text, policy) => {
      const pcrs = parsePcrs(text)
      return pcrs === undefined ? undefined : { ...policy, pcrs }
    },
    print: ({ pcrs }) => pcrs.join(' '),
  },
  {
    key: 'TPM_SRK',
    expected: "the Name of the TPM's storage key: 000b and 64 lower-case hexadecimal digits",
    sample: '',
    read: (text, policy) => (srkName.test(text) ? { ...policy, srk: text } : undefined),
    print: ({ srk }) => srk ?? '',
  },
]

export const tpm2: LastingProvider<Tpm2KeyPolicy> = {
  name: 'tpm2',
  about: 'of a TPM inside it',
  defaults: {
    provider: 'tpm2',
    binding: 'measurement',
    blank: 'format',
    pcrs: defaultPcrs,
    srk: undefined,
    trust: 'outside',
  },
  // An upgrade changes the PCRs, so a secret that is sealed to the PCRs does not outlive an upgrade.
  bindings: ['measurement'],
  settings,
  // A TPM that the host runs sees each secret that it seals. Beside the TEE's key this does no harm.
  notAlone: ({ trust }) =>
    trust === 'inside'
      ? undefined
      : 'snp+tpm2 or ephemeral, or TPM_TRUST=inside beside it: a TPM that the host runs knows what it seals',
  print: ({ pcrs, srk }) => [`pcrs=${pcrs.join(',')} srk=${srk ?? 'of-the-header'}`],
  lacks: (_, machine) =>
    machine.names('/sys/class/tpm').includes('tpm0')
      ? undefined
      : fail('tpm-none', { device: '/dev/tpmrm0', reason: 'there is no such device' }).fault,
  closing: ['close-tpm'],
  evidence: ({ tpm2: seal }) => (seal?.['srk'] === undefined ? {} : { srk: seal['srk'] }),
  isSeal: ({ tpm2: seal }) => parseTpmSeal(seal) !== undefined,
  create: async ({ policy: { pcrs, srk } }, tee, before) => {
    // A volume stays with its TPM: a newer seal never moves the volume to another TPM that is attached now.
    const tpm = { pcrs, srk: srk ?? before?.['tpm2']?.['srk'] }
    // The bytes do not come from the TPM's generator: whoever runs the TPM may know them.
    using made = tee.random(secretBytes)
    const sealed = { tpm2: printTpmSeal({ ...tee.tpmSeal(tpm, made), pcrs }) }
    return { secret: Secret.make(secretBytes, (bytes) => void made.bytes.copy(bytes)), sealed }
  },
  recover: async ({ volume, policy: tpm }, tee, sealed) => {
    const seal = parseTpmSeal(sealed['tpm2'])
    if (seal === undefined) throw fail('header-token', { volume, reason: 'its seal is not one of tpm2' })
    const [pcrs, wanted] = [seal.pcrs.join(' '), tpm.pcrs.join(' ')]
    if (pcrs !== wanted)
      throw fail('seal-pcrs', { volume, reason: `it is sealed to PCRs ${pcrs}, not to ${wanted}` })
    // Another TPM made the seal, and the owner of that TPM may know the secret.
    if (tpm.srk !== undefined && seal.srk !== tpm.srk)
      throw fail('tpm-srk', { found: `${seal.srk} in the header of ${volume}`, pinned: tpm.srk })
    return { secret: tee.tpmUnseal(seal.pcrs, seal), age: 'current' }
  },
}
