// The answers of a fake TPM to the verbs of a machine, without the bytes of a real one. The test test/tools/swtpm.test.ts has a
// real TPM keep the same promises.

import { createHmac } from 'node:crypto'
import { fail } from '../../src/fault/index.ts'
import type { Machine } from '../../src/machine/machine.ts'
import {
  nameOf,
  parseSealedPublic,
  policyOf,
  printSealedPublic,
  printTicket,
  sha256,
} from '../../src/machine/tpm/structures.ts'
import { Secret } from '../../src/secret/secret.ts'

export type FakeTpm = {
  readonly seed: Buffer
  /** Values of the sha256 bank as they are at power-on; the boot does not change these. */
  readonly pcrs: readonly Buffer[]
}

export const newTpm = (seed: number): FakeTpm => ({
  seed: Buffer.alloc(32, seed),
  pcrs: Array.from({ length: 24 }, (_, pcr) => Buffer.alloc(32, pcr)),
})

export const srkOf = ({ seed }: FakeTpm): string => nameOf(seed).toString('hex')

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)))

type TpmVerbs = Pick<Machine, 'tpmSeal' | 'tpmUnseal' | 'tpmExtend'>

export const fakeTpmVerbs = (
  world: { readonly tpm: FakeTpm | undefined },
  effect: (what: string) => void,
): TpmVerbs => {
  const pcrs = [...(world.tpm?.pcrs ?? [])]
  const there = (): FakeTpm => {
    if (world.tpm === undefined)
      throw fail('tpm-none', { device: '/dev/tpmrm0', reason: 'there is no such file or directory' })
    return world.tpm
  }
  const policyNow = (chosen: readonly number[]): Buffer =>
    policyOf(chosen, sha256(...chosen.map((pcr) => pcrs[pcr] ?? Buffer.alloc(32))))
  const expectSrk = (tpm: FakeTpm, pinned: string | undefined) => {
    if (pinned !== undefined && pinned !== srkOf(tpm)) throw fail('tpm-srk', { found: srkOf(tpm), pinned })
  }
  const ticketOf = ({ seed }: FakeTpm, ...blobs: readonly Buffer[]): Buffer =>
    printTicket(createHmac('sha512', seed).update(Buffer.concat(blobs)).digest())
  return {
    tpmSeal: (policy, secret) => {
      const tpm = there()
      effect(`tpmSeal ${policy.pcrs.join(' ')}`)
      expectSrk(tpm, policy.srk)
      const area = printSealedPublic({ policy: policyNow(policy.pcrs), unique: Buffer.alloc(32, 1) })
      const blob = xor(secret.bytes, sha256(tpm.seed))
      return { srk: srkOf(tpm), public: area, private: blob, ticket: ticketOf(tpm, area, blob) }
    },
    tpmUnseal: (chosen, sealed) => {
      const tpm = there()
      effect(`tpmUnseal ${chosen.join(' ')}`)
      expectSrk(tpm, sealed.srk)
      if (parseSealedPublic(sealed.public)?.policy.equals(policyNow(chosen)) !== true)
        throw fail('tpm-pcrs', { reason: 'their values are not those that the secret was sealed to' })
      if (!ticketOf(tpm, sealed.public, sealed.private).equals(sealed.ticket))
        throw fail('tpm-blob', { reason: 'it is not of this TPM' })
      return new Secret(xor(sealed.private, sha256(tpm.seed)))
    },
    tpmExtend: (pcr, digest, srk) => {
      expectSrk(there(), srk)
      effect(`tpmExtend ${pcr} ${digest.toString('hex')}`)
      const value = sha256(pcrs[pcr] ?? Buffer.alloc(32), digest)
      pcrs[pcr] = value
      return value
    },
  }
}
