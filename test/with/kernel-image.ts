// The header of a kernel for the boot protocol, and nothing behind it.

/** Its bytes tell when one of them is lost. */
export const kernelOf = (version: string): Buffer => {
  const image = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) & 0xff))
  image.write('MZ', 0, 'latin1')
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt16LE(0x3000, 0x20e)
  image.write(`${version} (builder) #1\0`, 0x3200, 'latin1')
  return image
}
