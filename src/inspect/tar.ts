// The names of the first few thousand entries of a tar: enough to tell a container archive from a root. Pure.

import type { RandomAccess } from '../machine/random-access.ts'

const blockBytes = 512
const mostEntries = 5000

/** The size of an entry: octal digits, or the 95 bits of GNU tar for large files. Undefined where the field is neither. */
const sizeOf = (header: Buffer): number | undefined => {
  const field = header.subarray(124, 136)
  if ((field[0] ?? 0) >= 0x80) {
    const size = Number(BigInt(`0x${field.subarray(4).toString('hex')}`))
    return Number.isSafeInteger(size) ? size : undefined
  }
  const [, digits] = /^ *([0-7]+)[ \0]*$/.exec(field.toString('latin1')) ?? []
  return digits === undefined ? undefined : Number.parseInt(digits, 8)
}

/** The paths, without `./` before them. A long name that an extra header holds is cut off. */
export const namesInTar = ({ size, read }: RandomAccess): readonly string[] => {
  const names: string[] = []
  for (let at = 0; at + blockBytes <= size && names.length < mostEntries; ) {
    const header = read(at, blockBytes)
    const bytes = sizeOf(header)
    if (header.toString('latin1', 257, 262) !== 'ustar' || bytes === undefined) break
    const text = (from: number, to: number) => header.toString('latin1', from, to).replace(/\0.*$/s, '')
    const prefix = text(345, 500)
    names.push(`${prefix === '' ? '' : `${prefix}/`}${text(0, 100)}`.replace(/^(?:\.?\/)+/, ''))
    at += blockBytes + Math.ceil(bytes / blockBytes) * blockBytes
  }
  return names
}

/** The names in the uppermost directory of a tar. */
export const topOfTar = (tar: RandomAccess): readonly string[] => [
  ...new Set(namesInTar(tar).map((name) => name.split('/')[0] ?? '')),
]
