// Mutations of each field of an SNP report. The test signs the report again, so that the check of the field refuses the report.

import type { SnpReport } from '../../../../src/machine/snp-report.ts'
import { flipped, type Mutation } from '../../../with/mutation.ts'
import { chipId, goodReport } from '../../../with/snp-chain.ts'
import { judgeSnp, milanTcb, type SnpRow, snpMutations } from './snp.ts'

const hex = (byte: string, count: number): string => byte.repeat(count)

const form: readonly SnpRow[] = [
  // Error of real verifiers: a version that is not known is parsed by the old layout.
  ...([0, 1, 6, 0xff, 0x103, 0x30000] as const).map(
    (version): SnpRow => [`version ${version}`, { report: { version } }, 'appraise-format'],
  ),
  ['version 2 with a processor', { report: { version: 2 } }, 'appraise-format'],
  ['version 3 with mitigations', { report: { mitigations: [1n, 0n] } }, 'appraise-format'],
  ['version 4 with mitigations', { report: { version: 4, mitigations: [0n, 1n] } }, 'appraise-format'],
  ['POLICY without its constant bit 17', { report: { policy: 0x10000n } }, 'appraise-format'],
  ['POLICY with reserved bit 26', { report: { policy: 0x30000n | (1n << 26n) } }, 'appraise-format'],
  ['POLICY with reserved bit 63', { report: { policy: 0x30000n | (1n << 63n) } }, 'appraise-format'],
  ...([2, 3, 4, 5, 6, 8, 15] as const).map(
    (signer): SnpRow => [
      `KEY_INFO with signer ${signer}`,
      { signed: [[0x48, (signer << 2).toString(16).padStart(2, '0')]] },
      'appraise-format',
    ],
  ),
  ['KEY_INFO with reserved bit 31', { signed: [[0x4b, '80']] }, 'appraise-format'],
  ...([0x4c, 0x4f, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x1f8, 0x207, 0x208, 0x29f] as const).map(
    (at): SnpRow => [`reserved byte 0x${at.toString(16)}`, { signed: [[at, '01']] }, 'appraise-format'],
  ),
  ...([0x330, 0x49f] as const).map(
    (at): SnpRow => [
      `byte 0x${at.toString(16)} behind the signature`,
      { unsigned: [[at, '01']] },
      'appraise-format',
    ],
  ),
]

const order =
  'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973'
const reversed = (text: string): string => Buffer.from(text, 'hex').reverse().toString('hex')
const [r, s] = [0x2a0, 0x2e8]

const signature: readonly SnpRow[] = [
  ...([0, 2, 0x101, 0xffffffff] as const).map(
    (signatureAlgorithm): SnpRow => [
      `signature algorithm ${signatureAlgorithm}`,
      { report: { signatureAlgorithm } },
      'appraise-signature',
    ],
  ),
  // Error of real verifiers: R or S of zero, or not below the order of the group, is accepted.
  ['R of zero', { unsigned: [[r, hex('00', 72)]] }, 'appraise-signature'],
  ['S of zero', { unsigned: [[s, hex('00', 72)]] }, 'appraise-signature'],
  ['R and S of zero', { unsigned: [[r, hex('00', 144)]] }, 'appraise-signature'],
  ['R of the order', { unsigned: [[r, reversed(order)]] }, 'appraise-signature'],
  ['S of the order', { unsigned: [[s, reversed(order)]] }, 'appraise-signature'],
  ['R above the order', { unsigned: [[r, hex('ff', 48)]] }, 'appraise-signature'],
  ['S above the order', { unsigned: [[s, hex('ff', 48)]] }, 'appraise-signature'],
  ['R with a byte above its 48', { unsigned: [[r + 48, '01']] }, 'appraise-signature'],
  ['S with its last byte set', { unsigned: [[s + 71, '01']] }, 'appraise-signature'],
  ['R and S of one', { unsigned: [[r, `01${hex('00', 71)}01${hex('00', 71)}`]] }, 'appraise-signature'],
]

/** The report with the numbers of its signature in other places: `put` gets R and S as 48 bytes little-endian. */
const rearranged =
  (put: (r: Buffer, s: Buffer) => readonly [Buffer, Buffer]) =>
  (report: Buffer): Buffer => {
    const out = Buffer.from(report)
    const [first, second] = put(
      Buffer.from(report.subarray(r, r + 48)),
      Buffer.from(report.subarray(s, s + 48)),
    )
    first.copy(out, r)
    second.copy(out, s)
    return out
  }

