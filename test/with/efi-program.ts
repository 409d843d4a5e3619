// An EFI program as small as one can be, for parsers: headers, a table of sections, bytes.

type Section = { readonly name: string; readonly bytes: number; readonly stored: number }

const signature = 0x80
const optional = signature + 24
const table = optional + 240
const alignment = 4096

export const efiProgram = (sections: readonly Section[]): Buffer => {
  const headers = 1024
  const image = Buffer.alloc(headers + sections.reduce((sum, { stored }) => sum + stored, 0), 1).fill(
    0,
    0,
    headers,
  )
  image.write('MZ', 0, 'latin1')
  image.writeUInt32LE(signature, 0x3c)
  image.write('PE\0\0', signature, 'latin1')
  image.writeUInt16LE(0x8664, signature + 4)
  image.writeUInt16LE(sections.length, signature + 6)
  image.writeUInt16LE(240, signature + 20)
  image.writeUInt16LE(0x20b, optional)
  image.writeUInt32LE(alignment, optional + 32)
  image.writeUInt32LE(headers, optional + 60)
  image.writeUInt16LE(10, optional + 68)
  image.writeUInt32LE(16, optional + 108)
  let address = alignment
  let offset = headers
  for (const [i, { name, bytes, stored }] of sections.entries()) {
    const at = table + i * 40
    image.write(name, at, 'latin1')
    for (const [n, field] of [bytes, address, stored, offset].entries())
      image.writeUInt32LE(field, at + 8 + n * 4)
    address += Math.ceil(bytes / alignment) * alignment
    offset += stored
  }
  image.writeUInt32LE(address, optional + 56)
  return image
}
