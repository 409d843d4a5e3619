// Launch digests of SEV-SNP against sev-snp-measure (PyPI), an implementation in Python that never saw ours: synthetic firmware
// with the tables of real builds, and the firmware of Debian sid.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as assert from 'uvu/assert'
import { parseFirmware } from '../../../src/measure/firmware.ts'
import { sha256 } from '../../../src/measure/kernel-hashes.ts'
import { launchDigest, prepareSnp } from '../../../src/measure/snp.ts'
import { inputs } from '../../tables/measure/inputs.ts'
import { sidFirmware } from '../../with/debian-sid.ts'
import { pythonTool } from '../../with/python-tool.ts'
import { suite } from '../../with/suite.ts'

type Desk = { directory: string; library: string; firmware: ReadonlyMap<string, string> }
const test = suite<Desk>('launch digests')

test.before(async (desk) => {
  desk.directory = mkdtempSync(join(tmpdir(), 'cvmboot-snp-'))
  for (const [name, bytes] of Object.entries(inputs)) writeFileSync(join(desk.directory, name), bytes)
  desk.library = await pythonTool('sev-snp-measure', 'sev-snp-measure==0.0.13')
  const { amdsev } = await sidFirmware()
  desk.firmware = new Map([
    ['OVMF.amdsev.fd of sid', amdsev],
    ...['amdsev-2m.fd', 'amdsev-4m.fd'].map((name) => [name, join(desk.directory, name)] as const),
  ])
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

type Case = {
  readonly firmware: string
  readonly vcpus: number
  readonly type: string
  readonly features: string
  readonly kernel: string | undefined
  readonly initramfs: string | undefined
  readonly cmdline: string | undefined
}

// One process computes all: the tool takes seconds to start, and hashes the firmware anew each time.
const script = `
import json, sys
from sevsnpmeasure import guest, vcpu_types
from sevsnpmeasure.sev_mode import SevMode
from sevsnpmeasure.vmm_types import VMMType
for c in json.load(sys.stdin):
    print(guest.calc_launch_digest(SevMode.SEV_SNP, c['vcpus'], vcpu_types.CPU_SIGS[c['type']], c['path'], c.get('kernel'),
        c.get('initramfs'), c.get('cmdline'), int(c['features'], 16), vmm_type=VMMType.QEMU).hex())
`

const theirs = async (
  { library, firmware, directory }: Desk,
  cases: readonly Case[],
): Promise<readonly string[]> => {
  const at = (name: string | undefined) => (name === undefined ? undefined : join(directory, name))
  const asked = cases.map((one) => ({
    ...one,
    path: firmware.get(one.firmware),
    kernel: at(one.kernel),
    initramfs: at(one.initramfs),
  }))
  const call = promisify(execFile)('python3', ['-c', script], {
    env: { ...process.env, PYTHONPATH: library },
  })
  call.child.stdin?.end(JSON.stringify(asked))
  return (await call).stdout.trim().split('\n')
}

const ours = ({ firmware }: Desk, one: Case): string => {
  const bytes = (name: string | undefined) =>
    name === undefined ? Buffer.alloc(0) : (inputs[name] ?? Buffer.alloc(0))
  const boot =
    one.kernel === undefined
      ? undefined
      : {
          kernel: sha256(bytes(one.kernel)),
          initramfs: sha256(bytes(one.initramfs)),
          cmdline: one.cmdline ?? '',
        }
  const prepared = prepareSnp(parseFirmware(readFileSync(firmware.get(one.firmware) ?? '')), boot)
  const { vcpus, type: vcpuType, features } = one
  return launchDigest(prepared, { vcpus, vcpuType, guestFeatures: BigInt(features) }).toString('hex')
}

const types = ['EPYC', 'EPYC-v4', 'EPYC-Rome', 'EPYC-Milan-v2', 'EPYC-Genoa', 'EPYC-Turin'] as const
const boots = [
  { kernel: undefined, initramfs: undefined, cmdline: undefined },
  { kernel: 'kernel.bin', initramfs: 'initrd.bin', cmdline: 'console=ttyS0 quiet' },
  { kernel: 'kernel.bin', initramfs: undefined, cmdline: undefined },
  { kernel: 'kernel.bin', initramfs: 'initrd.bin', cmdline: 'ä ö' },
] as const

/** Each value of each input meets each value of some other input. */
const cases = (firmware: string, count: number): readonly Case[] =>
  Array.from({ length: count }, (_, i) => ({
    firmware,
    vcpus: [1, 2, 3, 8, 64][i % 5] ?? 1,
    type: types[i % 6] ?? 'EPYC',
    features: ['0x1', '0x21', '0x5'][i % 3] ?? '0x1',
    ...(boots[(i + Math.floor(i / 6)) % 4] ?? boots[0]),
  }))

test('44 combinations of inputs have the digest that sev-snp-measure computes', async (desk) => {
  const all = [
    ...cases('amdsev-2m.fd', 18),
    ...cases('amdsev-4m.fd', 14),
    ...cases('OVMF.amdsev.fd of sid', 12),
  ]
  assert.is(all.length, 44)
  assert.is(new Set(all.map((one) => JSON.stringify(one))).size, 44)
  const expected = await theirs(desk, all)
  for (const [i, one] of all.entries()) assert.is(ours(desk, one), expected[i], JSON.stringify(one))
})

test.run()
