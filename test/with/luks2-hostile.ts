// Hostile LUKS2 headers, each made from a good one, with the code of its refusal. One row has one trick. Boots use them too:
// each is a header area, to be written to the start of a volume.

import type { FaultCode } from '../../src/fault/index.ts'
import { splitKey } from '../../src/layout/luks2/af.ts'
import { digestOf } from '../../src/layout/luks2/keyslot.ts'
import type { Luks2Profile } from '../../src/layout/luks2/luks2.ts'
import {
  copyBytes,
  jsonStart,
  type Tree,
  withBinary,
  withBytes,
  withJsonBytes,
  withText,
  withTree,
} from './luks2-edit.ts'
import { bytesOf, counting, generation, goodArea, goodFormat, keysOf, teeFor } from './luks2-good.ts'

export type Hostile = {
  readonly name: string
  readonly code: FaultCode
  readonly area: Buffer
  /** What the volume is configured to have. */
  readonly profile: Luks2Profile
}

/** Of the corpus, those that are refused by a key alone: the MAC's, or a memory of the generation. */
export const byKeyAlone: readonly string[] = [
  ...['another size', "an attacker's own header", 'an older header', 'an older header, said to be new'],
  ...['another UUID', 'another salt', 'a bit of a keyslot', 'a bit of the MAC', 'a bit of the masked key'],
  ...["a bit of the owner's MAC", "the last bit of the owner's MAC", "the owner's MAC for that of the TEE"],
  "an attacker's own header (xts-hmac)",
  'an older header (xts-hmac)',
]

type Row = readonly [name: string, code: FaultCode, area: Buffer]

const nothing = 'cipher_null-ecb'
const most32 = 4294967295
const without = (tree: Tree, name: string): void => {
  delete tree[name]
}

const ciphers = (good: Buffer): Row[] => {
  const segment = (encryption: string) =>
    withTree(good, (t) => Object.assign(t['segments']?.['0'] ?? {}, { encryption }))
  const keyslot = (fields: object) =>
    withTree(good, (t) => Object.assign(t['keyslots']?.['0']?.['area'] ?? {}, fields))
  return [
    ['null cipher in the segment', 'header-cipher', segment(nothing)],
    ['null cipher in the keyslot', 'header-keyslot-cipher', keyslot({ encryption: nothing })],
    [
      'null cipher in both',
      'header-keyslot-cipher',
      withTree(keyslot({ encryption: nothing }), (t) =>
        Object.assign(t['segments']?.['0'] ?? {}, { encryption: nothing }),
      ),
    ],
    ['a forged keyslot that any passphrase opens', 'header-keyslot-cipher', forgedKeyslot(good)],
    ['another cipher in the segment', 'header-cipher', segment('serpent-xts-plain64')],
    ['another mode in the segment', 'header-cipher', segment('aes-cbc-essiv:sha256')],
    ['another IV in the segment', 'header-cipher', segment('aes-xts-plain')],
    ['the kernel name of the same cipher', 'header-cipher', segment('capi:xts(aes)-plain64')],
    ['a cipher with escape codes', 'header-cipher', segment('\x1b[2J\ncvmboot: all is well')],
    [
      'a name twice, the bad one last',
      'header-cipher',
      withText(good, (t) => t.replace('4096}}', `4096,"encryption":"${nothing}"}}`)),
    ],
    ['another cipher in the keyslot', 'header-keyslot-cipher', keyslot({ encryption: 'aes-cbc-plain64' })],
    ['a shorter key in the keyslot', 'header-keyslot-cipher', keyslot({ key_size: 32 })],
  ]
}

/** The keyslot's area in plain text holds a key of the attacker, who wrote the digest too (CVE-2025-59054). */
const forgedKeyslot = (good: Buffer): Buffer => {
  const key = bytesOf('of the attacker', 64)
  const salt = bytesOf('salt of the attacker', 32)
  const forged = withTree(good, (t) => {
    Object.assign(t['keyslots']?.['0']?.['area'] ?? {}, { encryption: nothing })
    Object.assign(t['digests']?.['0'] ?? {}, {
      salt: salt.toString('base64'),
      digest: digestOf(key, salt).toString('base64'),
    })
  })
  return withBytes(forged, (area) => splitKey(key, counting('noise')).copy(area, 2 * copyBytes))
}

