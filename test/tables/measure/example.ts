// A manifest of small inputs: a firmware of the vectors, and a direct boot of bytes that are no kernel.

import { accessBuffer } from '../../../src/machine/random-access.ts'
import { parseFirmware } from '../../../src/measure/firmware.ts'
import { sha256 } from '../../../src/measure/kernel-hashes.ts'
import { defaultPolicy } from '../../../src/measure/policy.ts'
import { predict } from '../../../src/measure/predict.ts'
import { hashWhole } from '../../../src/measure/program.ts'
import type { Inputs, Measured, Request } from '../../../src/measure/request.ts'
import { readUki } from '../../../src/measure/uki.ts'
import { efiProgram } from '../../with/efi-program.ts'
import { inputs as files } from './inputs.ts'

const bytesOf = (name: string): Buffer => {
  const bytes = files[name]
  if (bytes === undefined) throw new Error(`no input ${name}`)
  return bytes
}

export const fileOf = (name: string, bytes: Buffer = bytesOf(name)) => ({
  name,
  bytes: bytes.length,
  sha256: sha256(bytes).toString('hex'),
  version: null,
})

export const measured = (name: string, bytes: Buffer = bytesOf(name)): Measured => {
  const access = accessBuffer(bytes)
  return { file: fileOf(name, bytes), access, digests: hashWhole(access) }
}

const cmdline = 'console=ttyS0 quiet'

export const exampleInputs: Inputs = {
  image: { id: 'oem', version: '7' },
  firmware: [{ file: fileOf('amdsev-2m.fd'), firmware: parseFirmware(bytesOf('amdsev-2m.fd')) }],
  kernel: measured('kernel.bin'),
  initramfs: measured('initrd.bin'),
  cmdline: { text: cmdline, sha256: sha256(Buffer.from(cmdline)).toString('hex') },
  uki: undefined,
  boot: {
    planDigest: null,
    rootHashes: { 'root-fs': 'ab'.repeat(32) },
    refused: 'cmdline-missing: cannot boot',
  },
  eventLog: undefined,
}

export const exampleRequest: Request = {
  processors: [1, 2].map((vcpus) => ({ vcpus, vcpuType: 'EPYC-v4', guestFeatures: 1n })),
  snp: 'required',
  policy: defaultPolicy,
  familyId: Buffer.alloc(16, 1),
  imageId: Buffer.alloc(16, 2),
  guestSvn: 3,
  idKey: undefined,
  authorKey: undefined,
  secureBoot: undefined,
}

/** TDX metadata that all lie in the file: a firmware of 4 MiB has them. */
const both = parseFirmware(bytesOf('amdsev-4m.fd'))
const uki = efiProgram([{ name: '.linux', bytes: 100, stored: 100 }])

/** One with something in each list. */
export const exampleManifest = predict(
  {
    ...exampleInputs,
    kernel: measured('vmlinuz', efiProgram([{ name: '.text', bytes: 100, stored: 100 }])),
    firmware: [{ file: fileOf('amdsev-4m.fd'), firmware: both }],
    uki: { file: fileOf('image.efi', uki), uki: readUki(accessBuffer(uki)), gpt: undefined },
  },
  exampleRequest,
)
