// A unified kernel image as small as one can be: its hashes, its events and the registers, written out here once more from the
// specifications.

import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { accessBuffer } from '../../../src/machine/random-access.ts'
import { pcr4, pcr7, pcr9, pcr11, pcr12 } from '../../../src/measure/pcr.ts'
import { authenticode } from '../../../src/measure/program.ts'
import { directRtmr1, directRtmr2, type Prediction, ukiRtmr1, ukiRtmr2 } from '../../../src/measure/rtmr.ts'
import { stubCmdline, stubVersion } from '../../../src/measure/stub.ts'
import { readUki } from '../../../src/measure/uki.ts'
import { both, type Known } from '../../../src/measure/uki-events.ts'
import { efiProgram } from '../../with/efi-program.ts'
import { refused } from '../../with/refused.ts'

const hash = (bank: string, ...parts: (Buffer | string)[]): Buffer => {
  const sum = createHash(bank)
  for (const part of parts) sum.update(part)
  return sum.digest()
}
const extend = (bank: string, events: readonly Buffer[]): string =>
  events
    .reduce<Buffer>((before, event) => hash(bank, before, event), Buffer.alloc(bank === 'sha256' ? 32 : 48))
    .toString('hex')

const known = (found: Known<readonly Prediction[]>): readonly string[] =>
  'known' in found ? found.known.map(({ value }) => value.toString('hex')) : [found.unknown]

const signatureAt = 0x80
const optionalAt = signatureAt + 24

/** Headers without checksum and without the place of the signatures, then all sections. */
const naive = (bank: string, image: Buffer): Buffer =>
  hash(
    bank,
    image.subarray(0, optionalAt + 64),
    image.subarray(optionalAt + 68, optionalAt + 144),
    image.subarray(optionalAt + 152),
  )

const kernel = efiProgram([{ name: '.text', bytes: 700, stored: 700 }])

type Content = readonly (readonly [name: string, content: Buffer, room?: number])[]

/** A program whose sections hold these bytes, and room behind them in memory. */
const program = (contents: Content): Buffer => {
  const image = efiProgram(
    contents.map(([name, { length }, room = 0]) => ({ name, bytes: length + room, stored: length })),
  )
  let at = 1024
  for (const [, content] of contents) {
    content.copy(image, at)
    at += content.length
  }
  return image
}

const cmdline = Buffer.from('console=ttyS0\n quiet \n')
const osrel = Buffer.from('ID=x\nIMAGE_ID=oem\nIMAGE_VERSION=1\n')
const initrd = Buffer.from('an initramfs of 25 bytes.')

const image = (version: string, more: Content = []): Buffer =>
  program([
    ['.sbat', Buffer.from('sbat,1')],
    ['.sdmagic', Buffer.from(`#### LoaderInfo: systemd-stub ${version} ####\0`)],
    ['.osrel', osrel],
    ['.uname', Buffer.from('6.12')],
    ['.cmdline', cmdline],
    ['.initrd', initrd],
    ['.linux', kernel, 300],
    ...more,
  ])
const ukiOf = (version: string, more: Content = []) => readUki(accessBuffer(image(version, more)))

test('the Authenticode hash leaves out the checksum, the signatures and their place, in both banks', () => {
  const plain = image('257.1')
  const found = authenticode(accessBuffer(plain))
  assert.equal(found, { sha256: naive('sha256', plain), sha384: naive('sha384', plain) })
  const signed = Buffer.concat([plain, Buffer.alloc(64, 0xaa)])
  signed.writeUInt32LE(plain.length, optionalAt + 144)
  signed.writeUInt32LE(64, optionalAt + 148)
  signed.writeUInt32LE(0x1234_5678, optionalAt + 64)
  assert.equal(authenticode(accessBuffer(signed)), found)
  const changed = Buffer.from(plain)
  changed.writeUInt8(7, plain.length - 1)
  assert.not.equal(authenticode(accessBuffer(changed)), found)
})

test('bytes behind the sections are hashed too', () => {
  const longer = Buffer.concat([image('257.1'), Buffer.from('tail')])
  assert.equal(authenticode(accessBuffer(longer)), {
    sha256: naive('sha256', longer),
    sha384: naive('sha384', longer),
  })
})

