// What the measured configuration says of a TPM, and how the boot ends its use. Pure.

import { createHash } from 'node:crypto'

/** What a secret is sealed to, and by whom. */
export type TpmPolicy = {
  /** Of the sha256 bank, ascending. */
  readonly pcrs: readonly number[]
  /**
   * Name of the TPM's storage key in lower-case hexadecimal digits. Undefined: the one that a volume was made with is
   * written in its header, and holds from then on (trust on first use). The header is the host's to write, so that
   * without this word a whole volume can come from another TPM; with it, none can.
   */
  readonly srk: string | undefined
}

/** Of a storage key, TPM_ALG_SHA256 before the digest. */
export const srkName = /^000b[0-9a-f]{64}$/

/**
 * What each holds, where the firmware is UEFI (others leave all but 4 at zero):
 *  4  the image that the firmware starts: a UKI, or the kernel itself (UEFI's TCG PFP)
 *  9  initramfs and command line, by the kernel's EFI stub
 * 11  the parts of a UKI, by systemd-stub
 * 12  what was given beside a UKI: another command line, credentials, by systemd-stub
 */
export const defaultPcrs: readonly number[] = [4, 9, 11, 12]
/** What one TPM2_PCR_Read gives. */
export const mostPcrs = 8
/** Above are those of dynamic launch, and two (16, 23) that anyone can set back. */
export const highestPcr = 15

/**
 * The PCR that is extended when the boot has its keys; each policy has it. systemd, too, marks the phases of a boot
 * in 11, so that what is sealed to the initramfs is closed to what comes after it. No firmware writes it, and nothing
 * but a restart sets it back.
 */
export const fencePcr = 11
export const fenceWords = 'cvmboot: the boot has its keys'
export const fenceDigest = (): Buffer => createHash('sha256').update(fenceWords).digest()