const segments = (good: Buffer): Row[] => {
  const first = (fields: object) => withTree(good, (t) => Object.assign(t['segments']?.['0'] ?? {}, fields))
  const rows: [string, object][] = [
    ['data that begins inside the header', { offset: '4096' }],
    ['data that begins elsewhere', { offset: '1048576' }],
    ['an offset that is a number', { offset: 2097152 }],
    ['a size that follows the device', { size: 'dynamic' }],
    ['a size that is a number', { size: 8388608 }],
    ['a size of half a sector', { size: '8386560' }],
    ['a size with a zero before', { size: '08388608' }],
    ['no size at all', { size: '0' }],
    ['smaller sectors', { sector_size: 512 }],
    ['sectors no kernel has', { sector_size: 8192 }],
    ['sectors in a text', { sector_size: '4096' }],
    ['another first IV', { iv_tweak: '8' }],
    ['a linear segment', { type: 'linear' }],
    ['a segment in reencryption', { flags: ['in-reencryption'] }],
    ['an opal segment', { type: 'hw-opal', opal_segment_number: 0, opal_key_size: 32 }],
    ['another name beside', { Encryption: nothing }],
  ]
  return [
    ...rows.map(([name, fields]): Row => [name, 'header-segment', first(fields)]),
    ['another size', 'header-mac', first({ size: '4194304' })],
    [
      'two segments',
      'header-segment',
      withTree(good, (t) => Object.assign(t['segments'] ?? {}, { 1: t['segments']?.['0'] })),
    ],
    ['no segment', 'header-segment', withTree(good, (t) => Object.assign(t, { segments: {} }))],
    [
      'a segment with another number',
      'header-segment',
      withTree(good, (t) => Object.assign(t, { segments: { 1: t['segments']?.['0'] } })),
    ],
  ]
}

const keyslots = (good: Buffer): Row[] => {
  const slot = (part: string, fields: object) =>
    withTree(good, (t) =>
      Object.assign((part === '' ? t['keyslots']?.['0'] : t['keyslots']?.['0']?.[part]) ?? {}, fields),
    )
  const argon2 = { type: 'argon2id', time: 4, memory: 4194304, cpus: 4, salt: 'AAAA' }
  return [
    [
      'a third keyslot',
      'header-keyslot',
      withTree(good, (t) => Object.assign(t['keyslots'] ?? {}, { 2: t['keyslots']?.['0'] })),
    ],
    [
      'no keyslot, as luksErase leaves it',
      'header-keyslot',
      withTree(good, (t) => Object.assign(t, { keyslots: {} })),
    ],
    ['the first keyslot gone', 'header-keyslot', withTree(good, (t) => without(t['keyslots'] ?? {}, '0'))],
    [
      'the second keyslot gone',
      'header-token',
      withTree(good, (t) => {
        without(t['keyslots'] ?? {}, '1')
        Object.assign(t['digests']?.['0'] ?? {}, { keyslots: ['0'] })
      }),
    ],
    ['a keyslot of another type', 'header-keyslot', slot('', { type: 'reencrypt' })],
    ['a keyslot for a shorter key', 'header-keyslot', slot('', { key_size: 32 })],
    ['a keyslot with priority', 'header-keyslot', slot('', { priority: 2 })],
    [
      'Argon2id with 4 GiB',
      'header-kdf',
      withTree(good, (t) => Object.assign(t['keyslots']?.['0'] ?? {}, { kdf: argon2 })),
    ],
    ['PBKDF2 for days', 'header-kdf', slot('kdf', { iterations: most32 })],
    ['PBKDF2 that is cheap', 'header-kdf', slot('kdf', { iterations: 1 })],
    ['PBKDF2 with another hash', 'header-kdf', slot('kdf', { hash: 'sha1' })],
    ['a salt that is short', 'header-kdf', slot('kdf', { salt: 'AAAA' })],
    ['a salt that is no base64', 'header-kdf', slot('kdf', { salt: '\u0007' })],
    ['a salt of 8 KiB', 'header-kdf', slot('kdf', { salt: 'A'.repeat(8192) })],
    ['a salt that is an object', 'header-kdf', slot('kdf', { salt: {} })],
    ['no salt', 'header-kdf', withTree(good, (t) => without(t['keyslots']?.['0']?.['kdf'] ?? {}, 'salt'))],
    ['one stripe', 'header-af', slot('af', { stripes: 1 })],
    ['stripes without end', 'header-af', slot('af', { stripes: most32 })],
    ['stripes with another hash', 'header-af', slot('af', { hash: 'sha1' })],
    ['another splitter', 'header-af', slot('af', { type: 'none' })],
    ['an area over the header', 'header-area', slot('area', { offset: '4096' })],
    ['an area over the data', 'header-area', slot('area', { offset: '1048576' })],
    ['an area in another area', 'header-area', slot('area', { offset: '290816' })],
    ['an area without size', 'header-area', slot('area', { size: '0' })],
    ['an area without end', 'header-area', slot('area', { size: '18446744073709551615' })],
    ['an offset without end', 'header-area', slot('area', { offset: '9'.repeat(40) })],
    ['an area of a number of bytes', 'header-area', slot('area', { size: 258048 })],
    ['an area of another type', 'header-area', slot('area', { type: 'datashift', shift_size: '4096' })],
  ]
}