test('signatures that claim more than there is, and headers that do, are no hash', () => {
  const claims = (at: number, value: number): unknown => {
    const bytes = image('257.1')
    bytes.writeUInt32LE(value, at)
    return authenticode(accessBuffer(bytes))
  }
  assert.match(`${claims(optionalAt + 148, 0xffff_fff0)}`, /claim more bytes/)
  assert.match(`${claims(optionalAt + 60, 0xffff_fff0)}`, /headers claim/)
  assert.match(`${claims(optionalAt + 60, 0)}`, /headers claim/)
})

const actions = {
  calling: 'Calling EFI Application from Boot Option',
  exit: ['Exit Boot Services Invocation', 'Exit Boot Services Returned with Success'],
} as const
const separator = Buffer.alloc(4)
/** As loaded: the kernel has room behind it. */
const kernelLoaded = Buffer.concat([kernel, Buffer.alloc(300)])

const sectionsOf = (bank: string, names: readonly string[]): Buffer[] =>
  names.flatMap((name) => {
    const content = new Map<string, Buffer>([
      ['.linux', kernelLoaded],
      ['.osrel', osrel],
      ['.cmdline', cmdline],
      ['.initrd', initrd],
      ['.uname', Buffer.from('6.12')],
      ['.sbat', Buffer.from('sbat,1')],
    ]).get(name)
    return content === undefined ? [] : [hash(bank, `${name}\0`), hash(bank, content)]
  })
const all = ['.linux', '.osrel', '.cmdline', '.initrd', '.uname', '.sbat']

test('PCR 4: action, separator, image, and the kernel in it where the stub has the firmware load it', () => {
  const start = (version: string) => [
    hash('sha256', actions.calling),
    hash('sha256', separator),
    naive('sha256', image(version)),
  ]
  const inner = naive('sha256', kernelLoaded)
  assert.equal(known(pcr4(ukiOf('257.13-1'))), [extend('sha256', [...start('257.13-1'), inner])])
  assert.equal(known(pcr4(ukiOf('262.1-1'))), [extend('sha256', start('262.1-1'))])
  // It is not known when it changed: both values.
  assert.equal(known(pcr4(ukiOf('259'))), [
    extend('sha256', [...start('259'), inner]),
    extend('sha256', start('259')),
  ])
})

test('PCR 11: each section by name and content as loaded, in the order of the stub, then the phases', () => {
  const names = ['enter-initrd', 'leave-initrd', 'sysinit', 'ready']
  const expect = (sections: readonly string[]) =>
    [0, 1, 2, 3, 4].map((count) =>
      extend('sha256', [
        ...sectionsOf('sha256', sections),
        ...names.slice(0, count).map((name) => hash('sha256', name)),
      ]),
    )
  assert.equal(known(pcr11(ukiOf('257.1'))), expect(all))
  // Version 252 leaves out two of them.
  assert.equal(known(pcr11(ukiOf('252.39'))), expect(all.slice(0, 4)))
  assert.match(
    known(pcr11(ukiOf('253')))[0] ?? '',
    /^it is not known which sections systemd-stub 253 measures$/,
  )
})

/** The file header of "new ASCII" cpio, with the fields that the stub sets. */
const newc = (inode: number, mode: string, bytes: number, name: string): string => {
  const eight = (value: number) => value.toString(16).padStart(8, '0')
  const zero = '0'.repeat(8)
  const head = `070701${eight(inode)}${mode}${zero}${zero}00000001${zero}${eight(bytes)}${zero.repeat(4)}${eight(name.length + 1)}${zero}`
  return `${head}${name}\0`.padEnd(Math.ceil((head.length + name.length + 1) / 4) * 4, '\0')
}

test('PCR 9: the command line as the kernel gets it, and the initramfs with the archive of the os-release behind it', () => {
  const line = hash('sha256', Buffer.from('console=ttyS0  quiet\0', 'utf16le'))
  assert.equal(known(pcr9(ukiOf('252.39'))), [extend('sha256', [line, hash('sha256', initrd)])])
  const archive = [
    newc(1, '0000416d', 0, '.extra'),
    newc(2, '00008124', osrel.length, '.extra/os-release'),
    osrel,
    Buffer.alloc((4 - (osrel.length % 4)) % 4),
    newc(0, '00000000', 0, 'TRAILER!!!').replace('0000000b', '0000000B'),
  ]
  const whole = hash('sha256', initrd, Buffer.alloc(3), ...archive)
  assert.equal(known(pcr9(ukiOf('257.1'))), [extend('sha256', [line, whole])])
  assert.match(known(pcr9(ukiOf('262.1')))[0] ?? '', /not known which files/)
  assert.equal(
    pcr12().map(({ value }) => value.toString('hex')),
    ['0'.repeat(64)],
  )
})

