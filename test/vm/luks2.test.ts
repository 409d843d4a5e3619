// Our LUKS2 headers and the stock cryptsetup of Debian 12 and 13: each opens the volumes that the other formats. The test also
// gives cryptsetup hostile headers, which shows why the boot does not ask cryptsetup.

import { constants, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { printCryptTable } from '../../src/layout/crypt.ts'
import { extentOf } from '../../src/layout/extent.ts'
import {
  parseIntegrityTable,
  printIntegritySuperblock,
  printIntegrityTable,
  superblockBytes,
  superblockFor,
} from '../../src/layout/integrity.ts'
import { dataOffset, openLuks2, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { decryptSectors } from '../../src/owner/image.ts'
import { goodArea, goodFormat, owner, tee, uuid, volumeKeyOf } from '../with/luks2-good.ts'
import { hostileHeaders } from '../with/luks2-hostile.ts'
import { suite } from '../with/suite.ts'
import type { Suite } from './kernel.ts'
import { runStock, type Stock } from './stock.ts'

const test = suite('LUKS2 and stock cryptsetup')

const MiB = 1024 ** 2
const profiles = ['xts', 'xts-hmac'] as const
const offset = BigInt(dataOffset / 512)
const diskBytes = 33 * MiB
const dataBytesOf = (profile: (typeof profiles)[number]): bigint =>
  extentOf(profile, BigInt(diskBytes), BigInt(dataOffset))?.bytes ?? 0n
const superblock = superblockFor(BigInt(diskBytes), BigInt(dataOffset))
if (superblock === undefined) throw new Error('there is no room for dm-integrity')
const { journalSections } = superblock

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const padding = constants.RSA_PKCS1_OAEP_PADDING
const wrapped = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, owner.passphrase)

const areaOf = (profile: (typeof profiles)[number]): Buffer => {
  const token = { alg: 'rsa-oaep-256', kid: 'owner-1', wrapped: wrapped.toString('base64') }
  const dataBytes = dataBytesOf(profile)
  return goodArea(profile, { ...goodFormat(profile), dataBytes, owner: { keys: owner, token } })
}

/** What stock cryptsetup makes of these with the right key; in src/ all are refused (test/tables/layout/luks2.test.ts). */
const outcomes: Readonly<Record<string, string>> = {
  'null cipher in the segment': 'plain',
  'null cipher in the keyslot': 'refused',
  'null cipher in both': 'refused',
  'a forged keyslot that any passphrase opens': 'encrypted',
  'another IV in the segment': 'encrypted',
  'a name twice, the bad one last': 'plain',
  'a name twice, the bad one first': 'encrypted',
  'a name with an escape': 'encrypted',
  'a comment': 'encrypted',
  'white space': 'encrypted',
  'a second copy with a null cipher and a higher number': 'plain',
  'a first copy that is erased': 'encrypted',
  'data that begins elsewhere': 'encrypted',
  'another first IV': 'encrypted',
  'another name beside': 'encrypted',
  'discards allowed': 'encrypted with discards',
  'PBKDF2 for days': 'refused',
  'Argon2id with 4 GiB': 'refused',
  'one stripe': 'encrypted',
  'a label with escape codes': 'encrypted',
  'an older header': 'encrypted',
  'integrity removed, and a null cipher (xts-hmac)': 'plain',
}
const hostile = hostileHeaders().filter(({ name }) => Object.hasOwn(outcomes, name))
const corpus = [goodArea('xts'), ...hostile.map(({ area }) => area)]

const lines = {
  xts: printCryptTable({ profile: 'xts', data: 'DEV', key: 'cvmboot:workspace', offset }),
  'xts-hmac': printCryptTable({ profile: 'xts-hmac', data: 'DEV', key: 'cvmboot:job-store', offset: 0n }),
  integrity: printIntegrityTable({ data: 'DEV', offset, journalSections }),
}

const diskWith = async (file: string, content: Uint8Array, bytes: number): Promise<string> => {
  await writeFile(file, content)
  const disk = await open(file, 'r+')
  await disk.truncate(bytes)
  await disk.close()
  return file
}

const runLuks2 = async (release: Suite, scratch: string): Promise<Stock> => {
  const disks = [
    await diskWith(join(scratch, 'vda'), areaOf('xts'), diskBytes),
    await diskWith(join(scratch, 'vdb'), areaOf('xts-hmac'), diskBytes),
    await diskWith(join(scratch, 'vdc'), new Uint8Array(), diskBytes),
    await diskWith(join(scratch, 'vdd'), new Uint8Array(), diskBytes),
    await diskWith(join(scratch, 'vde'), new Uint8Array(), diskBytes),
    await diskWith(join(scratch, 'vdf'), Buffer.concat(corpus), corpus.length * MiB),
  ]
  const files = {
    'keys/tee': tee.passphrase,
    'keys/owner.pem': Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    'keys/xts': volumeKeyOf('xts'),
    'keys/xts-hmac': volumeKeyOf('xts-hmac'),
    ...Object.fromEntries(Object.entries(lines).map(([name, line]) => [`tables/${name}`, Buffer.from(line)])),
    ...Object.fromEntries(profiles.map((p) => [`sectors/${p}`, Buffer.from(`${dataBytesOf(p) / 512n}`)])),
    count: Buffer.from(`${corpus.length}`),
  }
  const script = await readFile(join(import.meta.dirname, 'stock/luks2.sh'), 'utf8')
  const kept = disks.map((file) => ({ file, writes: 'keep' as const }))
  return runStock(release, script, files, kept, scratch)
}

for (const [release, version] of [
  ['bookworm', 'cryptsetup 2.6.1'],
  ['trixie', 'cryptsetup 2.7.5'],
] as const)
  test(`${version} of Debian's ${release} and we open what the other makes`, async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-luks2-'))
    try {
      const { facts } = await runLuks2(release, scratch)
      const fact = (name: string): string => facts.get(name) ?? `no fact ${name}`
      assert.ok(fact('version').startsWith(version), fact('version'))
      for (const profile of profiles) {
        assert.match(fact(`dump ${profile}`), /^0 LUKS header information Version:\s+2 /)
        assert.match(
          fact(`dump ${profile}`),
          /\s0: cvmboot\s+Keyslot:\s+0\s+1: cvmboot-owner\s+Keyslot:\s+1\s/,
        )
        assert.not.match(fact(`dump ${profile}`), /WARNING|[Ii]nvalid|[Rr]epair/)
        assert.is(fact(`repair ${profile}`), '0')
        assert.is(fact(`open ${profile}`), '0')
        assert.is(fact(`we read ${profile}`), 'written by cryptsetup')
        assert.is(fact(`owner reads ${profile}`), 'written by cvmboot')
        assert.is(fact(`header ${profile}`), 'same')

        // Letter for letter what was asked for, and what cryptsetup asks for but for the name of the key.
        const [partition = '', below = partition] = fact(`dev ${profile}`).split(' ')
        const ours = `0 ${fact(`our table ${profile}`).split(' ')[1]} crypt ${lines[profile].replace('DEV', below)}`
        assert.is(fact(`our table ${profile}`), ours)
        assert.is(fact(`stock table ${profile}`), ours.replace(/cvmboot:[a-z-]+/, `cryptsetup:${uuid}-d0`))
        if (profile === 'xts') continue
        const integrity = fact(`our integrity ${profile}`)
        assert.equal(parseIntegrityTable(integrity.replace(/^0 \d+ integrity /, '')), {
          data: partition,
          offset,
          journalSections,
        })
        assert.is(fact(`stock integrity ${profile}`), integrity)
        // This kernel made of zeroes what we expect of it, and use does not change it.
        const disk = await readFile(join(scratch, 'vdb'))
        assert.equal(
          disk.subarray(dataOffset, dataOffset + superblockBytes),
          printIntegritySuperblock(superblock),
        )
      }

      for (const [profile, disk] of [
        ['xts', 'vdc'],
        ['xts-hmac', 'vdd'],
      ] as const) {
        assert.match(fact(`luksFormat ${profile}`), /^0/)
        const bytes = await readFile(join(scratch, disk))
        const luks2 = parseLuks2(bytes, 'workspace', profile)
        const key = openLuks2(luks2, 'workspace', 0, tee.passphrase)
        if (profile !== 'xts') continue
        const content = decryptSectors(key, bytes.subarray(dataOffset, dataOffset + 8 * 4096), 0n)
        const text = content.toString('latin1')
        assert.match(text.slice(0, 4096), /^written by cryptsetup\n\0+$/)
        assert.match(text.slice(5 * 4096, 6 * 4096), /^and further on\n\0+$/)
        // Nobody wrote the rest: its zeroes on the disk are noise, and never content that a host could choose.
        assert.ok(new Set(content.subarray(6 * 4096)).size > 200)
      }

      // The oracle knows both answers: a good header gives cipher text, a null cipher what the guest wrote.
      assert.is(fact('hostile 0'), 'encrypted')
      assert.equal(
        Object.fromEntries(hostile.map(({ name }, i) => [name, fact(`hostile ${i + 1}`)])),
        Object.fromEntries(hostile.map(({ name }) => [name, outcomes[name]])),
      )
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  })

test.run()
