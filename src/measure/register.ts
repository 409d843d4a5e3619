// Registers that only grow: the PCRs of a TPM and the RTMRs of a TD. Pure.
// Sources: TPM 2.0 Library, part 1, section 17; Intel TDX Module Base Architecture Specification, TDG.MR.RTMR.EXTEND.

import { createHash } from 'node:crypto'

/** A register has the size of its hash: 32 bytes in the bank `sha256` of a TPM, 48 bytes in a TD. */
export type Bank = 'sha256' | 'sha384'

export const bankBytes: Readonly<Record<Bank, number>> = { sha256: 32, sha384: 48 }

export const digestOf = (bank: Bank, ...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash(bank)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The register after the digests of some events, in their order. `from` is zero where nothing was extended before. */
export const extended = (
  bank: Bank,
  digests: readonly Uint8Array[],
  from: Buffer = Buffer.alloc(bankBytes[bank]),
): Buffer => digests.reduce<Buffer>((register, digest) => digestOf(bank, register, digest), from)
