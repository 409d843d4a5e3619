// The cpio archive that the kernel unpacks as initramfs: format newc, print / parse (buffer-format.rst of the kernel). Pure.
// The archive is measured. So its bytes do not depend on the machine that packs it: owner 0, time 0, numbers in sequence.

/** The types of entries, in the bits of st_mode. */
export const fileType = { directory: 0o040000, file: 0o100000, device: 0o020000 } as const

export type CpioEntry = {
  /** Relative to the root, without a leading slash. */
  readonly path: string
  /** Type and permissions, as st_mode. */
  readonly mode: number
  readonly bytes: number
  /** The numbers of a character device. */
  readonly device?: { readonly major: number; readonly minor: number }
}

const magic = '070701'
const headerSize = 110
const trailer = 'TRAILER!!!'
/** Each header and each content begins at a multiple of these bytes. */
const alignment = 4
/** The most bytes of a file: a size has 8 hexadecimal digits. */
export const mostBytes = 0xffffffff

/** Bytes of padding after `bytes` bytes. */
export const padding = (bytes: number): number => (alignment - (bytes % alignment)) % alignment

/** The header and the name of entry number `ino`. The caller writes the content behind them, and the `padding` of the content. */
export const printEntry = (entry: CpioEntry, ino: number): Uint8Array => {
  const name = Buffer.from(`${entry.path}\0`)
  const isDirectory = (entry.mode & 0o170000) === fileType.directory
  const { major, minor } = entry.device ?? { major: 0, minor: 0 }
  // ino, mode, uid, gid, nlink, mtime, size, device of the file (2), device of the node (2), name, checksum
  const links = isDirectory ? 2 : 1
  const fields = [ino, entry.mode, 0, 0, links, 0, entry.bytes, 0, 0, major, minor, name.length, 0]
  const header = magic + fields.map((field) => field.toString(16).padStart(8, '0')).join('')
  return Buffer.concat([Buffer.from(header), name, Buffer.alloc(padding(headerSize + name.length))])
}

/** The end of an archive. */
export const printTrailer = (): Uint8Array => printEntry({ path: trailer, mode: 0, bytes: 0 }, 0)

export type CpioContent = CpioEntry & { readonly content: Uint8Array }

/** Reads a whole archive; undefined for any bytes that the printers above do not make. */
export const parseCpio = (archive: Uint8Array): CpioContent[] | undefined => {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength)
  const found: CpioContent[] = []
  for (let at = 0; ; ) {
    const field = (n: number) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + n * 8, at + 14 + n * 8), 16)
    const nameEnd = at + headerSize + field(11)
    const path = bytes.toString('utf8', at + headerSize, nameEnd - 1)
    const size = field(6)
    const isDevice = (field(1) & 0o170000) === fileType.device
    const entry: CpioEntry = {
      path,
      mode: field(1),
      bytes: size,
      ...(isDevice ? { device: { major: field(9), minor: field(10) } } : {}),
    }
    const isEnd = path === trailer
    const header = Buffer.from(isEnd ? printTrailer() : printEntry(entry, found.length + 1))
    const start = at + header.length
    // For the kernel, a name ends at its first NUL.
    if (path.includes('\0') || !header.equals(bytes.subarray(at, start))) return undefined
    if (isEnd) return start === bytes.length ? found : undefined
    const end = start + size
    at = end + padding(size)
    if (at > bytes.length || bytes.subarray(end, at).some((b) => b !== 0)) return undefined
    found.push({ ...entry, content: bytes.subarray(start, end) })
  }
}
