// The recipe as a command of QEMU. Pure.
// Source: qemu-system-x86_64(1), docs/system/i386/amd-memory-encryption.rst and tdx.rst, qapi/qom.json of QEMU 10.1.

import { type KeyValue, printKeyValues } from './key-values.ts'
import { notesOf } from './notes.ts'
import { type Disk, inBase64, type Recipe } from './recipe.ts'
import { printCommand } from './shell-words.ts'

/** The bit of a page table entry that marks encrypted memory, and the address bits that encryption takes: EPYC since Milan. */
export const encryption = { cbitpos: '51', reducedPhysBits: '1' } as const

/** The socket of Intel's quote generation service on the host. */
export const quoteSocket = '/run/tdx-qgs/qgs.socket'

/** The properties of the object `sev-snp-guest`, in QEMU's names. */
const snpProperties = (recipe: Recipe): readonly KeyValue[] => [
  ['cbitpos', encryption.cbitpos],
  ['reduced-phys-bits', encryption.reducedPhysBits],
  ['policy', recipe.policy],
  ...(recipe.boot.kind === 'direct' ? [['kernel-hashes', 'on'] as const] : []),
  ...(recipe.hostData === undefined ? [] : [['host-data', inBase64(recipe.hostData)] as const]),
  ...(recipe.idBlock === undefined
    ? []
    : [
        ['id-block', recipe.idBlock.block] as const,
        ['id-auth', recipe.idBlock.auth] as const,
        ...(recipe.idBlock.author === 'signed' ? [['author-key-enabled', 'on'] as const] : []),
      ]),
]

/** QEMU takes the address of a socket only in the form of JSON. */
const tdxObject = ({ hostData }: Recipe): string =>
  JSON.stringify({
    'qom-type': 'tdx-guest',
    id: 'tee',
    ...(hostData === undefined ? {} : { mrconfigid: inBase64(hostData) }),
    'quote-generation-socket': { type: 'unix', path: quoteSocket },
  })

const machineOf = (recipe: Recipe): readonly (readonly string[])[] => {
  if (recipe.tee === 'none')
    return [
      ['-accel', 'kvm'],
      ['-accel', 'tcg'],
      ['-machine', 'q35'],
    ]
  const guest = ['confidential-guest-support', 'tee'] as const
  if (recipe.tee === 'tdx')
    return [
      ['-accel', 'kvm'],
      ['-machine', printKeyValues('q35', [guest, ['kernel-irqchip', 'split']])],
      ['-object', tdxObject(recipe)],
    ]
  const memory: readonly KeyValue[] = [
    ['id', 'ram'],
    ['size', `${recipe.memoryMiB}M`],
    ['share', 'on'],
  ]
  return [
    ['-accel', 'kvm'],
    ['-machine', printKeyValues('q35', [guest, ['memory-backend', 'ram']])],
    ['-object', printKeyValues('memory-backend-memfd', memory)],
    ['-object', printKeyValues('sev-snp-guest', [['id', 'tee'], ...snpProperties(recipe)])],
  ]
}

const bootOf = ({ boot }: Recipe): readonly (readonly string[])[] =>
  boot.kind === 'disk'
    ? []
    : [
        ['-kernel', boot.kernel.path],
        ...(boot.initramfs === undefined ? [] : [['-initrd', boot.initramfs.path]]),
        ['-append', boot.cmdline],
      ]

const diskOf = ({ path, serial }: Disk, index: number): readonly string[] => {
  const id = `disk${index}`
  return [
    '-drive',
    printKeyValues(undefined, [
      ['if', 'none'],
      ['id', id],
      ['format', 'raw'],
      ['file', path],
    ]),
    '-device',
    printKeyValues('virtio-blk-pci', [
      ['drive', id],
      ['serial', serial],
    ]),
  ]
}

/** The words of the command; the words of an option share a group. */
export const qemuWords = (recipe: Recipe): readonly (readonly string[])[] => [
  ['qemu-system-x86_64'],
  ['-name', recipe.name],
  ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
  ...machineOf(recipe),
  ['-cpu', recipe.vcpuType],
  ['-smp', `${recipe.vcpus}`],
  ['-m', `${recipe.memoryMiB}M`],
  ...(recipe.firmware === undefined ? [] : [['-bios', recipe.firmware.path]]),
  ...bootOf(recipe),
  ...recipe.disks.map(diskOf),
  ['-serial', 'stdio'],
]

export const printQemu = (recipe: Recipe): string =>
  `${notesOf(recipe, 'QEMU command')
    .map((line) => `# ${line}\n`)
    .join('')}${printCommand(qemuWords(recipe))}`
