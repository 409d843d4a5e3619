// The launch digest of SEV-SNP, which the firmware of the chip computes over the pages that QEMU and KVM add to a VM. Pure.
// Source: SEV Secure Nested Paging Firmware ABI (56860), section 8.17, PAGE_INFO.

import { createHash } from 'node:crypto'
import { fail } from '../fault/index.ts'
import { cpuSignature } from './cpu-types.ts'
import { type Firmware, pageBytes, type SevSection, sevLayout } from './firmware.ts'
import { type DirectBoot, printHashesPage } from './kernel-hashes.ts'
import { bootEip, printVmsa } from './vmsa.ts'

/** Bytes of a launch digest: SHA-384. */
export const digestBytes = 48

/** SNP_LAUNCH_UPDATE's types of pages. */
const pageType = { normal: 1, vmsa: 2, zero: 3, secrets: 5, cpuid: 6 } as const

/** The address that SNP gives to each save area. */
const vmsaGpa = 0xffff_ffff_f000n

/** Where a firmware image ends: at 4 GiB. */
const firmwareEnd = 2n ** 32n

export const sha384 = (bytes: Uint8Array): Buffer => createHash('sha384').update(bytes).digest()

const nothing = Buffer.alloc(digestBytes)

/** The digest after one more page: over the digest before, the page's hash, its type and its address, 112 bytes in all. */
const extend = (digest: Buffer, contents: Buffer, type: number, gpa: bigint): Buffer => {
  const info = Buffer.alloc(112)
  digest.copy(info, 0)
  contents.copy(info, 48)
  info.writeUInt16LE(112, 96)
  // The next four bytes are zero: the page is not for migration, and three other VMPLs have no rights on the page.
  info.writeUInt8(type, 98)
  info.writeBigUInt64LE(gpa, 104)
  return sha384(info)
}

const extendEach = (digest: Buffer, section: SevSection, type: number): Buffer => {
  let after = digest
  for (let at = 0; at < section.bytes; at += pageBytes)
    after = extend(after, nothing, type, section.gpa + BigInt(at))
  return after
}

const addSection = (digest: Buffer, section: SevSection, hashes: Buffer | undefined): Buffer => {
  switch (section.kind) {
    case 'zero':
      return extendEach(digest, section, pageType.zero)
    case 'secrets':
      return extendEach(digest, section, pageType.secrets)
    case 'cpuid':
      return extendEach(digest, section, pageType.cpuid)
    case 'kernel-hashes':
      if (hashes === undefined) return extendEach(digest, section, pageType.zero)
      if (section.bytes !== pageBytes)
        throw fail('measure-firmware', { reason: 'its section for the hashes of a kernel is not one page' })
      return extend(digest, sha384(hashes), pageType.normal, section.gpa)
  }
}

/** The digest once the image, its sections and the hashes of a kernel are there: the same for all processors. */
export type Prepared = { readonly digest: Buffer; readonly resetEip: number | undefined }

/** Each page of the image is hashed once for all VMs that are asked about. Fault: `measure-firmware`. */
export const prepareSnp = (firmware: Firmware, boot: DirectBoot | undefined): Prepared => {
  const { image } = firmware
  const { sections, hashesGpa, resetEip } = sevLayout(firmware)
  if (
    boot !== undefined &&
    (hashesGpa === undefined || !sections.some(({ kind }) => kind === 'kernel-hashes'))
  )
    throw fail('measure-firmware', {
      reason: 'it has no page for the hashes of a kernel, so it would start any kernel; take OVMF.amdsev.fd',
    })
  let digest: Buffer = nothing
  const start = firmwareEnd - BigInt(image.length)
  for (let at = 0; at < image.length; at += pageBytes)
    digest = extend(digest, sha384(image.subarray(at, at + pageBytes)), pageType.normal, start + BigInt(at))
  const hashes = boot === undefined || hashesGpa === undefined ? undefined : printHashesPage(boot, hashesGpa)
  for (const section of sections) digest = addSection(digest, section, hashes)
  return { digest, resetEip }
}

export type Processors = {
  /** The number of virtual processors. */
  readonly vcpus: number
  /** As QEMU's -cpu names them. */
  readonly vcpuType: string
  /** SEV_FEATURES of each: bit 0 has to be set. */
  readonly guestFeatures: bigint
}

/** The most virtual processors that KVM gives a VM on x86 (KVM_MAX_VCPUS). */
export const vcpuLimit = 4096

/** 48 bytes. Faults: `measure-range`, `measure-cpu`, `measure-firmware`. */
export const launchDigest = (prepared: Prepared, { vcpus, vcpuType, guestFeatures }: Processors): Buffer => {
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > vcpuLimit)
    throw fail('measure-range', {
      option: '--vcpus',
      found: `${vcpus}`,
      expected: `a number from 1 to ${vcpuLimit}`,
    })
  if (guestFeatures % 2n !== 1n || guestFeatures >= 2n ** 64n || guestFeatures < 0n)
    throw fail('measure-range', {
      option: '--guest-features',
      found: `0x${guestFeatures.toString(16)}`,
      expected: 'a number of 64 bits in hexadecimal whose lowest bit, SEV-SNP itself, is set',
    })
  const { resetEip } = prepared
  const signature = cpuSignature(vcpuType)
  const vmsa = (eip: number) => sha384(printVmsa({ eip, signature, features: guestFeatures }))
  let digest = extend(prepared.digest, vmsa(bootEip), pageType.vmsa, vmsaGpa)
  if (vcpus === 1) return digest
  if (resetEip === undefined)
    throw fail('measure-firmware', { reason: 'it does not name where processors other than the first begin' })
  const others = vmsa(resetEip)
  for (let number = 1; number < vcpus; number++) digest = extend(digest, others, pageType.vmsa, vmsaGpa)
  return digest
}