const digests = (good: Buffer): Row[] => {
  const digest = (fields: object) => withTree(good, (t) => Object.assign(t['digests']?.['0'] ?? {}, fields))
  const rows: [string, object][] = [
    ['a digest of another type', { type: 'sha256' }],
    ['a digest with another hash', { hash: 'sha1' }],
    ['a digest for days', { iterations: most32 }],
    ['a digest that is cheap', { iterations: 1 }],
    ['a digest that is empty', { digest: '' }],
    ['a digest with another salt', { salt: 'AAAA' }],
    ['a digest of no keyslot', { keyslots: [] }],
    ['a digest of a keyslot there is not', { keyslots: ['0', '1', '2'] }],
    ['a digest of no segment', { segments: [] }],
    ['a digest whose keyslots are no list', { keyslots: { 0: '0', 1: '1' } }],
  ]
  return [
    ...rows.map(([name, fields]): Row => [name, 'header-digest', digest(fields)]),
    [
      'two digests',
      'header-digest',
      withTree(good, (t) => Object.assign(t['digests'] ?? {}, { 1: t['digests']?.['0'] })),
    ],
    ['no digest', 'header-digest', withTree(good, (t) => Object.assign(t, { digests: {} }))],
  ]
}

const tokens = (good: Buffer): Row[] => {
  const token = (n: '0' | '1', fields: object) =>
    withTree(good, (t) => Object.assign(t['tokens']?.[n] ?? {}, fields))
  const many = Object.fromEntries(Array.from({ length: 13 }, (_, n) => [`n${n}`, 'x']))
  const areas: [string, Buffer][] = [
    ['no token', withTree(good, (t) => Object.assign(t, { tokens: {} }))],
    ['a token of systemd', token('0', { type: 'systemd-tpm2' })],
    ['a third token', withTree(good, (t) => Object.assign(t['tokens'] ?? {}, { 2: t['tokens']?.['0'] }))],
    ['the token of the owner gone', withTree(good, (t) => without(t['tokens'] ?? {}, '1'))],
    ['the token of the TEE gone', withTree(good, (t) => without(t['tokens'] ?? {}, '0'))],
    ['a token for another keyslot', token('0', { keyslots: ['1'] })],
    ['a token with something beside', token('0', { more: '1' })],
    ['a provider with escape codes', token('0', { sealed: { '\x1b]0;x\x07': {} } })],
    [
      'a token of an earlier build',
      token('0', { format: undefined, provider: 'mock', sealed: { tcb: '1' } }),
    ],
    ['a token with the name of a provider', token('0', { provider: 'mock' })],
    ['a token of a later format', token('0', { format: 3 })],
    ['a token whose format is a text', token('0', { format: '2' })],
    ['a token without format', withTree(good, (t) => without(t['tokens']?.['0'] ?? {}, 'format'))],
    ['a generation that is a text', token('0', { generation: '7' })],
    ['a generation in halves', token('0', { generation: 7.5 })],
    ['a generation of zero', token('0', { generation: 0 })],
    ['a generation below zero', token('0', { generation: -1 })],
    ['a generation without end', token('0', { generation: 1e300 })],
    ['a sealed number', token('0', { sealed: { mock: { tcb: 1 } } })],
    ['a sealed object', token('0', { sealed: { mock: { tcb: {} } } })],
    ['a sealed list', token('0', { sealed: { mock: ['a'] } })],
    ['a list of providers', token('0', { sealed: [{ tcb: '1' }] })],
    ['a seal that is a text', token('0', { sealed: { mock: 'x' } })],
    ['a seal that is null', token('0', { sealed: { mock: null } })],
    ['no provider', token('0', { sealed: {} })],
    ['five providers', token('0', { sealed: { a: {}, b: {}, c: {}, d: {}, e: {} } })],
    ['a provider of JavaScript', withText(good, (t) => t.replace('"mock":', '"__proto__":'))],
    ['too much sealed', token('0', { sealed: { mock: many } })],
    ['a sealed text that is long', token('0', { sealed: { mock: { tcb: 'A'.repeat(4097) } } })],
    ['a sealed name of JavaScript', withText(good, (t) => t.replace('"tcb":', '"__proto__":'))],
    ['nothing sealed', withTree(good, (t) => without(t['tokens']?.['0'] ?? {}, 'sealed'))],
    ['an owner without name', token('1', { kid: '' })],
    ['an owner whose algorithm is a list', token('1', { alg: ['rsa'] })],
    ['an owner with nothing wrapped', token('1', { wrapped: '' })],
    ['an owner with no base64', token('1', { wrapped: 'a-b_' })],
    ['tokens that are a list', withTree(good, (t) => Object.assign(t, { tokens: [] }))],
  ]
  return areas.map(([name, area]): Row => [name, 'header-token', area])
}

