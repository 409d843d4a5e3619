// The measurements and actions of systemd's EFI stub, by its version. Pure. Sources: src/boot/stub.c, src/fundamental/uki.c and
// man page systemd-stub(7) of systemd. Boots under OVMF and swtpm measured the same for version 257 (PCR 4, 7, 9, 11 and 12),
// for version 252 (PCR 7, 9, 11 and 12) and for version 262 (PCR 4, 11 and 12).

/** The major number of `#### LoaderInfo: systemd-stub 257.8-1~deb13u2 ####`, or undefined for another stub. */
export const stubVersion = (sdmagic: string): number | undefined => {
  const [, major] = /^#### LoaderInfo: systemd-stub ([0-9]{3})\b/.exec(sdmagic) ?? []
  return major === undefined ? undefined : Number(major)
}

/** Sections in the order of their measurement into PCR 11, with the first version that measures each. */
const measured: readonly (readonly [name: string, since: number])[] = [
  ['.linux', 252],
  ['.osrel', 252],
  ['.cmdline', 252],
  ['.initrd', 252],
  ['.ucode', 256],
  ['.splash', 252],
  ['.dtb', 252],
  ['.uname', 253],
  ['.sbat', 254],
  ['.pcrpkey', 252],
  ['.profile', 257],
  ['.dtbauto', 257],
  ['.hwids', 257],
  ['.efifw', 258],
]

/** In the order of their measurement. */
export const measuredSections = (version: number): readonly string[] =>
  measured.flatMap(([name, since]) => (since <= version ? [name] : []))

/** Each section that some version measures. */
export const knownSections: readonly string[] = measured.map(([name]) => name)

/** Whether it is known which sections the version measures: the two versions left out began to measure `.uname` and `.sbat`. */
export const knowsSections = (version: number): boolean => version === 252 || version >= 255

/**
 * How the stub starts the kernel in the image: by LoadImage of the firmware, which measures the kernel as a program of its own,
 * or by itself, which measures nothing more. Versions between the two were never booted for this table.
 */
export const startsKernel = (version: number): 'by-firmware' | 'by-itself' | 'unknown' =>
  version <= 257 ? 'by-firmware' : version >= 262 ? 'by-itself' : 'unknown'

/** From which version the stub measures its sections into the registers of a TD as well. */
export const measuresIntoTd = (version: number): boolean => version >= 261

/** The versions whose archives beside the initramfs are known here. Later ones add to them and to the command line. */
export const knowsInitrds = (version: number): boolean => version >= 252 && version <= 257

/** Sections that the stub hands to the kernel as a file in /.extra, in the order of the archives, since a version. */
const extras: readonly (readonly [section: string, file: string, since: number])[] = [
  ['.pcrsig', 'tpm2-pcr-signature.json', 252],
  ['.pcrpkey', 'tpm2-pcr-public-key.pem', 252],
  ['.osrel', 'os-release', 257],
  ['.profile', 'profile', 257],
]

export const extraFiles = (version: number): readonly { readonly section: string; readonly file: string }[] =>
  extras.flatMap(([section, file, since]) => (since <= version ? [{ section, file }] : []))

const header = (inode: number, mode: number, bytes: number, name: string): Buffer => {
  const fields = [inode, mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0, name.length + 1, 0]
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`
  return padded(Buffer.from(text, 'latin1'))
}

/** Zeroes up to a multiple of four bytes. */
export const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])

/** The end of an archive as the stub writes it, with a capital digit. */
const trailer = Buffer.from(
  `070701${'0'.repeat(32)}00000001${'0'.repeat(48)}0000000B${'0'.repeat(8)}TRAILER!!!\0\0\0\0`,
  'latin1',
)

/** The archive in which the stub hands one file to the kernel. */
export const extraArchive = (file: string, content: Buffer): Buffer =>
  Buffer.concat([
    header(1, 0o40555, 0, '.extra'),
    header(2, 0o100444, content.length, `.extra/${file}`),
    padded(content),
    trailer,
  ])

/** The command line as the stub hands it on: control characters are blanks, and there are no blanks around it. */
export const stubCmdline = (section: Buffer): string => {
  const [text = ''] = section.toString('utf8').split('\0', 1)
  return [...text]
    .map((character) => (character < ' ' ? ' ' : character))
    .join('')
    .replace(/^ +| +$/g, '')
}
