// The launch digest of SEV-SNP against the values of an independent tool, and firmware whose own tables lie.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { faultOf } from '../../../src/fault/index.ts'
import { cpuSignature, cpuTypes } from '../../../src/measure/cpu-types.ts'
import { firmwareLimit, parseFirmware, sevLayout } from '../../../src/measure/firmware.ts'
import { type DirectBoot, sha256 } from '../../../src/measure/kernel-hashes.ts'
import { launchDigest, prepareSnp } from '../../../src/measure/snp.ts'
import { inputs, type Vector, vectors } from './inputs.ts'

const input = (name: string): Buffer => {
  const bytes = inputs[name]
  if (bytes === undefined) throw new Error(`no input ${name}`)
  return bytes
}

const bootOf = ({ kernel, initrd, append }: Vector): DirectBoot | undefined =>
  kernel === null
    ? undefined
    : {
        kernel: sha256(input(kernel)),
        initramfs: sha256(initrd === null ? Buffer.alloc(0) : input(initrd)),
        cmdline: append ?? '',
      }

const digestOf = (vector: Vector): string =>
  launchDigest(prepareSnp(parseFirmware(input(vector.firmware)), bootOf(vector)), {
    vcpus: vector.vcpus,
    vcpuType: vector.vcpu_type,
    guestFeatures: BigInt(vector.guest_features),
  }).toString('hex')

const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (thrown) {
    return faultOf(thrown).code
  }
  return 'none'
}

test(`${vectors.length} launch digests are those of sev-snp-measure`, () => {
  assert.ok(vectors.length >= 26)
  for (const vector of vectors) {
    const { digest, ...rest } = vector
    if (digest.startsWith('error'))
      assert.is(
        codeOf(() => digestOf(vector)),
        'measure-firmware',
        JSON.stringify(rest),
      )
    else assert.is(digestOf(vector), digest, JSON.stringify(rest))
  }
})

test('what is the same for all processors is computed once', () => {
  const [vector] = vectors
  if (vector === undefined) return assert.unreachable()
  const prepared = prepareSnp(parseFirmware(input(vector.firmware)), bootOf(vector))
  const again = launchDigest(prepared, {
    vcpus: vector.vcpus,
    vcpuType: vector.vcpu_type,
    guestFeatures: BigInt(vector.guest_features),
  })
  assert.is(again.toString('hex'), vector.digest)
})

test('each input changes the digest', () => {
  const base = vectors.find(({ kernel, append }) => kernel !== null && append !== null)
  if (base === undefined) return assert.unreachable()
  const others: Vector[] = [
    { ...base, firmware: base.firmware === 'amdsev-2m.fd' ? 'amdsev-4m.fd' : 'amdsev-2m.fd' },
    { ...base, vcpus: base.vcpus + 1 },
    { ...base, vcpu_type: base.vcpu_type === 'EPYC-v4' ? 'EPYC-Genoa' : 'EPYC-v4' },
    { ...base, kernel: 'initrd.bin' },
    { ...base, initrd: null },
    { ...base, append: `${base.append} ` },
    { ...base, append: null },
    { ...base, guest_features: '0x3' },
  ]
  const digests = [base, ...others].map(digestOf)
  assert.is(new Set(digests).size, digests.length)
})

test('processors: every name of QEMU has a signature, and no other name has one', () => {
  assert.is(cpuSignature('EPYC-v4'), 0x800f12)
  assert.is(cpuSignature('EPYC-Rome'), 0x830f10)
  assert.is(cpuSignature('EPYC-Milan-v2'), 0xa00f11)
  assert.is(cpuSignature('EPYC-Genoa'), 0xa10f10)
  for (const type of cpuTypes) assert.ok(cpuSignature(type) > 0)
  for (const type of ['', 'EPYC-v9', 'epyc', 'host', 'toString', 'EPYC-Genoa,+x'])
    assert.is(
      codeOf(() => cpuSignature(type)),
      'measure-cpu',
      type,
    )
})

test('counts and features that no VM has are refused', () => {
  const prepared = prepareSnp(parseFirmware(input('amdsev-2m.fd')), undefined)
  const good = { vcpus: 1, vcpuType: 'EPYC', guestFeatures: 1n }
  for (const vcpus of [0, -1, 4097, 10_000, 1.5, Number.NaN])
    assert.is(
      codeOf(() => launchDigest(prepared, { ...good, vcpus })),
      'measure-range',
      `${vcpus}`,
    )
  for (const guestFeatures of [0n, 2n, 2n ** 64n + 1n, -1n])
    assert.is(
      codeOf(() => launchDigest(prepared, { ...good, guestFeatures })),
      'measure-range',
      `${guestFeatures}`,
    )
  assert.is(
    codeOf(() => launchDigest(prepared, { ...good, vcpus: 4096 })),
    'none',
  )
})

/** A copy of the firmware, changed in place. */
const changed = (change: (image: Buffer) => void): Buffer => {
  const image = Buffer.from(input('amdsev-2m.fd'))
  change(image)
  return image
}
const end = 2 * 1024 ** 2

test('an image without the tables, a truncated one, and one whose tables claim more than there is, are refused', () => {
  const image = input('amdsev-2m.fd')
  const metadata = image.lastIndexOf('ASEV')
  assert.ok(metadata > 0)
  for (const [what, bad] of [
    ['nothing', Buffer.alloc(0)],
    ['a page of zeroes', Buffer.alloc(4096)],
    ['one byte less', image.subarray(1)],
    ['cut off at its end', image.subarray(0, end - 4096)],
    ['the tail alone', image.subarray(end - 64)],
    ['another GUID in the footer', changed((b) => b.fill(0, end - 48, end - 32))],
    ['a table longer than the image', changed((b) => b.writeUInt16LE(0xffff, end - 50)).subarray(end - 4096)],
    ['a table of no length', changed((b) => b.writeUInt16LE(0, end - 50))],
    ['an entry of no length', changed((b) => b.writeUInt16LE(0, end - 50 - 18))],
    ['an entry longer than its table', changed((b) => b.writeUInt16LE(0x7fff, end - 50 - 18))],
    ['another signature', changed((b) => b.write('BSEV', metadata))],
    ['another version', changed((b) => b.writeUInt32LE(2, metadata + 8))],
    ['a million sections', changed((b) => b.writeUInt32LE(1_000_000, metadata + 12))],
    ['sections up to the end', changed((b) => b.writeUInt32LE(0xffff_ffff, metadata + 12))],
    ['a section of 4 GiB', changed((b) => b.writeUInt32LE(0xffff_f000, metadata + 20))],
    ['a section of half a page', changed((b) => b.writeUInt32LE(2048, metadata + 20))],
    ['a section of an unknown type', changed((b) => b.writeUInt32LE(99, metadata + 24))],
  ] as const)
    assert.is(
      codeOf(() => sevLayout(parseFirmware(bad))),
      'measure-firmware',
      what,
    )
  assert.is(
    codeOf(() => parseFirmware(Buffer.alloc(firmwareLimit + 4096))),
    'measure-firmware',
  )
})

test.run()
