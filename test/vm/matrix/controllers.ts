// Rows: disks behind other controllers than virtio's. Each disk boots, with MODULES where the default drivers do not suffice,
// or is refused with the names of the controllers.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pack, trees } from '../world.ts'
import { type Bench, type Change, impatient, type Row } from './row.ts'

/** The world's configuration with MODULES. */
const withModules = async ({ from, file }: Bench, modules: string): Promise<Change> => {
  const text = await readFile(join(trees, 'partition.conf'), 'utf8')
  await writeFile(file('config'), `${text}MODULES="${modules}"\n`)
  await pack(from.guest, 'cvmboot-mock', file('config'), file('initramfs'), 'none')
  return { initramfs: file('initramfs') }
}

export const controllerRows: readonly Row[] = [
  [
    'a disk on SATA, and others on USB and an LSI, without their drivers',
    'device-missing',
    (bench) =>
      impatient(bench, {
        disks: (['sata', 'usb', 'lsi'] as const).map((at) => ({ file: bench.from.disk, at })),
      }),
    /no disk at all; without a driver: (?=.*USB 3 pci 1b36:000d \(xhci_pci usb_storage uas\))(?=.*SATA pci 8086:2922 \(ahci\)).*LSI SCSI pci 1000:0012 \(sym53c8xx\).*MODULES="[^"]*\bahci\b[^"]*" into partition\.conf/,
  ],
  [
    'a disk on SATA, with MODULES="ahci hv_storvsc", the second of another platform',
    'boots',
    async (bench) => ({
      ...(await withModules(bench, 'ahci hv_storvsc')),
      disks: [{ file: bench.from.disk, at: 'sata' }],
    }),
    /ahci 0000:/,
  ],
  ['a disk on NVMe', 'boots', ({ from }) => ({ disks: [{ file: from.disk, at: 'nvme' }] })],
  ['a disk on virtio-scsi', 'boots', ({ from }) => ({ disks: [{ file: from.disk, at: 'virtio-scsi' }] })],
]
