// Bech32 (BIP 173) of whole bytes, the text in which age writes its keys: print / parse. Pure. The functions work on bytes and
// not on strings, because the text may be a private key, and nothing can zero a string.

const alphabet = Buffer.from('qpzry9x8gf2tvdw0s3jn54khce6mua7l', 'latin1')
const values = new Map([...alphabet].map((letter, value) => [letter, value]))
const checksumLetters = 6
const separator = '1'.charCodeAt(0)

/** The generator of the checksum's BCH code. */
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const

const polymod = (words: Iterable<number>, start: number): number => {
  let checksum = start
  for (const word of words) {
    const top = checksum >>> 25
    checksum = ((checksum & 0x1ffffff) << 5) ^ word
    for (const [i, term] of generator.entries()) if (((top >>> i) & 1) === 1) checksum ^= term
  }
  return checksum >>> 0
}

/** The state of the checksum after the prefix, which is in lower case. */
const startOf = (prefix: string): number => {
  const letters = [...Buffer.from(prefix, 'latin1')]
  return polymod([...letters.map((c) => c >> 5), 0, ...letters.map((c) => c & 31)], 1)
}

/** Groups of `from` bits as groups of `to` bits. Zero bits fill up the last group. */
const regroup = (groups: Uint8Array, from: number, to: number): Buffer => {
  const out = Buffer.alloc(Math.ceil((groups.length * from) / to))
  for (let bit = 0; bit < groups.length * from; bit++) {
    const set = ((groups[Math.floor(bit / from)] ?? 0) >> (from - 1 - (bit % from))) & 1
    const at = Math.floor(bit / to)
    out[at] = (out[at] ?? 0) | (set << (to - 1 - (bit % to)))
  }
  return out
}

/** The text in lower-case ASCII. The caller zeroes the text where it is secret. */
export const printBech32 = (prefix: string, bytes: Uint8Array): Buffer => {
  const words = regroup(bytes, 8, 5)
  const start = polymod(words, startOf(prefix))
  const checksum = polymod(Buffer.alloc(checksumLetters), start) ^ 1
  const out = Buffer.alloc(prefix.length + 1 + words.length + checksumLetters)
  out.write(`${prefix}1`, 'latin1')
  for (const [i, word] of words.entries()) out[prefix.length + 1 + i] = alphabet[word] ?? 0
  for (let i = 0; i < checksumLetters; i++)
    out[out.length - checksumLetters + i] = alphabet[(checksum >>> (5 * (5 - i))) & 31] ?? 0
  words.fill(0)
  return out
}

/** The `length` bytes for which `printBech32` prints exactly this text; undefined where no bytes give it. */
export const parseBech32 = (prefix: string, text: Uint8Array, length: number): Buffer | undefined => {
  const dataLetters = Math.ceil((length * 8) / 5)
  if (text.length !== prefix.length + 1 + dataLetters + checksumLetters) return undefined
  if (text[prefix.length] !== separator) return undefined
  const words = Buffer.from(text.subarray(prefix.length + 1, prefix.length + 1 + dataLetters))
  for (const [i, letter] of words.entries()) words[i] = values.get(letter) ?? 0
  const padded = regroup(words, 5, 8)
  words.fill(0)
  const bytes = Buffer.from(padded.subarray(0, length))
  padded.fill(0)
  // The bytes are printed again, and the texts are compared: this checks prefix, letters, padding and checksum at once.
  const printed = printBech32(prefix, bytes)
  const same = printed.equals(text)
  printed.fill(0)
  if (same) return bytes
  bytes.fill(0)
  return undefined
}