const config = (good: Buffer): Row[] => {
  const fields = (added: object) => withTree(good, (t) => Object.assign(t['config'] ?? {}, added))
  return [
    ['discards allowed', 'header-flags', fields({ flags: ['allow-discards'] })],
    ['no flags, said aloud', 'header-flags', fields({ flags: [] })],
    [
      'reencryption under way',
      'header-requirements',
      fields({ requirements: { mandatory: ['online-reencrypt-v2'] } }),
    ],
    ['no requirements, said aloud', 'header-requirements', fields({ requirements: {} })],
    ['a JSON area of another size', 'header-size', fields({ json_size: '28672' })],
    ['keyslots over the data', 'header-size', fields({ keyslots_size: '16744448' })],
    ['a configuration of something else', 'header-json', fields({ more: 1 })],
  ]
}

const copies = (good: Buffer): Row[] => [
  ['copies with another JSON text', 'header-copies', withJsonBytes(good, Buffer.from('{}'), [1])],
  [
    'a second copy with a null cipher and a higher number',
    'header-copies',
    (() => {
      const evil = ciphers(good)[0]?.[2] ?? good
      const area = Buffer.concat([good.subarray(0, copyBytes), evil.subarray(copyBytes)])
      return withBinary(area, (copy) => copy.writeBigUInt64BE(2n, 16), [1])
    })(),
  ],
  [
    'a higher number in the second copy',
    'header-copies',
    withBinary(good, (copy) => copy.writeBigUInt64BE(2n, 16), [1]),
  ],
  [
    'a higher number in the first copy',
    'header-copies',
    withBinary(good, (copy) => copy.writeBigUInt64BE(2n, 16), [0]),
  ],
  ['another label in the second copy', 'header-copies', withBinary(good, (copy) => copy.write('x', 24), [1])],
  ['another UUID in the second copy', 'header-copies', withBinary(good, (copy) => copy.write('a', 168), [1])],
  [
    'a second copy in another place',
    'header-copies',
    withBinary(good, (copy) => copy.writeBigUInt64BE(32768n, 256), [1]),
  ],
  [
    'a second copy that claims to be the first',
    'header-copies',
    withBinary(good, (copy) => copy.write('LUKS', 0), [1]),
  ],
  [
    'a second copy that is erased',
    'header-checksum',
    withBytes(good, (area) => area.fill(0, copyBytes, 2 * copyBytes)),
  ],
  ['a first copy that is erased', 'header-foreign', withBytes(good, (area) => area.fill(0, 0, copyBytes))],
  [
    'a bit of the first checksum',
    'header-checksum',
    withBytes(good, (area) => area.writeUInt8((area[448] ?? 0) ^ 1, 448)),
  ],
  [
    'a bit of the second checksum',
    'header-checksum',
    withBytes(good, (area) => area.writeUInt8((area[copyBytes + 448] ?? 0) ^ 1, copyBytes + 448)),
  ],
  ['bytes behind a checksum', 'header-checksum', withBytes(good, (area) => area.writeUInt8(1, 511))],
]