const places: readonly SnpRow[] = [
  // Error of real verifiers: the bytes of the signature are taken big-endian.
  [
    'R and S big-endian',
    { after: rearranged((one, other) => [one.reverse(), other.reverse()]) },
    'appraise-signature',
  ],
  ['R big-endian', { after: rearranged((one, other) => [one.reverse(), other]) }, 'appraise-signature'],
  ['S big-endian', { after: rearranged((one, other) => [one, other.reverse()]) }, 'appraise-signature'],
  ['R and S exchanged', { after: rearranged((one, other) => [other, one]) }, 'appraise-signature'],
]

const bits: readonly SnpRow[] = [
  // Error of real verifiers: the bit DEBUG is ignored.
  ['DEBUG', { report: { policy: 0xb0000n } }, 'appraise-debug'],
  ['no DEBUG where the policy requires it', { policy: { debug: 'required' } }, 'appraise-debug'],
  ['MIGRATE_MA', { report: { policy: 0x70000n } }, 'appraise-migration'],
  ['DEBUG and MIGRATE_MA', { report: { policy: 0xf0000n } }, 'appraise-debug', 'appraise-migration'],
  ['SMT that the policy forbids', { policy: { smt: 'forbidden' } }, 'appraise-guest-policy'],
  [
    'no SMT where the policy requires it',
    { report: { policy: 0x20000n }, policy: { smt: 'required' } },
    'appraise-guest-policy',
  ],
  ['several sockets', { policy: { singleSocket: 'required' } }, 'appraise-guest-policy'],
  [
    'a single socket that the policy forbids',
    { report: { policy: 0x130000n }, policy: { singleSocket: 'forbidden' } },
    'appraise-guest-policy',
  ],
  [
    'no ciphertext hiding',
    { policy: { ciphertextHiding: 'required' } },
    'appraise-guest-policy',
    'appraise-platform',
  ],
  [
    'ciphertext hiding of the guest without the platform',
    { report: { policy: 0x1030000n }, policy: { ciphertextHiding: 'required' } },
    'appraise-platform',
  ],
  [
    'ciphertext hiding of the platform without the guest',
    { report: { platformInfo: 0x35n }, policy: { ciphertextHiding: 'required' } },
    'appraise-guest-policy',
  ],
  ['page swap', { policy: { pageSwapDisable: 'required' } }, 'appraise-guest-policy'],
  ['a lower minor ABI', { policy: { leastAbi: [0, 1] } }, 'appraise-guest-policy'],
  ['a lower major ABI', { policy: { leastAbi: [1, 0] } }, 'appraise-guest-policy'],
  [
    'a lower major ABI with a higher minor one',
    { report: { policy: 0x300ffn }, policy: { leastAbi: [1, 5] } },
    'appraise-guest-policy',
  ],
  ...([6, 8, 31, 63] as const).map(
    (bit): SnpRow => [
      `PLATFORM_INFO with unknown bit ${bit}`,
      { report: { platformInfo: 0x25n | (1n << BigInt(bit)) } },
      'appraise-platform',
    ],
  ),
  ['SMT of the host', { policy: { platformSmt: 'forbidden' } }, 'appraise-platform'],
  ['no TSME', { policy: { tsme: 'required' } }, 'appraise-platform'],
  [
    'no alias check',
    { report: { platformInfo: 5n }, policy: { aliasCheck: 'required' } },
    'appraise-platform',
  ],
  // Error of real verifiers: VMPL is ignored, so that a less privileged part of the guest counts as the guest.
  ...([1, 2, 3, 4, 0x100, 0xffffffff] as const).map(
    (vmpl): SnpRow => [`VMPL ${vmpl}`, { report: { vmpl } }, 'appraise-vmpl'],
  ),
  ['VMPL 0 where the policy demands 1', { policy: { vmpl: 1 } }, 'appraise-vmpl'],
  ['REPORT_ID_MA of zero', { report: { reportIdMa: hex('00', 32) } }, 'appraise-migration'],
  ['REPORT_ID_MA, first byte', { report: { reportIdMa: flipped(hex('ff', 32), 0) } }, 'appraise-migration'],
  ['REPORT_ID_MA, last byte', { report: { reportIdMa: flipped(hex('ff', 32), -1) } }, 'appraise-migration'],
]

type ValueField =
  | 'familyId'
  | 'imageId'
  | 'idKeyDigest'
  | 'hostData'
  | 'measurement'
  | 'reportData'
  | 'chipId'
