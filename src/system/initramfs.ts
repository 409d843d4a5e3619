// What lies where in the initramfs: the contract between `pack` and `boot`. Pure.
// The manifest is the archive's last entry, and `end` its last line: an archive that did not fit into memory
// is unpacked without its tail, and the kernel only logs that.

export const configPath = '/etc/cvmboot/partition.conf'
export const manifestPath = '/etc/cvmboot/manifest'
export const modulesRoot = '/lib/modules'
/**
 * Where systemd's EFI stub lays files that it found beside the image (systemd-stub(7)): credentials, system and
 * configuration extensions. No launch measures them.
 */
export const extraDirectory = '/.extra'
/** What the stub lays there out of sections of the image itself. */
export const extraOfImage: readonly string[] = [
  'os-release',
  'profile',
  'tpm2-pcr-public-key.pem',
  'tpm2-pcr-signature.json',
].map((name) => `${extraDirectory}/${name}`)
/** Where the new root is assembled. */
export const newRoot = '/sysroot'

/**
 * Modules every boot needs, loaded first. Built-in ones count as loaded; `a|b` is the first that the kernel has.
 * Nothing is loaded on demand, so what dm-verity and dm-crypt ask the crypto API for is here too: sha256 and the
 * cipher by their old and new names (the second since Linux 6.17 and 7.0), and cryptomgr, which makes xts(aes).
 * What these want softly follows from modules.softdep: ecb for xts, say.
 */
export const coreModules = [
  'dm_mod',
  'dm_verity',
  'dm_crypt',
  'cryptomgr',
  'sha256_generic|sha256',
  'aes_generic|aes',
  'xts',
] as const
/** What dm-integrity and the authenticated mode of dm-crypt need besides, where a volume is configured to have them. */
export const integrityModules = ['dm_integrity', 'authenc', 'hmac'] as const
/** Loaded when a volume turns out to need them; a kernel may lack some. crc32c comes by modules.softdep. */
export const fileSystemModules = ['erofs', 'squashfs', 'ext4', 'overlay'] as const
/** Loaded only where /sys shows hardware (or a CPU feature) that their aliases match; a kernel may lack some. */
export const driverModules = [
  'virtio_pci',
  'virtio_blk',
  'virtio_scsi',
  'sd_mod',
  'nvme',
  // The bus has to be there before its devices show; Azure's newer sizes have NVMe disks behind pci_hyperv.
  'hv_vmbus',
  'pci_hyperv',
  'hv_storvsc',
  'aesni_intel',
  'sha256_ssse3',
  // The kernel registers its device only where SEV-SNP is active; brings tsm and configfs.
  'sev_guest',
  // Built into most kernels. The last is the TPM of an SVSM, from Linux 6.16.
  'tpm_tis',
  'tpm_crb',
  'tpm_svsm',
] as const

export type ManifestEntry = { readonly path: string; readonly bytes: number }

/** `bytes path` a line, then `end` and the number of lines. */
export const printManifest = (entries: readonly ManifestEntry[]): string =>
  [...entries.map(({ path, bytes }) => `${bytes} ${path}`), `end ${entries.length}`, ''].join('\n')

/** Undefined where the text is not whole. */
export const parseManifest = (text: string): ManifestEntry[] | undefined => {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.pop() !== `end ${lines.length}`) return undefined
  const entries = lines.map((line) => {
    const [, bytes = '', path = ''] = /^(0|[1-9][0-9]{0,14}) (\/.+)$/.exec(line) ?? []
    return { path, bytes: bytes === '' ? Number.NaN : Number(bytes) }
  })
  return entries.every((entry) => Number.isSafeInteger(entry.bytes)) ? entries : undefined
}
