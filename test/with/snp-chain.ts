// A chain like AMD's with keys of the test. The test signs reports with it, so that each field can be changed and signed again.

import { sign } from 'node:crypto'
import type { AmdRoots } from '../../src/appraise/snp-chain.ts'
import type { Product } from '../../src/appraise/tcb.ts'
import { printSnpReport, type SnpReport, snpSignedBytes } from '../../src/machine/snp-report.ts'
import { ecKeys, integer, type Keys, makeCertificate, printPem, rsaKeys, tlv } from './certificates.ts'

const at = (rest: string) => `1.3.6.1.4.1.3704.1.${rest}`

export const arkKeys = rsaKeys()
const askKeys = rsaKeys()
const asvkKeys = rsaKeys()
export const chipKeys = ecKeys('P-384')

export const ark = { name: 'ARK-Test', keys: arkKeys }
export const ask = { name: 'SEV-Test', keys: askKeys }
export const asvk = { name: 'SEV-VLEK-Test', keys: asvkKeys }

const arkDer = makeCertificate({ ...ark, issuer: ark, ca: true, serial: 1 })
const askDer = makeCertificate({ ...ask, issuer: ark, ca: true, serial: 2 })
const asvkDer = makeCertificate({ ...asvk, issuer: ark, ca: true, serial: 3 })

const chain = { ark: printPem(arkDer), ask: printPem(askDer), asvk: printPem(asvkDer) }
export const testRoots: AmdRoots = { Milan: chain, Genoa: chain, Turin: chain }

export type ChipOptions = {
  readonly product?: string
  readonly kind?: 'vcek' | 'vlek'
  readonly name?: string
  readonly hardwareId?: Buffer | undefined
  readonly tcb?: readonly [bootLoader: number, tee: number, snp: number, microcode: number]
  readonly fmc?: number
  readonly reserved?: number
  readonly keys?: Keys
  readonly issuer?: { readonly name: string; readonly keys: Keys }
  readonly from?: string
  readonly to?: string
  readonly serial?: number
}

export const chipId = Buffer.alloc(64, 0xc1)

/** A VCEK or VLEK with AMD's extensions. */
export const makeChipKey = (options: ChipOptions = {}): Buffer => {
  const { product = 'Milan-B0', kind = 'vcek', tcb = [3, 0, 8, 115] } = options
  const hardwareId = 'hardwareId' in options ? options.hardwareId : kind === 'vcek' ? chipId : undefined
  const [bootLoader, tee, snp, microcode] = tcb
  return makeCertificate({
    name: options.name ?? `SEV-${kind.toUpperCase()}`,
    keys: options.keys ?? chipKeys,
    issuer: options.issuer ?? (kind === 'vcek' ? ask : asvk),
    serial: options.serial ?? 7,
    from: options.from ?? '2020-01-01',
    to: options.to ?? '2045-01-01',
    extensions: [
      [at('1'), integer(1)],
      [at('2'), tlv(0x16, Buffer.from(product))],
      ...(options.fmc === undefined ? [] : [[at('3.9'), integer(options.fmc)] as const]),
      [at('3.1'), integer(bootLoader)],
      [at('3.2'), integer(tee)],
      [at('3.3'), integer(snp)],
      [at('3.4'), integer(options.reserved ?? 0)],
      [at('3.8'), integer(microcode)],
      ...(hardwareId === undefined ? [] : [[at('4'), hardwareId] as const]),
      ...(kind === 'vlek' ? [[at('5'), tlv(0x16, Buffer.from('cloud'))] as const] : []),
    ],
  })
}

const little = (hex: string): string =>
  Buffer.concat([Buffer.from(hex, 'hex').reverse(), Buffer.alloc(24)]).toString('hex')

/** The bytes of a report with the signature of `keys`; the bytes need not be a report that `printSnpReport` prints. */
export const signReportBytes = (report: Buffer, keys: Keys = chipKeys): Buffer => {
  const unsigned = report.subarray(0, snpSignedBytes)
  const signature = sign('sha384', unsigned, { key: keys.privateKey, dsaEncoding: 'ieee-p1363' }).toString(
    'hex',
  )
  const [r, s] = [little(signature.slice(0, 96)), little(signature.slice(96))]
  const behind = report.subarray(snpSignedBytes + 144)
  return Buffer.concat([unsigned, Buffer.from(r + s, 'hex'), behind])
}

/** The report's bytes with the signature of `keys`. */
export const signReport = (report: SnpReport, keys: Keys = chipKeys): Buffer =>
  signReportBytes(printSnpReport(report), keys)

const zero = (bytes: number) => '00'.repeat(bytes)
/** boot loader 3, TEE 0, SNP 8, microcode 115 of Milan. */
export const goodTcb = 0x7308000000000003n

export const goodReport: SnpReport = {
  version: 3,
  guestSvn: 0,
  policy: 0x30000n,
  familyId: zero(16),
  imageId: zero(16),
  vmpl: 0,
  signatureAlgorithm: 1,
  currentTcb: goodTcb,
  platformInfo: 0x25n,
  authorKey: false,
  chipKeyMasked: false,
  signer: 'vcek',
  reportData: 'ab'.repeat(64),
  measurement: 'cd'.repeat(48),
  hostData: zero(32),
  idKeyDigest: zero(48),
  authorKeyDigest: zero(48),
  reportId: '11'.repeat(32),
  reportIdMa: 'ff'.repeat(32),
  reportedTcb: goodTcb,
  cpuid: [0x19, 1, 1],
  chipId: chipId.toString('hex'),
  committedTcb: goodTcb,
  currentFirmware: [1, 55, 1],
  committedFirmware: [1, 55, 1],
  launchTcb: goodTcb,
  mitigations: undefined,
  signature: { r: zero(72), s: zero(72) },
}

export const productNames: readonly Product[] = ['Milan', 'Genoa', 'Turin']
