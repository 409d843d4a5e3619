// Disk controllers without a driver, by the modalias of each, and the advice for each.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { undriven } from '../../../src/machine/controllers.ts'
import { type Controller, mayHaveDisks, printUndriven } from '../../../src/system/controllers.ts'

const pci = (ids: string, classes: string) => {
  const [vendor = '', device = ''] = ids.split(':')
  return `pci:v0000${vendor}d0000${device}sv00001AF4sd00001100bc${classes}`
}
const bare = (modalias: string, bus: Controller['bus'] = 'pci'): Controller => ({
  bus,
  id: '1:2',
  modalias,
  modules: [],
})

/** As QEMU, VMware and Hyper-V show them; of QEMU read from /sys of a guest. */
const shown: readonly (readonly [string, string, string])[] = [
  ['ahci', pci('8086:2922', '01sc06i01'), 'ahci'],
  ['AHCI of another maker', pci('1022:7901', '01sc06i01'), 'ahci'],
  ['IDE', pci('8086:7010', '01sc01i80'), 'ata_piix ata_generic'],
  ['NVMe', pci('1B36:0010', '01sc08i02'), 'nvme'],
  ['virtio before virtio_pci', pci('1AF4:1042', '01sc00i00'), 'virtio_pci virtio_blk virtio_scsi'],
  ['pvscsi', pci('15AD:07C0', '01sc07i00'), 'vmw_pvscsi'],
  ['lsi53c895a', pci('1000:0012', '01sc00i00'), 'sym53c8xx'],
  ['mptspi', pci('1000:0030', '01sc00i00'), 'mptspi mptsas'],
  ['mptsas1068', pci('1000:0054', '01sc00i00'), 'mptspi mptsas'],
  ['megasas', pci('1000:0060', '01sc04i00'), 'megaraid_sas'],
  ['megasas-gen2', pci('1000:005B', '01sc04i00'), 'megaraid_sas'],
  ['mpt3', pci('1000:0097', '01sc07i00'), 'mpt3sas'],
  ['xhci', pci('1B36:000D', '0Csc03i30'), 'xhci_pci usb_storage uas'],
  ['ehci', pci('8086:24CD', '0Csc03i20'), 'ehci_pci usb_storage'],
  ['uhci', pci('8086:7020', '0Csc03i00'), 'uhci_hcd usb_storage'],
  ['usb-storage', 'usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00', 'usb_storage'],
  ['usb-uas', 'usb:v46F4p0003d0000dc00dsc00dp00ic08isc06ip62in00', 'uas usb_storage'],
  ['virtio-scsi', 'virtio:d00000008v00001AF4', 'virtio_scsi'],
  ['storvsc', 'vmbus:d96361baa104294db60572e2ffb1dc7f', 'hv_storvsc'],
]
for (const [what, modalias, modules] of shown)
  test(`${what} without a driver is named, with the modules to pack`, () => {
    assert.ok(mayHaveDisks(modalias))
    const said = printUndriven([bare(modalias)])
    assert.ok(said.includes(` 1:2 (${modules}); put MODULES="${modules}" into partition.conf`), said)
  })

test('what has no disks is not named: network, graphics, other virtio devices, other USB', () => {
  for (const modalias of [
    pci('8086:10D3', '02sc00i00'),
    pci('1234:1111', '03sc00i00'),
    pci('8086:2934', '0Csc05i00'),
    'virtio:d00000001v00001AF4',
    'virtio:d00000003v00001AF4',
    'virtio:d00000013v00001AF4',
    'usb:v0627p0001d0000dc00dsc00dp00ic03isc01ip01in00',
    'vmbus:2dd1ce17079e403cb352a1921ee207ee',
    'acpi:PNP0303:',
    '',
  ])
    assert.not.ok(mayHaveDisks(modalias), modalias)
  assert.is(printUndriven([]), '')
})

test("the kernel's own index goes before the table, and what neither knows is named by its modalias", () => {
  const own = { ...bare(pci('8086:2922', '01sc06i01')), modules: ['my_ahci'] }
  assert.ok(printUndriven([own]).includes('(my_ahci); put MODULES="my_ahci" into'))
  const unknown = pci('9999:0001', '01sc07i00')
  assert.ok(
    printUndriven([bare(unknown)]).includes(
      `controller pci 1:2 (a driver for ${unknown}); put their drivers`,
    ),
  )
})

test('a host with a thousand of them gets a line of eight', () => {
  const many = Array.from({ length: 1000 }, () => bare(pci('8086:2922', '01sc06i01')))
  const said = printUndriven(many)
  assert.ok(said.length < 400 && said.includes(' and 992 more; put MODULES="ahci" into'), said)
})

test('they are read from /sys: those with a driver, and other devices, are left out', () => {
  const sys = mkdtempSync(join(tmpdir(), 'cvmboot-sys-'))
  try {
    const device = (path: string, files: Readonly<Record<string, string>>) => {
      mkdirSync(join(sys, path), { recursive: true })
      for (const [name, text] of Object.entries(files)) writeFileSync(join(sys, path, name), `${text}\n`)
    }
    const ahci = pci('8086:2922', '01sc06i01')
    device('bus/pci/devices/0000:00:1f.2', { modalias: ahci, vendor: '0x8086', device: '0x2922' })
    const nvme = { modalias: pci('1B36:0010', '01sc08i02'), vendor: '0x1b36', device: '0x0010' }
    device('bus/pci/devices/0000:00:03.0', nvme)
    symlinkSync('/sys/bus/pci/drivers/nvme', join(sys, 'bus/pci/devices/0000:00:03.0/driver'))
    device('bus/pci/devices/0000:00:04.0', { modalias: pci('8086:10D3', '02sc00i00') })
    device('bus/pci/devices/0000:00:05.0', {})
    device('devices/usb1/1-1', { idVendor: '46f4', idProduct: '0001' })
    const usb = 'usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00'
    device('devices/usb1/1-1/1-1:1.0', { modalias: usb })
    mkdirSync(join(sys, 'bus/usb/devices'), { recursive: true })
    symlinkSync('../../../devices/usb1/1-1/1-1:1.0', join(sys, 'bus/usb/devices/1-1:1.0'))
    assert.equal(
      undriven(sys, (modalias) => (modalias === ahci ? ['ahci'] : [])),
      [
        { bus: 'pci', id: '8086:2922', modalias: ahci, modules: ['ahci'] },
        { bus: 'usb', id: '46f4:0001', modalias: usb, modules: [] },
      ],
    )
    assert.equal(
      undriven(join(sys, 'nowhere'), () => []),
      [],
    )
  } finally {
    rmSync(sys, { recursive: true })
  }
})

test.run()
