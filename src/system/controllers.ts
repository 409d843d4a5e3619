// Hardware without a driver that may have disks behind it: its name, and the modules that drive it. Pure. The host decides what
// /sys says of such hardware.

/** A device without a driver, as /sys shows it. */
export type Controller = {
  readonly bus: 'pci' | 'usb' | 'virtio' | 'vmbus'
  /** Vendor and device: `8086:2922`, for example. */
  readonly id: string
  /** The text by which udev would look for a module. */
  readonly modalias: string
  /** Modules that the kernel's own index (modules.alias) names. Empty where the initramfs has no index. */
  readonly modules: readonly string[]
}

type Known = { readonly modalias: RegExp; readonly what: string; readonly modules: readonly string[] }

const pciClass = (digits: string) => new RegExp(`^pci:v[0-9A-F]{8}d[0-9A-F]{8}.*bc${digits}`)
const pciDevice = (vendor: string, devices: string) => new RegExp(`^pci:v0000${vendor}d0000(?:${devices})sv`)

/** The commonest hardware. The first row that matches counts, so a row of a device stands before the row of its class. */
const known: readonly Known[] = [
  {
    modalias: pciDevice('1AF4', '[0-9A-F]{4}'),
    what: 'virtio',
    modules: ['virtio_pci', 'virtio_blk', 'virtio_scsi'],
  },
  { modalias: pciDevice('15AD', '07C0'), what: "VMware's SCSI", modules: ['vmw_pvscsi'] },
  { modalias: pciDevice('1000', '0030|0050|0054|0058'), what: 'LSI Fusion', modules: ['mptspi', 'mptsas'] },
  {
    modalias: pciDevice('1000', '000[1-9A-F]|001[0-9A-F]|002[0-9A-F]'),
    what: 'LSI SCSI',
    modules: ['sym53c8xx'],
  },
  {
    modalias: pciDevice('1000', '0060|007[1389]|0411|005[BDF]|00CE'),
    what: 'LSI MegaRAID',
    modules: ['megaraid_sas'],
  },
  { modalias: pciDevice('1000', '00[6-9][0-9A-F]|00[A-E][0-9A-F]'), what: 'LSI SAS', modules: ['mpt3sas'] },
  { modalias: pciClass('01sc06i01'), what: 'SATA', modules: ['ahci'] },
  { modalias: pciClass('01sc01'), what: 'IDE', modules: ['ata_piix', 'ata_generic'] },
  { modalias: pciClass('01sc08'), what: 'NVMe', modules: ['nvme'] },
  { modalias: pciClass('0Csc03i30'), what: 'USB 3', modules: ['xhci_pci', 'usb_storage', 'uas'] },
  { modalias: pciClass('0Csc03i20'), what: 'USB 2', modules: ['ehci_pci', 'usb_storage'] },
  { modalias: pciClass('0Csc03i10'), what: 'USB 1', modules: ['ohci_pci', 'usb_storage'] },
  { modalias: pciClass('0Csc03i00'), what: 'USB 1', modules: ['uhci_hcd', 'usb_storage'] },
  { modalias: /^usb:.*ic08isc06ip62/, what: 'USB disk', modules: ['uas', 'usb_storage'] },
  { modalias: /^usb:.*ic08/, what: 'USB disk', modules: ['usb_storage'] },
  { modalias: /^virtio:d00000002/, what: 'virtio disk', modules: ['virtio_blk'] },
  { modalias: /^virtio:d00000008/, what: 'virtio SCSI', modules: ['virtio_scsi'] },
  { modalias: /^virtio:d0000001B/, what: 'virtio memory disk', modules: ['virtio_pmem', 'nd_virtio'] },
  {
    modalias: /^vmbus:(?:d96361baa104294db60572e2ffb1dc7f|32264132cb86a2449b5c50d1417354f5)/,
    what: "Hyper-V's SCSI",
    modules: ['hv_storvsc'],
  },
]

/** Whether disks may be behind a device, by its modalias: a controller of storage or USB, a disk on USB, virtio or VMBus. */
export const mayHaveDisks = (modalias: string): boolean =>
  /^pci:.*bc(?:01|0Csc03)/.test(modalias) ||
  /^usb:.*ic08/.test(modalias) ||
  /^virtio:d000000(?:02|08|1B)/.test(modalias) ||
  known.some((one) => modalias.startsWith('vmbus:') && one.modalias.test(modalias))

const printController = ({ bus, id, modalias, modules }: Controller): string => {
  const row = known.find((one) => one.modalias.test(modalias))
  const driver = modules.length > 0 ? modules : (row?.modules ?? [])
  const what = `${row?.what ?? 'controller'} ${bus} ${id}`
  return driver.length > 0 ? `${what} (${driver.join(' ')})` : `${what} (a driver for ${modalias})`
}

/** A message names no more controllers than this. */
const most = 8

/** A phrase for the end of a list of disks; empty where every controller has a driver. */
export const printUndriven = (controllers: readonly Controller[]): string => {
  if (controllers.length === 0) return ''
  const said = controllers.slice(0, most).map(printController)
  const more = controllers.length > most ? ` and ${controllers.length - most} more` : ''
  const drivers = controllers
    .slice(0, most)
    .flatMap(({ modalias, modules }) =>
      modules.length > 0 ? modules : (known.find((one) => one.modalias.test(modalias))?.modules ?? []),
    )
  const line = `MODULES="${[...new Set(drivers)].join(' ')}"`
  const remedy =
    drivers.length > 0
      ? `put ${line} into partition.conf`
      : 'put their drivers into MODULES of partition.conf'
  return `; without a driver: ${said.join(', ')}${more}; ${remedy} and pack again`
}
