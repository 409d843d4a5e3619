// A seeded generator, and the changes that the generator makes to good inputs. The same seed gives the same inputs everywhere.

export type Random = {
  /** 0 to below - 1. */
  readonly int: (below: number) => number
  readonly pick: <T>(list: readonly T[]) => T
  /** True once in `times`. */
  readonly once: (times: number) => boolean
}

/** Mulberry32: 32 bits of state, good enough to vary inputs and nothing else. */
export const randomOf = (seed: number): Random => {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const int = (below: number): number => (below > 1 ? next() % below : 0)
  return {
    int,
    pick: <T>(list: readonly T[]): T => list[int(list.length)] as T,
    once: (times) => int(times) === 0,
  }
}

/** A seed for input number `i` of a target, so that one input can be made again without those before it. */
export const seedOf = (seed: number, name: string, i: number): number => {
  let hash = seed | 0
  for (const c of `${name}#${i}`) hash = Math.imul(hash ^ c.charCodeAt(0), 0x01000193) ^ (hash >>> 15)
  return hash
}

const controls = ['\0', '\t', '\n', '\r', '\v', '\x1b', '\x7f', '\x80', '\xa0', '\xff']
const punctuation = [...` "'=-_:,.\\#$/*?[]{}%|+`]
const numbers = [
  ...['0', '-1', '1', '00', '07', '1e9', '0x10', '1.5', '3600', '3601', '65535', '4294967295', '4294967296'],
  ...['9007199254740993', '18446744073709551616', '9'.repeat(40), '9'.repeat(400)],
]

const cut = (text: string, from: number, to: number, between = ''): string =>
  text.slice(0, from) + between + text.slice(to)

/** A place that matches, replaced; the text itself where none does. */
const replaceOne = (random: Random, text: string, pattern: RegExp, by: (found: string) => string): string => {
  const found = [...text.matchAll(pattern)]
  if (found.length === 0) return text
  const { 0: old, index } = random.pick(found)
  return cut(text, index, index + old.length, by(old))
}

const token = /[^\s=:,"]+/g
const hexDigits = '0123456789abcdefABCDEFg'

type Change = (random: Random, text: string, words: readonly string[]) => string

const changes: readonly Change[] = [
  (r, text) => text.slice(0, r.int(text.length + 1)),
  (r, text) => cut(text, r.int(text.length), r.int(text.length)),
  (r, text) => {
    const at = r.int(text.length)
    return cut(text, at, at + 1 + r.int(4))
  },
  (r, text) => {
    const at = r.int(text.length + 1)
    return cut(text, at, at, r.pick([...punctuation, ...controls]))
  },
  (r, text) => {
    const at = r.int(text.length)
    return cut(text, at, at + 1, String.fromCharCode(r.int(256)))
  },
  (r, text, words) => {
    const at = r.int(text.length + 1)
    return cut(text, at, at, r.pick([' ', '\n', ' ', '']) + r.pick(['', ...words]) + r.pick(['', ' ', '\n']))
  },
  (r, text, words) => replaceOne(r, text, token, (old) => (words.length > 0 ? r.pick(words) : old)),
  // Two tokens change places.
  (r, text) => {
    const found = text.match(token) ?? []
    return found.length === 0 ? text : replaceOne(r, text, token, () => r.pick(found))
  },
  (r, text) => replaceOne(r, text, token, (old) => `"${old}"`),
  (r, text) => replaceOne(r, text, /\S+/g, (old) => `"${old}"`),
  (r, text) => replaceOne(r, text, /\S+/g, (old) => `${old} ${old}`),
  (r, text) => replaceOne(r, text, /[^\n]*\n/g, (old) => old + old),
  (r, text) => replaceOne(r, text, /[^\n]*\n/g, () => ''),
  (r, text) => {
    const lines = text.split('\n')
    return replaceOne(r, text, /[^\n]+/g, () => r.pick(lines))
  },
  (r, text) => replaceOne(r, text, /["']/g, () => r.pick(['', '"', "'", '""'])),
  (r, text) => replaceOne(r, text, /[-_]/g, (old) => (old === '-' ? '_' : '-')),
  (r, text) => replaceOne(r, text, /[0-9a-f]/g, () => r.pick([...hexDigits])),
  (r, text) => replaceOne(r, text, /\d+/g, () => r.pick(numbers)),
  (r, text) => replaceOne(r, text, /\d+/g, (old) => `${Number(old.slice(0, 15)) + r.int(3) - 1}`),
  (r, text) => replaceOne(r, text, /[A-Za-z]/g, (old) => r.pick([old.toUpperCase(), old.toLowerCase(), 'é'])),
  (r, text) => replaceOne(r, text, /\s/g, () => r.pick([' ', '  ', '\t', '\n', '\r', '\xa0', ''])),
]

/** A few changes to a text. `words` are the tokens of its format. */
export const mutateText = (random: Random, given: string, words: readonly string[]): string => {
  let text = given
  for (let n = random.int(5); n > 0; n--) {
    text = random.pick(changes)(random, text, words)
    // Words of the format go in often: what is not spelled right is refused at its first letter.
    if (words.length > 0 && random.once(3)) {
      const at = random.pick([0, text.length, ...[...text.matchAll(/\s/g)].map(({ index }) => index)])
      text = cut(text, at, at, ` ${random.pick(words)}${random.pick(['', ' ', '=', '\n'])}`)
    }
  }
  return text
}

const words32 = [0, 1, 2, 3, 8, 127, 128, 312, 352, 4056, 4090, 4096, 0x7fffffff, 0x80000000, 0xffffffff]

/** A few changes to bytes; `offsets` are where its fields begin. */
export const mutateBytes = (random: Random, given: Uint8Array, offsets: readonly number[]): Buffer => {
  let bytes = Buffer.from(given)
  for (let n = random.int(5); n > 0 && bytes.length > 8; n--) {
    const at = random.once(2) ? random.int(bytes.length) : Math.min(random.pick(offsets), bytes.length - 1)
    const whole = Math.min(at, bytes.length - 8)
    const end = Math.min(bytes.length, at + 1 + random.int(200))
    switch (random.int(9)) {
      case 0:
        bytes.writeUInt8((bytes.readUInt8(at) ^ (1 << random.int(8))) & 0xff, at)
        break
      case 1:
        bytes.writeUInt8(random.int(256), at)
        break
      case 2:
      case 3:
        bytes.writeUInt32LE(random.pick(words32), whole)
        break
      case 4:
        bytes.writeUInt32LE((bytes.readUInt32LE(whole) + random.pick([-8, -1, 1, 4, 8])) >>> 0, whole)
        break
      case 5:
        bytes.fill(random.pick([0, 0x41, 0x30, 0xff, 0x20]), at, end)
        break
      case 6:
        bytes.copy(bytes, random.int(bytes.length), at, end)
        break
      case 7:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
        break
      default:
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
    }
  }
  return bytes
}