const ends = (field: ValueField, ...codes: Mutation['codes']): readonly SnpRow[] =>
  ([0, -1] as const).map((at): SnpRow => {
    const report: Partial<SnpReport> = { [field]: flipped(goodReport[field], at) }
    return [`${field}, ${at === 0 ? 'first' : 'last'} byte`, { report }, ...codes]
  })

const author = { authorKey: true, authorKeyDigest: hex('0a', 48) } as const
const values: readonly SnpRow[] = [
  ...ends('familyId', 'appraise-identity'),
  ...ends('imageId', 'appraise-identity'),
  ...ends('idKeyDigest', 'appraise-identity'),
  ...ends('hostData', 'appraise-host-data'),
  ...ends('measurement', 'appraise-measurement'),
  // Error of real verifiers: REPORT_DATA is compared by its prefix, or not at all.
  ...ends('reportData', 'appraise-report-data'),
  ...ends('chipId', 'appraise-chip'),
  [
    'REPORT_DATA that is right for 32 bytes',
    { reportData: goodReport.reportData.slice(0, 64).padEnd(128, '0') },
    'appraise-report-data',
  ],
  [
    'REPORT_DATA that is a prefix',
    { reportData: goodReport.reportData.slice(0, 64) },
    'appraise-report-data',
  ],
  ['empty REPORT_DATA', { reportData: '' }, 'appraise-report-data'],
  [
    'REPORT_DATA that the policy does not name',
    { policy: { reportData: [hex('ac', 64)] } },
    'appraise-report-data',
  ],
  // Error of real verifiers: a policy that names no measurement accepts each one.
  ['no manifest', { manifest: 'absent' }, 'appraise-measurement'],
  ['a measurement of zero', { report: { measurement: hex('00', 48) } }, 'appraise-measurement'],
  ['no ID block where one is demanded', { policy: { idKeyDigest: [hex('0b', 48)] } }, 'appraise-identity'],
  ['no FAMILY_ID where one is demanded', { policy: { familyId: [hex('0b', 16)] } }, 'appraise-identity'],
  ['no IMAGE_ID where one is demanded', { policy: { imageId: [hex('0b', 16)] } }, 'appraise-identity'],
  ['no HOSTDATA where one is demanded', { policy: { hostData: [hex('0b', 32)] } }, 'appraise-host-data'],
  [
    'GUEST_SVN below the policy',
    { report: { guestSvn: 1 }, policy: { leastGuestSvn: 2 } },
    'appraise-identity',
  ],
  [
    'an author digest without an author key',
    { report: { authorKeyDigest: author.authorKeyDigest }, policy: { authorKeyDigest: 'any' } },
    'appraise-identity',
  ],
  ['an author key that the policy does not name', { report: author }, 'appraise-identity'],
  [
    'another author key than the one of the policy',
    { report: author, policy: { authorKeyDigest: [hex('0c', 48)] } },
    'appraise-identity',
  ],
]

const processor: readonly SnpRow[] = [
  ['a processor of Genoa', { report: { cpuid: [0x19, 0x11, 1] } }, 'appraise-product'],
  ['a processor of Turin', { report: { cpuid: [0x1a, 2, 1] } }, 'appraise-product'],
  ['a processor of an unknown model', { report: { cpuid: [0x19, 0x20, 1] } }, 'appraise-product'],
  ['a processor of an unknown family', { report: { cpuid: [0x17, 1, 1] } }, 'appraise-product'],
  ['no processor in a report of version 3', { report: { cpuid: [0, 0, 0] } }, 'appraise-product'],
  // Error of real verifiers: a chip ID of zeroes, which the host masked, matches each certificate.
  ['a masked chip ID', { report: { chipId: hex('00', 64) } }, 'appraise-chip'],
  [
    'a masked chip ID, and a certificate of zeroes',
    { report: { chipId: hex('00', 64) }, chip: { hardwareId: Buffer.alloc(64) } },
    'appraise-chip',
  ],
  ['a masked chip key', { report: { chipKeyMasked: true } }, 'appraise-chip'],
  [
    'a chip ID that is the first half of another',
    { report: { chipId: chipId.toString('hex', 0, 32).padEnd(128, '0') } },
    'appraise-chip',
  ],
  ['no signer', { report: { signer: 'none' } }, 'appraise-signer'],
  // The host names a VLEK, and the table has the certificate of a VCEK.
  ['a VLEK in the report alone', { report: { signer: 'vlek' } }, 'appraise-signer', 'appraise-chain'],
]

