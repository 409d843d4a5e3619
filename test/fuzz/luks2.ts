// Forged LUKS2 headers: binary fields, the JSON text and the JSON tree are changed, and the checksums are right again, since a
// checksum stops nobody. A header that is read must print back to the same bytes. Only the good header may open.

import {
  headerAreaBytes,
  type Luks2Profile,
  parseLuks2,
  printHeader,
  unlockForTee,
} from '../../src/layout/luks2/luks2.ts'
import { copyBytes, jsonOf, withChecksums, withJsonBytes } from '../with/luks2-edit.ts'
import { goodArea, teeFor } from '../with/luks2-good.ts'
import { mutateJson } from './json.ts'
import { mutateBytes, mutateText, type Random } from './random.ts'
import { hexOf, need, orRefused, same, type Target, target } from './run.ts'

type Input = {
  readonly profile: Luks2Profile | 'claimed'
  /** Which good area it was made from. */
  readonly from: Buffer
  /** What stands where its two copies were; more or fewer bytes move the rest. */
  readonly head: Buffer
  /** Bytes of the whole. */
  readonly length: number
  /** A byte behind the copies that is changed. */
  readonly behind: number | undefined
}

const headBytes = 2 * copyBytes
const fields = [0, 6, 8, 16, 24, 72, 104, 168, 208, 256, 264, 448, 512, 4096, 16_383].flatMap((at) => [
  at,
  copyBytes + at,
])
const words = [
  ...['"encryption":"cipher_null-ecb"', '"Encryption"', '"flags":["allow-discards"]', '"requirements":{}'],
  ...[
    '"iterations":1000',
    '4294967295',
    '18446744073709551615',
    '"argon2id"',
    '"0"',
    '"1"',
    '{}',
    '[]',
    '"31"',
  ],
  ...[
    '1048576',
    '"dynamic"',
    '"hmac(sha256)"',
    '"none"',
    '\\u006f',
    '/**/',
    '\0',
    '1e3',
    '4000.0',
    '"cvmboot"',
  ],
]

const which = [[0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [0], [1]] as const

/** One value of the text, whatever its depth, is another one. */
const mutateValue = (random: Random, text: string): string => {
  const found = random.pick([...text.matchAll(/:("[^"]*"|\d+|\[[^\]]*\])/g)])
  if (found === undefined) return text
  const value = found[1] ?? ''
  const near = /\d/.test(value) ? value.replace(/\d/, (digit) => `${(Number(digit) + 1) % 10}`) : `"${value}"`
  return `${text.slice(0, found.index)}:${random.pick([...words, near])}${text.slice(found.index + found[0].length)}`
}

const mutateMetadata = (random: Random, text: string): string =>
  random.pick([
    () => mutateText(random, text, words),
    () => mutateJson(random, text, (tree) => JSON.stringify(tree)),
    () => mutateValue(random, text),
    () => mutateValue(random, text),
  ])()

const mutate = (random: Random, seed: Input): Input => {
  let { head } = seed
  for (let n = random.once(10) ? 0 : 1 + random.int(2); n > 0; n--) {
    const copies = random.pick(which)
    if (random.once(4)) {
      const [copy] = random.pick(which)
      const before = head.subarray(0, copy * copyBytes)
      const changed = mutateBytes(random, head.subarray(before.length), fields)
      // Mostly in place; sometimes all that follows moves.
      head = random.once(10) ? Buffer.concat([before, changed]) : withBytesOf(head, before.length, changed)
    } else if (head.length >= headBytes)
      head = withJsonBytes(head, Buffer.from(mutateMetadata(random, jsonOf(seed.head)), 'latin1'), copies)
  }
  if (head.length >= headBytes && !random.once(20))
    head = withChecksums(Buffer.from(head), random.pick(which))
  return {
    ...seed,
    head,
    profile: random.once(4) ? random.pick(['xts', 'xts-hmac', 'claimed']) : seed.profile,
    length: random.once(20) ? random.int(headerAreaBytes + 1) : seed.length,
    behind: random.once(10) ? headBytes + random.int(headerAreaBytes - headBytes) : undefined,
  }
}

const withBytesOf = (head: Buffer, at: number, changed: Uint8Array): Buffer => {
  const out = Buffer.from(head)
  out.set(changed.subarray(0, out.length - at), at)
  return out
}

const areaOf = ({ from, head, length, behind }: Input): Buffer => {
  const area = Buffer.concat([head, from.subarray(headBytes)]).subarray(0, length)
  if (behind !== undefined && behind < area.length) area.writeUInt8((area[behind] ?? 0) ^ 1, behind)
  return area
}

const check = (input: Input): boolean => {
  const area = areaOf(input)
  const luks2 = orRefused(/^header-/, () => parseLuks2(area, 'job-store', input.profile))
  if (luks2 === undefined) return false
  const { header } = luks2
  need(printHeader(header).equals(area.subarray(0, headBytes)), 'it prints back differently')
  need(input.profile === 'claimed' || header.profile === input.profile, 'it is of another profile')
  need(/^[a-z-]*$/.test(header.label) && /^[0-9a-f-]{36}$/.test(header.uuid), 'a value that is no name')
  need(Object.keys(header.tokens?.tee.sealed ?? {}).length <= 8, 'more than the provider may keep')
  same(parseLuks2(area, 'job-store', header.profile).header, header, 'read again, it is different')
  if (area.equals(input.from)) return true
  const opened = orRefused(/^header-mac$/, () => unlockForTee(luks2, 'job-store', teeFor(header.profile)))
  need(opened === undefined, 'a forged header opens')
  return false
}

const seeds = (['xts', 'xts-hmac'] as const).flatMap((profile) =>
  [{}, { owner: undefined }].map((differently): Input => {
    const from = goodArea(profile, differently)
    const head = Buffer.from(from.subarray(0, headBytes))
    return { profile, from, head, length: headerAreaBytes, behind: undefined }
  }),
)

export const luks2Target: Target = target<Input>({
  name: 'LUKS2 header',
  cost: 10,
  least: 100_000,
  seeds,
  mutate,
  check,
  show: ({ profile, head, length, behind }) =>
    `${profile}, ${length} bytes, byte ${behind} changed, and a head of ${head.length}:\n${hexOf(head)}`,
})
