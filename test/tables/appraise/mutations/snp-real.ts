// Mutations of each field of a real report of Milan, which nobody signs again: the signature refuses each, and the field's own
// check refuses the field too. The policy accepts each measurement and is strict in the rest.

import { parseSnpCertificates } from '../../../../src/machine/snp-certificates.ts'
import { snpCodes, vector } from '../../../with/appraised.ts'
import { flipped, type Mutation, type Patch, patched } from '../../../with/mutation.ts'

const real = vector('snp-report/milan-b.bin')
const report = real.subarray(0, 1184)
const certificates = parseSnpCertificates(real.subarray(1184)) ?? []

const alone = ['appraise-signature'] as const

/** The byte at the offset with its lowest bit changed. */
const bit = (name: string, at: number, codes: Mutation['codes'] = alone): Mutation =>
  put(name, [[at, flipped(report.toString('hex', at, at + 1), 0)]], codes)

const put = (name: string, patches: readonly Patch[], codes: Mutation['codes']): Mutation => ({
  kind: 'SNP report, not signed again',
  name,
  judge: () => snpCodes({ report: patched(report, patches), certificates }),
  codes,
})

const also = (...codes: Mutation['codes']): Mutation['codes'] => ['appraise-signature', ...codes]
const ends = (name: string, at: number, bytes: number, codes?: Mutation['codes']): readonly Mutation[] => [
  bit(`${name}, first byte`, at, codes),
  bit(`${name}, last byte`, at + bytes - 1, codes),
]

export const snpRealMutations: readonly Mutation[] = [
  put('version 3', [[0, '03']], also('appraise-product')),
  put('version 6', [[0, '06']], ['appraise-format']),
  ...ends('GUEST_SVN', 4, 4),
  put('ABI of POLICY', [[8, '01']], alone),
  put('no SMT in POLICY', [[0x0a, '02']], alone),
  put('MIGRATE_MA', [[0x0a, '07']], also('appraise-migration')),
  put('DEBUG', [[0x0a, '0b']], also('appraise-debug')),
  put('reserved bit 26 of POLICY', [[0x0b, '04']], ['appraise-format']),
  ...ends('FAMILY_ID', 0x10, 16),
  ...ends('IMAGE_ID', 0x20, 16),
  bit('VMPL', 0x30, also('appraise-vmpl')),
  put('the signature algorithm', [[0x34, '02']], alone),
  put('a higher CURRENT_TCB', [[0x38, '04']], alone),
  put('a lower CURRENT_TCB', [[0x38, '02']], also('appraise-tcb')),
  put('TSME in PLATFORM_INFO', [[0x40, '03']], alone),
  put('an unknown bit of PLATFORM_INFO', [[0x41, '01']], also('appraise-platform')),
  put('an author key', [[0x48, '01']], alone),
  put('a masked chip key', [[0x48, '02']], also('appraise-chip')),
  put('a VLEK', [[0x48, '04']], ['appraise-signer', 'appraise-chain']),
  put('no signer', [[0x48, '1c']], ['appraise-signer']),
  ...ends('REPORT_DATA', 0x50, 64),
  ...ends('MEASUREMENT', 0x90, 48),
  ...ends('HOST_DATA', 0xc0, 32),
  ...ends('ID_KEY_DIGEST', 0xe0, 48),
  ...ends('AUTHOR_KEY_DIGEST', 0x110, 48, also('appraise-identity')),
  ...ends('REPORT_ID', 0x140, 32),
  ...ends('REPORT_ID_MA', 0x160, 32, also('appraise-migration')),
  bit('REPORTED_TCB', 0x180, also('appraise-tcb')),
  ...ends('CHIP_ID', 0x1a0, 64, also('appraise-chip')),
  put('a lower COMMITTED_TCB', [[0x1e0, '02']], alone),
  put('a higher COMMITTED_TCB', [[0x1e0, '04']], also('appraise-tcb')),
  ...ends('CURRENT_BUILD, MINOR, MAJOR', 0x1e8, 3),
  ...ends('COMMITTED_BUILD, MINOR, MAJOR', 0x1ec, 3),
  put('a lower LAUNCH_TCB', [[0x1f0, '02']], alone),
  put('a higher LAUNCH_TCB', [[0x1f0, '04']], also('appraise-tcb')),
  ...ends('R', 0x2a0, 72),
  ...ends('S', 0x2e8, 72),
  bit('the last byte', 1183, ['appraise-format']),
]