const json = (good: Buffer): Row[] => {
  const spaces = (length: number): Buffer => Buffer.alloc(length, ' ')
  const padded = (text: string): Buffer =>
    Buffer.concat([Buffer.from(text), spaces(copyBytes - jsonStart - text.length)])
  const twice = (old: string, added: string) => withText(good, (t) => t.replace(old, () => added + old))
  const areas: [string, Buffer][] = [
    [
      'a name twice, the bad one first',
      twice('"encryption":"aes-xts-plain64","sector', `"encryption":"${nothing}",`),
    ],
    ['a whole segment twice', twice('"segments":', `"segments":{"0":{}},`)],
    ['a name with an escape', withText(good, (t) => t.replace('"encryption"', '"encrypti\\u006fn"'))],
    ['a value with an escape', withText(good, (t) => t.replace('aes-xts', 'aes\\u002dxts'))],
    ['an escaped slash', withText(good, (t) => t.replace('/', '\\/'))],
    ['white space', withText(good, (t) => t.replace(',', ', '))],
    ['a new line at the end', withText(good, (t) => `${t}\n`)],
    ['a comment', withText(good, (t) => t.replace('{', '{/* comment */'))],
    ['an unknown name', withTree(good, (t) => Object.assign(t, { more: {} }))],
    [
      'the names in another order',
      withTree(good, (t) => {
        const { config: last, ...rest } = t
        for (const name of Object.keys(rest)) without(t, name)
        Object.assign(t, rest)
      }),
    ],
    ['a number with a point', withText(good, (t) => t.replace('"stripes":4000', '"stripes":4000.0'))],
    ['a number with an exponent', withText(good, (t) => t.replace('"iterations":1000', '"iterations":1e3'))],
    ['bytes behind the text', withBinary(good, (copy) => copy.writeUInt8(1, copyBytes - 1))],
    ['a second text behind the first', withText(good, (t) => `${t}\0${t}`)],
    ['a text without end', withText(good, (t) => padded(t).toString('latin1'))],
    ['bytes that are no UTF-8', withText(good, (t) => t.replace('mock', '\xff\xfe\xff\xfe'))],
    ['letters outside ASCII', withText(good, (t) => t.replace('mock', 'm\xc3\xb6ck'))],
    ['nesting', withText(good, () => '['.repeat(12000))],
    [
      'nesting that ends',
      withText(good, (t) => t.replace('{', `{"more":${'['.repeat(2000)}${']'.repeat(2000)},`)),
    ],
    ['nothing', withText(good, () => '')],
    ['an end too early', withText(good, (t) => t.slice(0, -1))],
    ['a list', withText(good, () => '[]')],
    ['nothing at all', withText(good, () => 'null')],
    ['another language', withText(good, () => '<luks/>')],
    ['a byte order mark', withText(good, (t) => `\xef\xbb\xbf${t}`)],
  ]
  return areas.map(([name, area]): Row => [name, 'header-json', area])
}

