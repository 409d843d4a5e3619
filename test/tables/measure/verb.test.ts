// The verb `measure` on files: the values of an independent tool, each bad input with its code, and a check that notices
// changes.

import { generateKeyPairSync } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { production } from '../../../src/editions/production.ts'
import { type MeasureOptions, measureImage } from '../../../src/manifest/measure.ts'
import { parseManifest } from '../../../src/measure/manifest.ts'
import { fileType, printEntry, printTrailer } from '../../../src/pack/cpio.ts'
import { configPath } from '../../../src/system/initramfs.ts'
import { goodCmdline, hashes } from '../../fake/machine.ts'
import { efiProgram } from '../../with/efi-program.ts'
import { refused } from '../../with/refused.ts'
import { siteCmdline } from '../../with/site.ts'
import { suite } from '../../with/suite.ts'
import { inputs, vectors } from './inputs.ts'

type Desk = { directory: string }
const test = suite<Desk>('measure')

test.before((desk) => {
  desk.directory = mkdtempSync(join(tmpdir(), 'cvmboot-measure-'))
  for (const [name, bytes] of Object.entries(inputs)) writeFileSync(join(desk.directory, name), bytes)
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

const nothing: MeasureOptions = {
  firmware: [],
  kernel: undefined,
  initramfs: undefined,
  cmdline: undefined,
  uki: undefined,
  disk: undefined,
  vcpus: undefined,
  'vcpu-type': undefined,
  'guest-features': undefined,
  policy: undefined,
  'family-id': undefined,
  'image-id': undefined,
  'guest-svn': undefined,
  'id-key': undefined,
  'author-key': undefined,
  'secure-boot': undefined,
  pk: undefined,
  kek: undefined,
  db: undefined,
  dbx: undefined,
  'event-log': undefined,
  format: undefined,
  json: false,
  output: undefined,
  check: undefined,
  providers: production.providers,
}

/** What it prints. */
const printedBy = async (options: Partial<MeasureOptions>): Promise<string> => {
  const { write } = process.stdout
  let text = ''
  process.stdout.write = (chunk: string | Uint8Array) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1')
    return true
  }
  try {
    await measureImage({ ...nothing, ...options })
  } finally {
    process.stdout.write = write
  }
  return text
}

const manifestBy = async (options: Partial<MeasureOptions>) =>
  parseManifest(await printedBy({ ...options, json: true }), 'printed')

/** A direct boot of the vectors' kernel and initramfs. */
const direct = ({ directory }: Desk): Partial<MeasureOptions> => ({
  firmware: [join(directory, 'amdsev-2m.fd')],
  kernel: join(directory, 'kernel.bin'),
  initramfs: join(directory, 'initrd.bin'),
  cmdline: 'console=ttyS0',
})

test('the launch digests of the vectors, and the refusals', async ({ directory }) => {
  const at = (name: string | null) => (name === null ? undefined : join(directory, name))
  for (const { firmware, vcpus, vcpu_type, kernel, initrd, append, guest_features, digest } of vectors) {
    const options = {
      firmware: [join(directory, firmware)],
      kernel: at(kernel),
      initramfs: kernel === null ? undefined : at(initrd),
      cmdline: kernel === null ? undefined : (append ?? undefined),
      vcpus: `${vcpus}`,
      'vcpu-type': vcpu_type,
      'guest-features': guest_features,
    }
    if (digest.startsWith('error'))
      await refused('measure-firmware', /hashes of a kernel|SEV metadata/, () => printedBy(options))
    else assert.is((await manifestBy(options)).snp[0]?.digest, digest)
  }
})

test('four types and eight counts: one row each, within three seconds', async (desk) => {
  const options = {
    ...direct(desk),
    vcpus: '1,2,4,8,16,32,64,128',
    'vcpu-type': 'EPYC-v4,EPYC-Milan,EPYC-Genoa,EPYC-Turin',
  }
  const started = performance.now()
  const { snp } = await manifestBy(options)
  const seconds = (performance.now() - started) / 1000
  assert.is(snp.length, 32)
  assert.is(new Set(snp.map(({ digest }) => digest)).size, 32)
  // Three seconds are for an idle machine.
  assert.ok(seconds < 12, `${seconds} s`)
})

test('without a kernel the firmware alone is measured, and the manifest says so', async ({ directory }) => {
  const { snp, notes, inputs: given } = await manifestBy({ firmware: [join(directory, 'amdsev-4m.fd')] })
  assert.is(snp.length, 1)
  assert.is(given.kernel, null)
  assert.match(notes.join(), /no kernel is given/)
})

test('a command line that the boot would refuse is a note, and changes the digest', async (desk) => {
  const one = await manifestBy(direct(desk))
  const other = await manifestBy({ ...direct(desk), cmdline: 'init=/bin/sh' })
  assert.not.equal(one.snp[0]?.digest, other.snp[0]?.digest)
  for (const { notes, boot } of [one, other]) {
    assert.match(notes.join(), /the boot would refuse this/)
    assert.is(boot?.planDigest, null)
  }
})

/** An initramfs that has an empty configuration and nothing else. */
const configuredInitramfs = (): Buffer => {
  const path = configPath.slice(1)
  return Buffer.concat([printEntry({ path, mode: fileType.file | 0o644, bytes: 0 }, 1), printTrailer()])
}

test('a fleet has one plan digest, and no root hash of the volume that the launch names', async (desk) => {
  const initramfs = join(desk.directory, 'configured.bin')
  writeFileSync(initramfs, configuredInitramfs())
  const bootBy = async (cmdline: string) => {
    const { boot } = await manifestBy({ ...direct(desk), initramfs, cmdline })
    return boot
  }
  const { 'os-config': _, ...others } = hashes
  const ofFleet = await bootBy(siteCmdline)
  assert.is(ofFleet?.refused, null)
  assert.equal(ofFleet?.rootHashes, others)
  assert.equal((await bootBy(goodCmdline))?.rootHashes, hashes)
})

test('a file with the command line counts without its line feed, as a shell hands it on', async (desk) => {
  const file = join(desk.directory, 'cmdline')
  writeFileSync(file, 'console=ttyS0\n')
  const [one, other] = [
    await manifestBy(direct(desk)),
    await manifestBy({ ...direct(desk), cmdline: `@${file}` }),
  ]
  assert.is(one.snp[0]?.digest, other.snp[0]?.digest)
  writeFileSync(file, Buffer.from([0xff, 0xfe]))
  await refused('measure-input', /UTF-8/, () => printedBy({ ...direct(desk), cmdline: `@${file}` }))
})

test('a check is equal for the same files, names aside, and names what has changed', async (desk) => {
  const { directory } = desk
  const manifest = join(directory, 'manifest.json')
  const options = { ...direct(desk), vcpus: '1,2', 'vcpu-type': 'EPYC-v4,EPYC-Genoa' }
  const said = await printedBy({
    ...options,
    output: manifest,
    'family-id': 'ab'.repeat(16),
    'guest-svn': '4',
  })
  assert.match(said, /SEV-SNP launch digests/)
  const renamed = join(directory, 'renamed')
  writeFileSync(renamed, readFileSync(join(directory, 'initrd.bin')))
  assert.match(
    await printedBy({ ...direct(desk), initramfs: renamed, check: manifest }),
    /^equal: all [0-9]+ values/,
  )
  writeFileSync(renamed, 'another initramfs')
  await refused('measure-differs', /inputs\.initramfs\.bytes is 17 instead of 65537.*and [0-9]+ more/, () =>
    printedBy({ ...direct(desk), initramfs: renamed, check: manifest }),
  )
  await refused('measure-differs', /cmdline/, () =>
    printedBy({ ...direct(desk), cmdline: 'console=ttyS1', check: manifest }),
  )
})

test('--output replaces a link that somebody else made, and writes nothing to the target of the link', async (desk) => {
  const [target, output] = ['target', 'linked.json'].map((name) => join(desk.directory, name))
  assert.ok(target !== undefined && output !== undefined)
  writeFileSync(target, 'kept')
  symlinkSync(target, output)
  await printedBy({ ...direct(desk), output })
  assert.is(readFileSync(target, 'utf8'), 'kept')
  assert.ok(lstatSync(output).isFile())
  parseManifest(readFileSync(output, 'utf8'), output)
})

test('a check of a manifest with signatures needs no key', async (desk) => {
  const key = join(desk.directory, 'key.pem')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  writeFileSync(key, privateKey.export({ type: 'sec1', format: 'pem' }))
  const manifest = join(desk.directory, 'signed.json')
  await printedBy({ ...direct(desk), 'id-key': key, 'author-key': key, output: manifest })
  assert.match(await printedBy({ ...direct(desk), check: manifest }), /^equal/)
  const { snp } = parseManifest(readFileSync(manifest, 'utf8'), manifest)
  assert.is(Buffer.from(snp[0]?.idAuth ?? '', 'base64').length, 4096)
})

test('PCR 7 without Secure Boot, and with a list of signatures that is none', async ({ directory }) => {
  const uki = join(directory, 'image.efi')
  writeFileSync(uki, efiProgram([{ name: '.linux', bytes: 100, stored: 100 }]))
  const off = await manifestBy({ uki, 'secure-boot': 'off' })
  // What OVMF of Debian 12 measures where no keys are enrolled; read from a swtpm.
  assert.is(off.tpm.pcr7[0]?.value, '65caf8dd1e0ea7a6347b635d2b379c93b9a1351edc2afc3ecda700e534eb3068')
  const on = await manifestBy({ uki, 'secure-boot': 'on', db: uki })
  assert.equal(on.tpm.pcr7, [])
  assert.match(on.notPredicted.find(({ value }) => value === 'pcr7')?.why ?? '', /no list of EFI signatures/)
})

test('an event log is replayed beside the rest', async () => {
  const log = join(import.meta.dirname, 'vectors/ccel-cos-113.bin')
  const { eventLog } = await manifestBy({ 'event-log': log })
  assert.is(eventLog?.kind, 'tdx')
  assert.ok(eventLog?.registers['rtmr0']?.startsWith('a4de2df23e961129'))
})

test('the formats of others', async (desk) => {
  assert.is(JSON.parse(await printedBy({ ...direct(desk), format: 'rvps' })).type, 'sample')
  assert.match(await printedBy({ ...direct(desk), format: 'rego' }), /^package policy/)
  assert.ok((await printedBy({ ...direct(desk), format: 'corim' })).startsWith('\xd9\x01\xf5'))
})

type Bad = readonly [
  what: string,
  code: string,
  reason: RegExp,
  change: (desk: Desk) => Partial<MeasureOptions>,
]

const bad: readonly Bad[] = [
  ['no file at all', 'usage', /measure needs --firmware FILE/, () => ({})],
  [
    'a firmware without metadata',
    'measure-firmware',
    /no table of GUIDs/,
    ({ directory }) => ({ firmware: [join(directory, 'empty.fd')] }),
  ],
  [
    'a firmware that is cut off',
    'measure-firmware',
    /no multiple of 4096/,
    ({ directory }) => ({ firmware: [join(directory, 'cut.fd')] }),
  ],
  [
    'a directory as a firmware',
    'measure-input',
    /no regular file/,
    ({ directory }) => ({ firmware: [directory] }),
  ],
  [
    'a device as a kernel',
    'measure-input',
    /no regular file/,
    (desk) => ({ ...direct(desk), kernel: '/dev/zero' }),
  ],
  [
    'a kernel that is not there',
    'measure-input',
    /no such file/i,
    (desk) => ({ ...direct(desk), kernel: join(desk.directory, 'none') }),
  ],
  [
    'no processor',
    'measure-range',
    /--vcpus 0: it takes a number from 1 to 4096/,
    (desk) => ({ ...direct(desk), vcpus: '1,0' }),
  ],
  ['10,000 processors', 'measure-range', /--vcpus 10000/, (desk) => ({ ...direct(desk), vcpus: '10000' })],
  ['a count in words', 'measure-range', /--vcpus two/, (desk) => ({ ...direct(desk), vcpus: 'two' })],
  ['an empty list', 'measure-range', /--vcpus/, (desk) => ({ ...direct(desk), vcpus: '' })],
  [
    'a million combinations',
    'measure-range',
    /combinations/,
    (desk) => ({ ...direct(desk), vcpus: Array.from({ length: 5000 }, () => '1').join() }),
  ],
  [
    'a type that nobody knows',
    'measure-cpu',
    /EPYC-Genao: it is none of .*; did you mean EPYC-Genoa\?/,
    (desk) => ({ ...direct(desk), 'vcpu-type': 'EPYC-Genao' }),
  ],
  [
    'features without SEV-SNP',
    'measure-range',
    /--guest-features 0x2/,
    (desk) => ({ ...direct(desk), 'guest-features': '0x2' }),
  ],
  [
    'features in decimal',
    'measure-range',
    /--guest-features 1/,
    (desk) => ({ ...direct(desk), 'guest-features': '1' }),
  ],
  [
    'a policy without its reserved bit',
    'measure-range',
    /--policy 0x10000/,
    (desk) => ({ ...direct(desk), policy: '0x10000' }),
  ],
  [
    'a family of 3 bytes',
    'measure-range',
    /--family-id/,
    (desk) => ({ ...direct(desk), 'family-id': 'abcdef' }),
  ],
  [
    'a version of 33 bits',
    'measure-range',
    /--guest-svn/,
    (desk) => ({ ...direct(desk), 'guest-svn': '4294967296' }),
  ],
  [
    'a key that is none',
    'measure-key',
    /no private key/,
    (desk) => ({ ...direct(desk), 'id-key': join(desk.directory, 'empty.fd') }),
  ],
  [
    'an image without a kernel',
    'measure-uki',
    /no section \.linux/,
    ({ directory }) => ({ uki: join(directory, 'sectionless.efi') }),
  ],
  [
    'an event log that is none',
    'measure-event-log',
    /does not begin/,
    ({ directory }) => ({ 'event-log': join(directory, 'kernel.bin') }),
  ],
  [
    'a manifest that is none',
    'measure-manifest',
    /it is not JSON/,
    (desk) => ({ ...direct(desk), check: join(desk.directory, 'kernel.bin') }),
  ],
  ['two formats', 'usage', /exclude each other/, (desk) => ({ ...direct(desk), json: true, format: 'rvps' })],
  [
    'a check that prints',
    'usage',
    /--check prints no manifest/,
    (desk) => ({ ...direct(desk), json: true, check: 'x' }),
  ],
  [
    'a file that cannot be written',
    'measure-output',
    /cannot write/,
    (desk) => ({ ...direct(desk), output: desk.directory }),
  ],
  [
    'variables of EFI of 2 MiB',
    'input-too-large',
    /EFI signatures/,
    ({ directory }) => ({
      uki: join(directory, 'x'),
      'secure-boot': 'on',
      db: join(directory, 'amdsev-2m.fd'),
    }),
  ],
]

for (const [what, code, reason, options] of bad)
  test(`${what}: ${code}`, async (desk) => {
    writeFileSync(join(desk.directory, 'empty.fd'), Buffer.alloc(8192))
    writeFileSync(join(desk.directory, 'cut.fd'), (inputs['amdsev-2m.fd'] ?? Buffer.alloc(0)).subarray(1))
    writeFileSync(
      join(desk.directory, 'sectionless.efi'),
      efiProgram([{ name: '.text', bytes: 10, stored: 10 }]),
    )
    mkdirSync(join(desk.directory, 'directory'), { recursive: true })
    await refused(code, reason, () => printedBy(options(desk)))
  })

test.run()
