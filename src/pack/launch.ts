// The command that starts the packed file, so that the launch measurement covers it. `pack` prints this command last. Pure.

import { quoted } from '../terminal/quoted.ts'

export type Launched =
  | { readonly kind: 'initramfs'; readonly file: string; readonly release: string }
  | { readonly kind: 'uki'; readonly file: string }
  /** A disk whose EFI system partition has the image. */
  | { readonly kind: 'disk'; readonly file: string }

/** An SEV-SNP guest of QEMU whose firmware checks kernel, initramfs and command line against the measured hashes. */
const machine = [
  ...['qemu-system-x86_64', '-enable-kvm', '-cpu', 'EPYC-v4', '-smp', '2', '-m', '16G', '-nographic'],
  ...['-machine', 'q35,confidential-guest-support=snp,memory-backend=ram'],
  ...['-object', 'memory-backend-memfd,id=ram,size=16G,share=on'],
  ...['-object', 'sev-snp-guest,id=snp,cbitpos=51,reduced-phys-bits=1,kernel-hashes=on'],
  ...['-bios', 'OVMF.amdsev.fd'],
]
const disk = ['-drive', 'file=disk.img,format=raw,if=virtio']

/** The same guest without a kernel: the firmware starts the image of the disk, and measures the image with a TPM in the TEE. */
const alone = machine.map((word) => word.replace(',kernel-hashes=on', ''))

export const printLaunch = (launched: Launched): string => {
  const file = quoted(launched.file)
  if (launched.kind === 'disk')
    return `launch: ${[...alone, '-drive', `file=${file},format=raw,if=virtio`].join(' ')}; the launch measurement has the firmware alone, and a TPM inside the TEE measures the image: cvmboot measure --disk ${file} predicts its PCRs\n`
  const booted =
    launched.kind === 'uki'
      ? ['-kernel', file]
      : ['-kernel', `/boot/vmlinuz-${launched.release}`, '-initrd', file, '-append', '"$(cat cmdline)"']
  const esp =
    launched.kind === 'uki'
      ? '; or copy it to an EFI system partition as EFI/BOOT/BOOTX64.EFI, where a TPM inside the TEE measures it'
      : ''
  return `launch: ${[...machine, ...booted, ...disk].join(' ')}${esp}\n`
}