const values = (good: Buffer): Row[] => {
  const binary = (change: (copy: Buffer) => void) => withBinary(good, change)
  return [
    ['a label with escape codes', 'header-label', binary((copy) => copy.write('\x1b[2J\x1b[H', 24))],
    ['a label with a new line', 'header-label', binary((copy) => copy.write('a\ncvmboot: well', 24))],
    ['a label without end', 'header-label', binary((copy) => copy.fill('a', 24, 72))],
    ['something behind the label', 'header-label', binary((copy) => copy.write('x', 71))],
    ['a subsystem', 'header-label', binary((copy) => copy.write('\x1b[2Jx', 208))],
    ['a UUID in upper case', 'header-uuid', binary((copy) => copy.write('ABBA', 168))],
    ['a UUID that is none', 'header-uuid', binary((copy) => copy.write('../../x\n', 168))],
    ['another checksum algorithm', 'header-binary', binary((copy) => copy.write('sha512', 72))],
    ['something in a reserved field', 'header-binary', binary((copy) => copy.writeUInt8(1, 300))],
    ['something in the padding', 'header-binary', binary((copy) => copy.writeUInt8(1, 4095))],
    ['a first copy in another place', 'header-binary', binary((copy) => copy.writeBigUInt64BE(4096n, 256))],
    ['the number zero', 'header-binary', binary((copy) => copy.writeBigUInt64BE(0n, 16))],
    ['a number without end', 'header-binary', binary((copy) => copy.writeBigUInt64BE((1n << 64n) - 1n, 16))],
    ['LUKS1', 'header-version', binary((copy) => copy.writeUInt16BE(1, 6))],
    ['a version there is not', 'header-version', binary((copy) => copy.writeUInt16BE(3, 6))],
    ['a larger header', 'header-size', binary((copy) => copy.writeBigUInt64BE(32768n, 8))],
    ['a header without size', 'header-size', binary((copy) => copy.writeBigUInt64BE(0n, 8))],
    ['a header without end', 'header-size', binary((copy) => copy.writeBigUInt64BE((1n << 64n) - 1n, 8))],
    [
      'ext4',
      'header-foreign',
      withBytes(Buffer.alloc(good.length), (area) => area.writeUInt16LE(0xef53, 1080)),
    ],
    ['noise', 'header-foreign', bytesOf('noise', good.length)],
    [
      'a header that is erased, its keyslots left',
      'header-foreign',
      withBytes(good, (area) => area.fill(0, 0, 2 * copyBytes)),
    ],
    ['nothing but zeroes', 'header-blank', Buffer.alloc(good.length)],
    ['a read that ends early', 'header-size', good.subarray(0, good.length - 1)],
    ['a read that gives nothing', 'header-size', good.subarray(0, 0)],
  ]
}

const genuine = (profile: Luks2Profile, good: Buffer): Row[] => {
  const bit = (at: number) => withBytes(good, (area) => area.writeUInt8((area[at] ?? 0) ^ 1, at))
  const token = goodFormat(profile).tee.token
  const ownerless = goodArea(profile, { owner: undefined })
  const older = goodArea(profile, {
    tee: {
      keys: { ...teeFor(profile), mac: keysOf('generation 6').mac },
      token: { ...token, generation: generation - 1 },
    },
  })
  return [
    [
      "another volume's header",
      'header-mac',
      goodArea(profile, {
        volume: 'workspace',
        tee: { keys: { ...teeFor(profile), ...keysOf('workspace') }, token },
      }),
    ],
    [
      "an attacker's own header",
      'header-mac',
      goodArea(profile, { tee: { keys: { ...teeFor(profile), ...keysOf('attacker') }, token } }),
    ],
    ['an older header', 'header-generation', older],
    [
      'an older header, said to be new',
      'header-mac',
      withText(older, (t) => t.replace('"generation":6', '"generation":7')),
    ],
    ['another UUID', 'header-mac', withBinary(good, (copy) => copy.write('a', 168))],
    ['another label', 'header-mac', withBinary(good, (copy) => copy.write('workspace', 24))],
    ['another sequence number', 'header-binary', withBinary(good, (copy) => copy.writeBigUInt64BE(2n, 16))],
    ['another salt', 'header-mac', withBinary(good, (copy) => copy.writeUInt8(0, 104))],
    ['a bit of a keyslot', 'header-mac', bit(40000)],
    ['a bit that nobody uses', 'header-mac', bit(1000000)],
    ['a bit of the MAC', 'header-mac', bit(1044480 + 16)],
    ['a bit of the masked key', 'header-mac', bit(1044480 + 80)],
    ['a bit of the masked key of tags', 'header-mac', bit(1044480 + 80 + 95)],
    ['a bit behind the MAC', 'header-mac', bit(1048575)],
    ['no MAC, as cryptsetup leaves it', 'header-mac', withBytes(good, (area) => area.fill(0, 1044480))],
    ["the MAC's title", 'header-mac', bit(1044480)],
    [
      "an earlier build's title",
      'header-mac',
      withBytes(good, (area) => void area.write('cvmboot MAC 2', 1044480)),
    ],
    ['no title', 'header-mac', withBytes(good, (area) => area.fill(0, 1044480, 1044496))],
    ["a bit of the owner's MAC", 'header-mac', bit(1044480 + 48)],
    ["the last bit of the owner's MAC", 'header-mac', bit(1044480 + 79)],
    ["no MAC of the TEE's", 'header-mac', withBytes(good, (area) => area.fill(0, 1044496, 1044528))],
    ["no MAC of the owner's", 'header-mac', withBytes(good, (area) => area.fill(0, 1044528, 1044560))],
    [
      "an owner's MAC without an owner",
      'header-mac',
      withBytes(ownerless, (area) => void area.write('x', 1044528)),
    ],
    ['a keyslot of nobody', 'header-mac', withBytes(ownerless, (area) => void area.write('x', 300000))],
    ['something behind keyslot 0', 'header-mac', bit(32768 + 256000)],
    ['something behind keyslot 1', 'header-mac', bit(290816 + 256000)],
    ['a provider there is not', 'seal-provider', withText(good, (t) => t.replace('"mock"', '"mack"'))],
    [
      "the owner's MAC for that of the TEE",
      'header-mac',
      withBytes(good, (area) => area.copyWithin(1044480 + 16, 1044480 + 48, 1044480 + 80)),
    ],
  ]
}