test('RTMR 1 and 2 of the image: from QEMU, and from a disk with and without a GPT', () => {
  const parts = [naive('sha384', image('257.1')), naive('sha384', kernelLoaded)]
  const [first = Buffer.alloc(0), inner = Buffer.alloc(0)] = parts
  const exit = actions.exit.map((text) => hash('sha384', text))
  const start = [hash('sha384', actions.calling), hash('sha384', separator)]
  const uki = ukiOf('257.1')
  assert.equal(known(ukiRtmr1(uki, undefined)), [
    extend('sha384', [first, ...start, inner, ...exit]),
    extend('sha384', [...start, first, inner, ...exit]),
  ])
  const gpt = both(Buffer.from('a partition table'))
  assert.is(known(ukiRtmr1(uki, gpt))[1], extend('sha384', [...start, gpt.sha384, first, inner, ...exit]))
  const line = hash('sha384', Buffer.from('console=ttyS0  quiet\0', 'utf16le'))
  assert.equal(known(ukiRtmr2(ukiOf('252.1'))), [extend('sha384', [line, hash('sha384', initrd)])])
})

/** A kernel for QEMU: an EFI program with a setup header of boot protocol 2.15. */
const bzImage = (): Buffer => {
  const bytes = efiProgram([{ name: '.text', bytes: 4096, stored: 4096 }])
  bytes.write('HdrS', 0x202, 'latin1')
  bytes.writeUInt16LE(0x20f, 0x206)
  bytes.writeUInt8(1, 0x211)
  bytes.writeUInt16LE(0x7f, 0x236)
  return bytes
}

test('RTMR 1 of a direct boot: the kernel as it is, and as an older QEMU changes its header', () => {
  const as = (bytes: Buffer) =>
    extend('sha384', [
      naive('sha384', bytes),
      hash('sha384', actions.calling),
      hash('sha384', separator),
      ...actions.exit.map((text) => hash('sha384', text)),
    ])
  const changed = bzImage()
  changed.writeUInt8(0xb0, 0x210)
  changed.writeUInt8(0x81, 0x211)
  changed.writeUInt16LE(0xfe00, 0x224)
  changed.writeUInt32LE(0x2_0000, 0x228)
  // 2 GiB less what QEMU keeps for ACPI, less the initramfs, down to a page.
  changed.writeUInt32LE(0x7ffd_7000 - 0x10_0000, 0x218)
  changed.writeUInt32LE(0x10_0000, 0x21c)
  assert.equal(known(directRtmr1(accessBuffer(bzImage()), 0x10_0000)), [as(bzImage()), as(changed)])
  assert.equal(known(directRtmr1(accessBuffer(kernel), 100)), [as(kernel)])
  assert.equal(known(directRtmr1(accessBuffer(Buffer.from('not a kernel')), 0)), [
    'the kernel: it is no EFI program',
  ])
})

test('RTMR 2 of a direct boot: the firmware adds initrd=initrd before or behind the words', () => {
  const digests = both(initrd)
  const line = (text: string) => hash('sha384', Buffer.from(`${text}\0`, 'utf16le'))
  const values = (predictions: readonly Prediction[]) => predictions.map(({ value }) => value.toString('hex'))
  assert.equal(values(directRtmr2('a=1 b', digests)), [
    extend('sha384', [line('initrd=initrd a=1 b'), digests.sha384]),
    extend('sha384', [line('a=1 b initrd=initrd'), digests.sha384]),
  ])
  assert.equal(values(directRtmr2('a=1', undefined)), [extend('sha384', [line('a=1')])])
  assert.equal(values(directRtmr2('', undefined)), ['0'.repeat(96)])
})

const guid = (bytes: string): Buffer => Buffer.from(bytes, 'hex')
const globals = guid('61dfe48bca93d211aa0d00e098032b8c')
const security = guid('cbb219d73a3d9645a3bcdad00e67656f')
const variable = (owner: Buffer, name: string, data: Buffer): Buffer => {
  const sizes = Buffer.alloc(16)
  sizes.writeUInt32LE(name.length, 0)
  sizes.writeUInt32LE(data.length, 8)
  return Buffer.concat([owner, sizes, Buffer.from(name, 'utf16le'), data])
}
const signatures = (certificates: readonly Buffer[]): Buffer =>
  Buffer.concat(
    certificates.map((certificate) => {
      const sizes = Buffer.alloc(12)
      sizes.writeUInt32LE(28 + certificate.length, 0)
      sizes.writeUInt32LE(certificate.length, 8)
      return Buffer.concat([guid('a159c0a5e494a74a87b5ab155c2bf072'), sizes, certificate])
    }),
  )

