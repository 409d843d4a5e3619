// The files of the initramfs and their places: the contract between `pack` and `boot`. Pure. The manifest is the last entry of
// the archive, and `end` is the last line of the manifest. The kernel unpacks an archive that does not fit into memory without
// its tail, and only logs that. The missing `end` then tells the boot.

export const configPath = '/etc/cvmboot/partition.conf'
export const manifestPath = '/etc/cvmboot/manifest'
export const modulesRoot = '/lib/modules'
/**
 * The directory in which systemd's EFI stub puts files that it found beside the image (systemd-stub(7)): credentials, and system
 * and configuration extensions. No launch measures them.
 */
export const extraDirectory = '/.extra'
/** The files that the stub puts there from sections of the image itself. */
export const extraOfImage: readonly string[] = [
  'os-release',
  'profile',
  'tpm2-pcr-public-key.pem',
  'tpm2-pcr-signature.json',
].map((name) => `${extraDirectory}/${name}`)
/** The directory in which the boot assembles the new root. */
export const newRoot = '/sysroot'

/**
 * The modules that every boot needs and loads first. A built-in module counts as loaded. `a|b` is the first of the two that the
 * kernel has. Nothing loads a module on demand, so the modules that dm-verity and dm-crypt ask the crypto API for are here too:
 * sha256 and aes by their old and new names (new since Linux 6.17 and 7.0), and cryptomgr, which makes xts(aes). modules.softdep
 * names more modules that these want, such as ecb for xts.
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
/** More modules, for dm-integrity and the authenticated mode of dm-crypt, where the configuration gives a volume these. */
export const integrityModules = ['dm_integrity', 'authenc', 'hmac'] as const
/** More modules, where the key of a volume comes over a port of virtio-serial. */
export const carrierModules = ['virtio_console'] as const
/** Modules that the boot loads when a volume turns out to need them. A kernel may lack some. modules.softdep brings crc32c. */
export const fileSystemModules = ['erofs', 'squashfs', 'ext4', 'overlay'] as const
/** Modules that the boot loads where their aliases match hardware or CPU features in /sys. A kernel may lack some. */
export const driverModules = [
  'virtio_pci',
  'virtio_blk',
  'virtio_scsi',
  'sd_mod',
  'nvme',
  // The bus has to be there before its devices show. Newer VM sizes of Azure have NVMe disks behind pci_hyperv.
  'hv_vmbus',
  'pci_hyperv',
  'hv_storvsc',
  'aesni_intel',
  'sha256_ssse3',
  // The kernel registers the device of this module only where SEV-SNP is active. The module brings tsm and configfs.
  'sev_guest',
  // The flag of the CPU, which the kernel sets only where TDX is active, asks for this module. The module brings tsm and configfs.
  'tdx_guest',
  // Most kernels have these built in. tpm_svsm drives the TPM of an SVSM, from Linux 6.16 on.
  'tpm_tis',
  'tpm_crb',
  'tpm_svsm',
] as const

export type ManifestEntry = { readonly path: string; readonly bytes: number }

/** Each entry gives a line `bytes path`. The last line is `end` and the number of lines before it. */
export const printManifest = (entries: readonly ManifestEntry[]): string =>
  [...entries.map(({ path, bytes }) => `${bytes} ${path}`), `end ${entries.length}`, ''].join('\n')

/** The entries; undefined where the text is not whole. */
export const parseManifest = (text: string): ManifestEntry[] | undefined => {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.pop() !== `end ${lines.length}`) return undefined
  const entries = lines.map((line) => {
    const [, bytes = '', path = ''] = /^(0|[1-9][0-9]{0,14}) (\/.+)$/.exec(line) ?? []
    return { path, bytes: bytes === '' ? Number.NaN : Number(bytes) }
  })
  return entries.every((entry) => Number.isSafeInteger(entry.bytes)) ? entries : undefined
}