const components = ['boot loader', 'TEE', 'SNP', 'microcode'] as const
const policyNames = ['bootLoader', 'tee', 'snp', 'microcode'] as const
const base = [3, 1, 8, 115] as const
type Four = readonly [number, number, number, number]
/** The version with one component that is higher or lower. */
const moved = (component: number, by: number): Four => {
  const [bootLoader, tee, snp, microcode] = base.map((value, i) => (i === component ? value + by : value))
  return [bootLoader ?? 0, tee ?? 0, snp ?? 0, microcode ?? 0]
}
type Versions = Partial<Readonly<Record<'current' | 'reported' | 'committed' | 'launch', Four>>>
const versions = (given: Versions): Partial<SnpReport> => ({
  currentTcb: milanTcb(given.current ?? base),
  reportedTcb: milanTcb(given.reported ?? base),
  committedTcb: milanTcb(given.committed ?? base),
  launchTcb: milanTcb(given.launch ?? base),
})
const chip = { tcb: base }
const tcbRow = (name: string, given: Versions): SnpRow => [
  name,
  { chip, report: versions(given) },
  'appraise-tcb',
]

const tcb: readonly SnpRow[] = components.flatMap((name, i): readonly SnpRow[] => {
  const [low, high] = [moved(i, -1), moved(i, 1)]
  const report = versions({})
  const exact = { leastTcb: { Milan: { [policyNames[i] ?? '']: base[i] ?? 0 } } }
  return [
    // Error of real verifiers: the TCB of the certificate is not compared with REPORTED_TCB.
    [`${name}: the certificate is for a lower one`, { chip: { tcb: low }, report }, 'appraise-tcb'],
    [`${name}: the certificate is for a higher one`, { chip: { tcb: high }, report }, 'appraise-tcb'],
    tcbRow(`${name}: the reported one is lower than in the certificate`, { reported: low, committed: low }),
    tcbRow(`${name}: the reported one is higher than in the certificate`, { reported: high, current: high }),
    tcbRow(`${name}: the committed one is above the reported one`, { committed: high }),
    tcbRow(`${name}: the current one is below the reported one`, { current: low, launch: low }),
    tcbRow(`${name}: the launch one is above the current one`, { launch: high }),
    [
      `${name}: the launch one is below the policy`,
      { chip, report: versions({ launch: low }), policy: exact },
      'appraise-tcb',
    ],
    [
      `${name}: the committed one is below the policy`,
      { chip, report: versions({ committed: low }), policy: exact },
      'appraise-tcb',
    ],
  ]
})

/** Error of real verifiers: a TCB version is compared as one number of 64 bits. */
const oneNumber: readonly SnpRow[] = [
  tcbRow('the current TCB is above the reported one as a number only', {
    current: [2, 1, 8, 116],
    launch: [2, 1, 8, 115],
  }),
  tcbRow('the committed TCB is below the reported one as a number only', { committed: [4, 1, 8, 114] }),
  tcbRow('the launch TCB is below the current one as a number only', { launch: [3, 2, 8, 114] }),
  [
    'the TCB is above the least one as a number only',
    { chip, report: versions({}), policy: { leastTcb: { Milan: { bootLoader: 4, microcode: 114 } } } },
    'appraise-tcb',
  ],
  ['the policy names no least TCB for the product', { policy: { leastTcb: { Genoa: {} } } }, 'appraise-tcb'],
  ...(['currentTcb', 'reportedTcb', 'committedTcb', 'launchTcb'] as const).flatMap((field): SnpRow[] =>
    ([2, 5] as const).map((byte) => {
      const report: Partial<SnpReport> = { [field]: goodReport[field] | (1n << BigInt(8 * byte)) }
      return [`${field} with reserved byte ${byte}`, { report }, 'appraise-tcb']
    }),
  ),
]

/** The good report itself, whose change is none: the mutations differ from this report alone. */
export const goodSnp = (): readonly string[] => judgeSnp({})

export const snpReportMutations: readonly Mutation[] = [
  ...snpMutations('SNP report, form', form),
  ...snpMutations('SNP report, signature', [...signature, ...places]),
  ...snpMutations('SNP report, bits', bits),
  ...snpMutations('SNP report, values', values),
  ...snpMutations('SNP report, processor', processor),
  ...snpMutations('SNP report, TCB', [...tcb, ...oneNumber]),
]
