// The verb `launch`, which has two forms. The first prints how to start an image, the second reads an edited launch.

import type { Option } from './table/option.ts'
import { type Forms, verb } from './table/verb.ts'

const onlyOne = 'the only one of the manifest'

const shared = {
  manifest: {
    kind: 'file',
    value: 'FILE',
    need: 'required',
    help: 'The manifest of the image, by cvmboot measure.',
  },
  tee: {
    kind: 'choice',
    words: ['snp', 'tdx', 'none'],
    need: { default: 'snp' },
    help: 'SEV-SNP, TDX, or an ordinary VM for tests.',
  },
  firmware: {
    kind: 'file',
    value: 'FILE',
    need: { otherwise: onlyOne },
    help: 'The path of the firmware on the host. Its name has to be in the manifest.',
  },
  kernel: {
    kind: 'file',
    value: 'FILE',
    need: { otherwise: 'the name in the manifest' },
    help: 'The path of the kernel on the host.',
  },
  initramfs: {
    kind: 'file',
    value: 'FILE',
    need: { otherwise: 'the name in the manifest' },
    help: 'The path of the initramfs on the host.',
  },
  vcpus: {
    kind: 'text',
    value: 'N',
    need: { otherwise: `${onlyOne}, or 1 where the number is not measured` },
    help: 'The number of virtual processors.',
  },
  'vcpu-type': {
    kind: 'text',
    value: 'TYPE',
    need: { otherwise: onlyOne },
    help: "The type of the virtual processors, by its name in QEMU's -cpu. Not for TDX.",
  },
  'guest-features': {
    kind: 'text',
    value: 'HEX',
    need: { otherwise: onlyOne },
    help: 'The value of SEV_FEATURES. Only for SEV-SNP.',
  },
  memory: {
    kind: 'text',
    value: 'MIB',
    need: { default: '2048' },
    help: 'The memory of the VM, in MiB.',
  },
  'host-data': {
    kind: 'text',
    value: 'HEX',
    need: { otherwise: 'zeroes' },
    help: 'The host data: 32 bytes of HOST_DATA for SEV-SNP, 48 bytes of MRCONFIGID for TDX.',
  },
  'id-block': {
    kind: 'choice',
    words: ['on', 'off'],
    need: { otherwise: 'on where the manifest has a signature' },
    help: 'Whether the launch carries the ID block of the manifest and its signature. Only for SEV-SNP.',
  },
  disk: {
    kind: 'file',
    value: 'FILE',
    need: 'many',
    help: 'A disk of the VM; for kubevirt the name of a PersistentVolumeClaim. Where the manifest has no kernel, the firmware boots from the first disk.',
  },
  serial: {
    kind: 'text',
    value: 'TEXT',
    need: 'many',
    with: 'disk',
    help: 'The serial number of a disk, in the order of the disks. A disk without one gets cvmboot and a number from 0.',
  },
  name: {
    kind: 'text',
    value: 'NAME',
    need: { default: 'cvmboot' },
    help: 'The name of the VM.',
  },
} as const satisfies Readonly<Record<string, Option>>

const printed = verb({
  about: 'print how to start the image',
  text: [
    'Prints a QEMU command, a domain of libvirt, a command of systemd-vmspawn or a VirtualMachine of KubeVirt that leads to the measurements of the manifest: with the measured kernel, or with a disk that boots by itself. Comments name the SHA-256 of each input and each value that the VM has to report. Starts no VM.',
  ],
  options: {
    for: {
      kind: 'choice',
      words: ['qemu', 'libvirt', 'vmspawn', 'kubevirt'],
      need: 'required',
      help: 'The program that starts the VM.',
    },
    ...shared,
  },
  words: {},
  run: async ({ for: program, ...options }) => {
    const { printLaunch } = await import('../manifest/launch.ts')
    printLaunch(program, options)
  },
})

const verify = verb({
  about: 'say which changes of a launch alter the measurement',
  text: [
    'Reads a QEMU command or a domain of libvirt that somebody edited, and compares the file with the launch that the same options print. Each change has a line: it keeps every value of the manifest, it alters the value that the line names, or its effect is unknown. Ends with launch-differs where a change does not keep the values.',
  ],
  options: {
    verify: {
      kind: 'file',
      value: 'LAUNCH',
      need: 'required',
      help: 'The edited QEMU command or domain of libvirt.',
    },
    ...shared,
  },
  words: {},
  run: async ({ verify, ...options }) => {
    const { verifyLaunch } = await import('../manifest/launch.ts')
    verifyLaunch(verify, options)
  },
})

export const launch: Forms = {
  kind: 'forms',
  about: 'print how to start an image, or check an edited launch',
  text: ['Has two forms: without --verify the first, with --verify the second.'],
  forms: { verify },
  otherwise: printed,
}
