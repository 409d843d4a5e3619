// The certificate table that GET_EXT_REPORT and configfs-tsm's auxblob give: print / parse. Pure.
// It comes from the host and proves nothing by itself. Layout: GHCB specification (AMD 56421), MSG_REPORT_REQ.

export type SnpCertificate = {
  /** GUID of the key that the certificate is for: see `snpCertificateIds`. */
  readonly id: string
  /** DER, or other bytes that the host put there. */
  readonly bytes: Buffer
}

/** In the order of their bytes in the table, as the hosts' tools that fill the table write them. */
export const snpCertificateIds = {
  ark: 'c0b406a4-a803-4952-9743-3fb6014cd0ae',
  ask: '4ab7b379-bbac-4fe4-a02f-05aef327c782',
  vcek: '63da758d-e664-4564-adc5-f4b93be8accd',
  vlek: 'a8074bc2-a25a-483e-aae6-39c045a0b8a1',
  crl: '92f81bc3-5811-4d3d-97ff-d19f88dc67ea',
} as const

/** An entry has GUID, offset and length. An entry of zeroes ends the table. */
const entryBytes = 24

const printId = (bytes: Buffer, at: number): string =>
  [0, 4, 6, 8, 10, 16]
    .flatMap((from, i, all) => (i === 5 ? [] : [bytes.toString('hex', at + from, at + (all[i + 1] ?? 0))]))
    .join('-')

/** The table and, behind it, the certificates in the same order. */
export const printSnpCertificates = (certificates: readonly SnpCertificate[]): Buffer => {
  const table = Buffer.alloc(entryBytes * (certificates.length + 1))
  let offset = table.length
  for (const [i, { id, bytes }] of certificates.entries()) {
    table.write(id.replaceAll('-', ''), i * entryBytes, 'hex')
    table.writeUInt32LE(offset, i * entryBytes + 16)
    table.writeUInt32LE(bytes.length, i * entryBytes + 20)
    offset += bytes.length
  }
  return Buffer.concat([table, ...certificates.map(({ bytes }) => bytes)])
}

/**
 * Undefined where the table has no end, or an entry points out of `bytes` or into the table. A host without
 * certificates gives zeroes, which are no certificates.
 */
export const parseSnpCertificates = (bytes: Buffer): SnpCertificate[] | undefined => {
  const entries: { id: string; from: number; length: number }[] = []
  for (let at = 0; ; at += entryBytes) {
    if (at + entryBytes > bytes.length) return undefined
    if (bytes.subarray(at, at + entryBytes).every((byte) => byte === 0)) break
    const from = bytes.readUInt32LE(at + 16)
    entries.push({ id: printId(bytes, at), from, length: bytes.readUInt32LE(at + 20) })
  }
  const table = entryBytes * (entries.length + 1)
  if (entries.some(({ from, length }) => from < table || from + length > bytes.length)) return undefined
  return entries.map(({ id, from, length }) => ({ id, bytes: bytes.subarray(from, from + length) }))
}