test('PCR 7: the variables of Secure Boot, a separator, and the entry of db that the image was signed with', () => {
  const [one, two] = [Buffer.alloc(100, 1), Buffer.alloc(90, 2)]
  const db = signatures([one, two])
  const [pk, kek, dbx] = [Buffer.from('pk'), Buffer.from('kek'), Buffer.alloc(0)]
  const before = (on: number) => [
    ...[
      variable(globals, 'SecureBoot', Buffer.from([on])),
      variable(globals, 'PK', pk),
      variable(globals, 'KEK', kek),
      variable(security, 'db', db),
      variable(security, 'dbx', dbx),
    ].map((bytes) => hash('sha256', bytes)),
    hash('sha256', separator),
  ]
  assert.equal(known(pcr7({ enabled: 'no', pk, kek, db, dbx })), [extend('sha256', before(0))])
  assert.equal(
    known(pcr7({ enabled: 'yes', pk, kek, db, dbx })),
    [one, two].map((entry) =>
      extend('sha256', [...before(1), hash('sha256', variable(security, 'db', entry))]),
    ),
  )
  for (const [bad, reason] of [
    [db.subarray(0, -1), /no list of EFI signatures/],
    [db.fill(0xff, 16, 20), /no list of EFI signatures/],
    [Buffer.alloc(28), /no list of EFI signatures/],
    [Buffer.alloc(0), /no certificate/],
  ] as const)
    assert.match(known(pcr7({ enabled: 'yes', pk, kek, db: Buffer.from(bad), dbx }))[0] ?? '', reason)
})

test('stubs: the version in .sdmagic, and the command line without blanks around it', () => {
  assert.is(stubVersion('#### LoaderInfo: systemd-stub 257.13-1~deb13u1 ####'), 257)
  for (const other of ['', '#### LoaderInfo: systemd-boot 257 ####', 'systemd-stub 257'])
    assert.is(stubVersion(other), undefined)
  assert.is(stubCmdline(Buffer.from('  a\tb\n\0hidden')), 'a b')
  assert.is(stubCmdline(Buffer.alloc(0)), '')
})

test('an image of another stub: the reason is there in place of each value', () => {
  const uki = readUki(
    accessBuffer(
      program([
        ['.linux', kernel],
        ['.cmdline', cmdline],
      ]),
    ),
  )
  for (const found of [pcr4(uki), pcr9(uki), pcr11(uki), ukiRtmr1(uki, undefined), ukiRtmr2(uki)])
    assert.match(known(found)[0] ?? '', /stub/)
})

const refusals: readonly (readonly [string, RegExp, Buffer])[] = [
  ['nothing', /no EFI program/, Buffer.alloc(0)],
  ['a text', /no EFI program/, Buffer.alloc(2000, 'text')],
  ['a program without a section', /its sections are cut off/, efiProgram([])],
  ['a program without a kernel', /no section \.linux/, program([['.osrel', osrel]])],
  ['an image with profiles', /several profiles/, image('257.1', [['.profile', Buffer.from('ID=main')]])],
  ['an image that is cut off', /ends after the file/, image('257.1').subarray(0, -1)],
  [
    'sections of gigabytes',
    /claim [0-9]+ bytes of memory/,
    efiProgram([
      { name: '.linux', bytes: 0x3000_0000, stored: 10 },
      { name: '.initrd', bytes: 0x3000_0000, stored: 10 },
    ]),
  ],
]
for (const [what, reason, bytes] of refusals)
  test(`${what} is refused`, () => refused('measure-uki', reason, () => readUki(accessBuffer(bytes))))

test('a section of text that is too long is refused before it is read', () =>
  refused('measure-uki', /at most 65536 are read/, () =>
    pcr9(
      readUki(
        accessBuffer(
          program([
            ['.sdmagic', Buffer.from('#### LoaderInfo: systemd-stub 257 ####')],
            ['.linux', kernel],
            ['.cmdline', Buffer.alloc(70_000, 'a')],
          ]),
        ),
      ),
    ),
  ))

test.run()
