// The values of the manifest that belong to one firmware: launch digests of SEV-SNP, and MRTD of TDX. Pure, but for signatures,
// which differ each time.

import { BootFault } from '../fault/index.ts'
import type { Firmware } from './firmware.ts'
import { printIdAuth, printIdBlock } from './id-block.ts'
import { sha256 } from './kernel-hashes.ts'
import { type Manifest, printHexNumber } from './manifest.ts'
import type { Inputs, Request } from './request.ts'
import { launchDigest, prepareSnp } from './snp.ts'
import type { Unpredicted } from './sources.ts'
import { mrtd } from './tdx.ts'

type Row = Manifest['snp'][number]

/** Rows of one firmware. Faults: `measure-firmware`, `measure-cpu`, `measure-range`, `measure-key`. */
const snpRows = (name: string, firmware: Firmware, inputs: Inputs, request: Request): readonly Row[] => {
  const { kernel, initramfs, cmdline } = inputs
  const prepared = prepareSnp(
    firmware,
    kernel === undefined
      ? undefined
      : {
          kernel: kernel.digests.sha256,
          initramfs: initramfs?.digests.sha256 ?? sha256(Buffer.alloc(0)),
          cmdline: cmdline?.text ?? '',
        },
  )
  const { policy, familyId, imageId, guestSvn, idKey, authorKey } = request
  return request.processors.map((processors) => {
    const digest = launchDigest(prepared, processors)
    const block = { launchDigest: digest, familyId, imageId, guestSvn, policy }
    const auth = idKey === undefined ? undefined : printIdAuth(block, { id: idKey, author: authorKey })
    return {
      firmware: name,
      vcpus: processors.vcpus,
      vcpuType: processors.vcpuType,
      guestFeatures: printHexNumber(processors.guestFeatures),
      digest: digest.toString('hex'),
      idBlock: printIdBlock(block).toString('base64'),
      idAuth: auth?.toString('base64') ?? null,
    }
  })
}

/** The reason why a TEE does not start a firmware. Any other error is thrown again. */
const unfit = (thrown: unknown): string => {
  if (thrown instanceof BootFault && thrown.fault.code === 'measure-firmware') return thrown.fault.reason
  throw thrown
}

type Mrtds = Manifest['tdx']['mrtd']

const mrtdRows = (name: string, firmware: Firmware): Mrtds => [
  {
    firmware: name,
    value: mrtd(firmware, 'page').toString('hex'),
    when: 'KVM extends each page right after it added the page, as hosts of today do',
  },
  {
    firmware: name,
    value: mrtd(firmware, 'section').toString('hex'),
    when: 'KVM adds all pages of a section before it extends them, as older hosts do',
  },
]

type FirmwareRows = { readonly snp: readonly Row[]; readonly mrtds: Mrtds }

/** The values of one firmware under each TEE. A firmware that no TEE starts is refused. */
export const firmwareRows = (
  { file: { name }, firmware }: Inputs['firmware'][number],
  inputs: Inputs,
  request: Request,
  missing: Unpredicted[],
): FirmwareRows => {
  let mrtds: Mrtds = []
  try {
    mrtds = mrtdRows(name, firmware)
  } catch (thrown) {
    missing.push({ value: `mrtd of ${name}`, why: unfit(thrown) })
  }
  try {
    return { snp: snpRows(name, firmware, inputs, request), mrtds }
  } catch (thrown) {
    if (request.snp === 'required' || mrtds.length === 0) throw thrown
    missing.push({ value: `snp of ${name}`, why: unfit(thrown) })
    return { snp: [], mrtds }
  }
}