const integrity = (good: Buffer): Row[] => {
  const edit = (fields: object) =>
    withTree(good, (t) => Object.assign(t['segments']?.['0']?.['integrity'] ?? {}, fields))
  const stripped = withTree(good, (t) => without(t['segments']?.['0'] ?? {}, 'integrity'))
  return [
    ['integrity removed', 'header-integrity', stripped],
    [
      'integrity removed, and a null cipher',
      'header-cipher',
      withText(stripped, (t) =>
        t.replace(
          '"iv_tweak":"0","encryption":"aes-xts-plain64"',
          `"iv_tweak":"0","encryption":"${nothing}"`,
        ),
      ),
    ],
    ['weaker integrity', 'header-integrity', edit({ type: 'hmac(sha1)' })],
    ['integrity in name', 'header-integrity', edit({ type: 'none' })],
    ['integrity of another kind', 'header-integrity', edit({ type: 'aead' })],
    ['an encrypted journal', 'header-integrity', edit({ journal_encryption: 'cbc(aes)' })],
    ['integrity with more', 'header-integrity', edit({ key_size: 16 })],
    ['a volume without integrity', 'header-keyslot', goodArea('xts')],
  ]
}

let made: readonly Hostile[] | undefined

/** All of them, made once. Deterministic: the same each time. */
export const hostileHeaders = (): readonly Hostile[] => {
  made ??= make()
  return made
}

const make = (): Hostile[] => {
  const xts = goodArea('xts')
  const hmac = goodArea('xts-hmac')
  const added = withTree(xts, (t) =>
    Object.assign(t['segments']?.['0'] ?? {}, {
      integrity: { type: 'hmac(sha256)', journal_encryption: 'none', journal_integrity: 'none' },
    }),
  )
  const plain: Row[] = [
    ...[ciphers, segments, keyslots, digests, tokens, config, copies, json, values].flatMap((make) =>
      make(xts),
    ),
    ...genuine('xts', xts),
    ['integrity added', 'header-integrity', added],
  ]
  const both = [...integrity(hmac), ...ciphers(hmac).slice(0, 3), ...genuine('xts-hmac', hmac).slice(0, 3)]
  return [
    ...plain.map(([name, code, area]): Hostile => ({ name, code, area, profile: 'xts' })),
    ...both.map(
      ([name, code, area]): Hostile => ({ name: `${name} (xts-hmac)`, code, area, profile: 'xts-hmac' }),
    ),
  ]
}
