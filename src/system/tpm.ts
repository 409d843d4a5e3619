// The policy that the measured configuration sets for a TPM, and the PCR by which the boot closes the TPM's keys. Pure.

import { createHash } from 'node:crypto'

/** The PCRs to which a secret is sealed, and the TPM that seals it. */
export type TpmPolicy = {
  /** PCRs of the sha256 bank, in ascending order. */
  readonly pcrs: readonly number[]
  /**
   * The name of the TPM's storage key in lower-case hexadecimal digits. Undefined: the header of a volume keeps the name of the
   * key that the volume was made with, and that key holds from then on (trust on first use). The host can write the header, so
   * without this setting a whole volume can come from another TPM. With this setting no volume can.
   */
  readonly srk: string | undefined
}

/** The name of a storage key: TPM_ALG_SHA256, and then the digest. */
export const srkName = /^000b[0-9a-f]{64}$/

/**
 * The PCRs of a policy without TPM_PCRS. With UEFI firmware each has the measurement of this part; other firmware may leave all
 * but 4 at zero:
 *  4  the image that the firmware starts: a UKI, or the kernel itself (UEFI's TCG PFP)
 *  9  initramfs and command line, by the kernel's EFI stub
 * 11  the parts of a UKI, by systemd-stub
 * 12  what was given beside a UKI: another command line, credentials, by systemd-stub
 */
export const defaultPcrs: readonly number[] = [4, 9, 11, 12]
/** The most PCRs that one TPM2_PCR_Read gives. */
export const mostPcrs = 8
/** The highest PCR of a policy. Above it are the PCRs of dynamic launch, and two (16, 23) that any program can set back. */
export const highestPcr = 15

/**
 * The PCR that the boot extends when it has its keys. Every policy has this PCR, so after the boot no program unseals a key.
 * systemd, too, marks the phases of a boot in PCR 11. No firmware writes PCR 11, and only a restart sets it back.
 */
export const fencePcr = 11
export const fenceWords = 'cvmboot: the boot has its keys'
export const fenceDigest = (): Buffer => createHash('sha256').update(fenceWords).digest()
