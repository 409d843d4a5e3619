// The verb `measure`: its options.

import { json } from './table/shared.ts'
import { verb } from './table/verb.ts'

const noneGiven = 'none'

export const measure = verb({
  about: 'predict what SEV-SNP, TDX and a TPM will report of an image',
  text: [
    'Computes the launch digests of SEV-SNP, MRTD and RTMR 1 and 2 of TDX, and the PCRs of a TPM, from the files that a VM is started with. Prints one manifest of these values. Measures any bytes: a file that the boot would refuse gets a note in the manifest. Without a kernel, measures the firmware alone. Needs no privileges and no VM.',
    'The pages docs/reference/manifest.md and docs/verifying.md describe each field, and how to get the same numbers with the tools of others.',
  ],
  options: {
    firmware: {
      kind: 'file',
      value: 'FILE',
      need: 'many',
      help: 'The firmware that the VM is started with.',
    },
    kernel: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: "The kernel that QEMU's -kernel names.",
    },
    initramfs: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      with: 'kernel',
      help: "The initramfs that QEMU's -initrd names.",
    },
    cmdline: {
      kind: 'text',
      value: 'TEXT|@FILE',
      need: { otherwise: 'an empty line' },
      with: 'kernel',
      help: "The kernel command line that QEMU's -append has; or @ and the name of a file that holds this line.",
    },
    uki: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'A unified kernel image that the firmware starts.',
    },
    disk: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'A disk of cvmboot pack --uki --into, instead of --uki. The firmware starts the image that the EFI system partition has as EFI/BOOT/BOOTX64.EFI.',
    },
    vcpus: {
      kind: 'text',
      value: 'N,N',
      need: { otherwise: '1' },
      help: 'Numbers of virtual processors, each from 1 to 4096.',
    },
    'vcpu-type': {
      kind: 'text',
      value: 'TYPE,TYPE',
      need: { otherwise: 'EPYC-v4' },
      help: "Types of virtual processors, by their names in QEMU's -cpu.",
    },
    'guest-features': {
      kind: 'text',
      value: 'HEX,HEX',
      need: { otherwise: '0x1' },
      help: 'Values of SEV_FEATURES, which KVM and QEMU choose.',
    },
    policy: {
      kind: 'text',
      value: 'HEX',
      need: { otherwise: '0x30000' },
      help: 'The launch policy of SEV-SNP.',
    },
    'family-id': {
      kind: 'text',
      value: 'HEX',
      need: { otherwise: 'zeroes' },
      help: '16 bytes of the ID block, which the attestation report shows.',
    },
    'image-id': {
      kind: 'text',
      value: 'HEX',
      need: { otherwise: 'zeroes' },
      help: '16 further bytes of the ID block, which the attestation report shows as well.',
    },
    'guest-svn': {
      kind: 'text',
      value: 'N',
      need: { otherwise: '0' },
      help: 'The security version of the guest, in the ID block.',
    },
    'id-key': {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: noneGiven },
      help: 'Sign the ID blocks with this private key of ECDSA on P-384, in PEM.',
    },
    'author-key': {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: noneGiven },
      with: 'id-key',
      help: 'Sign the ID key with this private key.',
    },
    'secure-boot': {
      kind: 'choice',
      words: ['on', 'off'],
      need: { otherwise: 'PCR 7 is not predicted' },
      help: 'Whether the firmware checks the signatures of EFI programs.',
    },
    pk: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: noneGiven },
      with: 'secure-boot',
      help: 'The content of the variable PK: a list of EFI signatures.',
    },
    kek: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: noneGiven },
      with: 'secure-boot',
      help: 'The content of the variable KEK.',
    },
    db: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: noneGiven },
      with: 'secure-boot',
      help: 'The content of the variable db.',
    },
    dbx: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: noneGiven },
      with: 'secure-boot',
      help: 'The content of the variable dbx.',
    },
    'event-log': {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'Replay the event log of a TD (the data of the CCEL table) or of a TPM (binary_bios_measurements of Linux), for RTMR 0 and other registers that nothing predicts.',
    },
    format: {
      kind: 'choice',
      words: ['json', 'rvps', 'rego', 'corim'],
      need: { otherwise: 'a text for people' },
      help: "Print the manifest, a message for Trustee's reference-value service, a fragment of a policy in Rego, or a CoRIM.",
    },
    json,
    output: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'Write the manifest or the other format to FILE, and print the text for people.',
    },
    check: {
      kind: 'file',
      value: 'MANIFEST',
      need: 'optional',
      help: 'Compute the values of MANIFEST anew from the given files, and compare the two.',
    },
  },
  words: {},
  run: async (given, { providers }) => {
    const { measureImage } = await import('../manifest/measure.ts')
    await measureImage({ ...given, providers })
  },
})
