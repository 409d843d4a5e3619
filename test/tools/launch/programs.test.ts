// The printed launches, read by the programs that they are for: libvirt's own schema, and the option parser of QEMU. Neither needs
// a chip: QEMU reads all options and objects before it finds that KVM is missing.

import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { parseCommand } from '../../../src/launch/shell-words.ts'
import { launched, manifestDirectory, manifests, printedBy } from '../../tables/launch/launched.ts'
import { sidLibvirtSchemas, sidQemu } from '../../with/debian-sid.ts'
import { pythonTool } from '../../with/python-tool.ts'
import { suite } from '../../with/suite.ts'

type Desk = { directory: string; schemas: string; lxml: string; qemu: readonly [string, ...string[]] }
const test = suite<Desk>('launch, read by libvirt and QEMU')

test.before(async (desk) => {
  desk.directory = manifestDirectory()
  desk.schemas = await sidLibvirtSchemas()
  desk.lxml = await pythonTool('lxml', 'lxml==6.0.2')
  desk.qemu = await sidQemu()
  for (const name of ['firmware', 'kernel', 'initramfs', "disk, 'a'"])
    writeFileSync(join(desk.directory, name), Buffer.alloc(65_536))
  for (const { name } of [...manifests.direct.inputs.firmware, ...manifests.signed.inputs.firmware])
    writeFileSync(join(desk.directory, name), Buffer.alloc(65_536))
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

type Case = readonly [says: string, args: (at: (name: string) => string) => readonly string[], end: RegExp]
const needsKvm = (type: string) => new RegExp(`cannot set up private guest memory for ${type}: KVM required`)

const common = (at: (name: string) => string, name: keyof typeof manifests): string[] => {
  const [firmware] = manifests[name].inputs.firmware
  const files = ['--kernel', at('kernel'), '--initramfs', at('initramfs')]
  return [
    ...['--manifest', at(`${name}.json`), '--firmware', at(firmware?.name ?? ''), '--disk', at("disk, 'a'")],
    ...(name === 'disk' ? [] : files),
  ]
}

const cases: readonly Case[] = [
  ['SEV-SNP', (at) => [...common(at, 'direct'), '--vcpus', '2'], needsKvm('sev-snp-guest')],
  [
    'SEV-SNP with host data, ID block and author key',
    (at) => [...common(at, 'signed'), '--vcpus', '1', '--host-data', 'ab'.repeat(32)],
    needsKvm('sev-snp-guest'),
  ],
  ['SEV-SNP from a disk', (at) => [...common(at, 'disk'), '--vcpus', '1'], needsKvm('sev-snp-guest')],
  ['TDX', (at) => [...common(at, 'direct'), '--tee', 'tdx'], needsKvm('tdx-guest')],
  [
    'TDX with host data',
    (at) => [...common(at, 'direct'), '--tee', 'tdx', '--host-data', 'cd'.repeat(48)],
    needsKvm('tdx-guest'),
  ],
]

const validate = `
import sys
from lxml import etree
schema = etree.RelaxNG(etree.parse(sys.argv[1]))
domain = etree.parse(sys.argv[2])
if not schema.validate(domain): sys.exit(str(schema.error_log)[-2000:])
`

const schemaSays = ({ schemas, lxml, directory }: Desk, xml: string): string => {
  const file = join(directory, 'domain.xml')
  writeFileSync(file, xml)
  const args = ['-c', validate, join(schemas, 'domain.rng'), file]
  const { status, stderr } = spawnSync('python3', args, { env: { PYTHONPATH: lxml }, encoding: 'utf8' })
  return status === 0 ? 'valid' : stderr
}

for (const [says, args] of [
  ...cases,
  ['no TEE', (at) => [...common(at, 'direct'), '--tee', 'none'], /./] as Case,
])
  test(`libvirt's schema takes the domain: ${says}`, async (desk) => {
    const at = (name: string) => `${desk.directory}/${name}`
    const xml = await printedBy([...args(at), '--for', 'libvirt'])
    assert.is(schemaSays(desk, xml), 'valid')
    assert.is.not(schemaSays(desk, xml.replace('</domain>', '<policy/></domain>')), 'valid')
  })

/** What QEMU says at last, where it does not wait for KVM: emulation takes the place of the accelerator. */
const qemuSays = ({ qemu: [program, ...first] }: Desk, command: string): string => {
  const [, ...words] = parseCommand(command)
  const changed = words.map((word, index) => (words[index - 1] === '-accel' ? 'tcg' : word))
  const { stderr } = spawnSync(program, [...first, ...changed, '-S'], { encoding: 'utf8', timeout: 60_000 })
  return stderr.trim()
}

for (const [says, args, end] of cases)
  test(`QEMU reads each option and object, and then misses KVM: ${says}`, async (desk) => {
    const command = await printedBy([...args((name) => join(desk.directory, name)), '--for', 'qemu'])
    assert.match(qemuSays(desk, command), end)
    const wrong = command.replace(/sev-snp-guest,|"tdx-guest",/, (type) =>
      type.startsWith('"') ? `${type}"nobody":"knows",` : `${type}nobody=knows,`,
    )
    assert.match(qemuSays(desk, wrong), /nobody/)
  })

test('QEMU and cvmboot refuse host data of another length', async (desk) => {
  const at = (name: string) => join(desk.directory, name)
  const args = [...common(at, 'direct'), '--vcpus', '1', '--for', 'qemu', '--host-data']
  const command = await printedBy([...args, 'ab'.repeat(32)])
  assert.match(qemuSays(desk, command.replace(/host-data=[^ ,]+/, 'host-data=AAAA')), /not equal to 32/)
  assert.is.not((await launched([...args, 'abab'])).thrown, undefined)
})

test.run()
