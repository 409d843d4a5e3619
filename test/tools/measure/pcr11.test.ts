// PCR 11 after each phase against systemd-measure of this machine, which knows the sections that its own stub measures.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { run } from '../../../src/machine/exec.ts'
import { pcr11, phases } from '../../../src/measure/pcr.ts'
import { ofBuffer } from '../../../src/measure/piece.ts'
import { readUki } from '../../../src/measure/uki.ts'
import { makers } from '../../../src/pack/uki-make.ts'
import { suite } from '../../with/suite.ts'

type Desk = { directory: string }
const test = suite<Desk>('PCR 11')

const stub = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub'

test.before((desk) => {
  desk.directory = mkdtempSync(join(tmpdir(), 'cvmboot-pcr11-'))
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

const contents = {
  '.osrel': Buffer.from('ID=x\nIMAGE_ID=oem\nIMAGE_VERSION=1\n'),
  '.uname': Buffer.from('6.12'),
  '.cmdline': Buffer.from('console=ttyS0 quiet'),
  '.initrd': Buffer.alloc(100_003, 'initramfs'),
  '.linux': Buffer.alloc(200_001, 'kernel'),
} as const

test('the register after each phase is that of systemd-measure', async ({ directory }) => {
  const part = (name: keyof typeof contents) => {
    const file = join(directory, name)
    writeFileSync(file, contents[name])
    return { file, bytes: contents[name].length }
  }
  const parts = {
    '.osrel': part('.osrel'),
    '.uname': part('.uname'),
    '.cmdline': part('.cmdline'),
    '.initrd': part('.initrd'),
    '.linux': part('.linux'),
  }
  const image = await makers.objcopy({ tool: 'objcopy', stub, parts, signing: undefined, directory })
  const uki = readUki(ofBuffer(readFileSync(image)))
  // The sections as they lie in the image: the tool that joins them may pad one.
  const sections = [
    'linux',
    'osrel',
    'cmdline',
    'initrd',
    ...((uki.version ?? 0) >= 255 ? ['uname', 'sbat'] : []),
  ]
  for (const name of sections) {
    const section = uki.sections.get(`.${name}`)
    writeFileSync(join(directory, name), section?.read(0, section.size) ?? Buffer.alloc(0))
  }
  const said = await run('/usr/lib/systemd/systemd-measure', [
    'calculate',
    ...sections.map((name) => `--${name}=${join(directory, name)}`),
    '--bank=sha256',
    '--json=short',
  ])
  const expected: string[] = JSON.parse(said).sha256.map(({ hash }: { hash: string }) => hash)
  assert.is(expected.length, phases.length)
  const found = pcr11(uki)
  assert.equal('known' in found && found.known.slice(1).map(({ value }) => value.toString('hex')), expected)
})

test.run()
