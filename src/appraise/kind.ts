// Tells the kinds of evidence apart. Only the content decides: no name of a file, and no option. Pure.

import { snpReportBytes } from '../machine/snp-report.ts'

/** `cvmboot`: JSON, the file that docs/reference/evidence.md describes. */
export type Kind = 'snp' | 'tdx' | 'cvmboot' | 'unknown'

/** Versions of both kinds that might come; each reader refuses the versions that it does not know. */
const mostVersion = 0xff
const brace = 0x7b

/**
 * JSON begins with a brace. A report begins with its version in 32 bits. A quote begins with its version in 16 bits and the type of its key, which is
 * not zero.
 */
export const kindOf = (bytes: Buffer): Kind => {
  if (bytes[0] === brace) return 'cvmboot'
  if (bytes.length < 4) return 'unknown'
  const [version, key] = [bytes.readUInt16LE(0), bytes.readUInt16LE(2)]
  if (version === 0 || version > mostVersion) return 'unknown'
  if (key === 0) return bytes.length >= snpReportBytes ? 'snp' : 'unknown'
  return key === 2 || key === 3 ? 'tdx' : 'unknown'
}
