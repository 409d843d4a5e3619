// A GUID as firmware and partition tables store it: print / parse (UEFI 2.10, appendix A). Pure.

// The first three fields are little-endian in the bytes. The other bytes have the order of the text.
const guidOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const

/** The 16 bytes of a GUID. `text` is in lower case. */
export const printGuid = (text: string): Buffer => {
  const printed = Buffer.from(text.replaceAll('-', ''), 'hex')
  return Buffer.from(guidOrder.map((i) => printed[i] ?? 0))
}

/** The text of a GUID of 16 bytes, in lower case. */
export const parseGuid = (bytes: Buffer): string => {
  const hex = Buffer.from(guidOrder.map((i) => bytes[i] ?? 0)).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
