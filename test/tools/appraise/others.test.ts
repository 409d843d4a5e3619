// The verdicts of other verifiers on the same files: go-sev-guest and go-tdx-guest of Google, and dcap-qvl of Phala. A machine
// without Go leaves the two of Google out, and says so.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { amdChains } from '../../../src/appraise/amd-certificates.ts'
import type { SnpPolicy, TdxPolicy } from '../../../src/appraise/policy.ts'
import { appraiseSnp } from '../../../src/appraise/snp.ts'
import { appraiseTdx } from '../../../src/appraise/tdx.ts'
import { parseCollateral } from '../../../src/appraise/tdx-collateral.ts'
import { toolPath } from '../../../src/machine/exec.ts'
import { parseSnpCertificates } from '../../../src/machine/snp-certificates.ts'
import { snpReportBytes } from '../../../src/machine/snp-report.ts'
import type { Finding } from '../../../src/terminal/finding.ts'
import { lookingPolicy, vector } from '../../with/appraised.ts'
import { goTool, hasGo } from '../../with/go-tool.ts'
import { pythonTool } from '../../with/python-tool.ts'
import { suite } from '../../with/suite.ts'

type Desk = { directory: string; sev: string | undefined; tdx: string | undefined; qvl: string }
const test = suite<Desk>('other verifiers')

test.before(async (desk) => {
  desk.directory = mkdtempSync(join(tmpdir(), 'cvmboot-others-'))
  desk.qvl = await pythonTool('dcap-qvl', 'dcap-qvl==0.7.0')
  const go = await hasGo()
  if (!go) process.stdout.write('no Go here: go-sev-guest and go-tdx-guest are left out\n')
  desk.sev = go
    ? await goTool('go-sev-guest', 'github.com/google/go-sev-guest/tools/check@v0.15.0')
    : undefined
  desk.tdx = go
    ? await goTool('go-tdx-guest', 'github.com/google/go-tdx-guest/tools/check@v0.3.1')
    : undefined
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

const isGood = (findings: readonly Finding[]): boolean => findings.every(({ result }) => result !== 'bad')

/** One bit of one byte changed. */
const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}

const ends = (program: string, args: readonly string[]): boolean =>
  spawnSync(program, [...args], { stdio: 'ignore' }).status === 0

/** What go-sev-guest judges with these options: chain, signature, guest policy. The guest policy is the report's own. */
const openSnp: SnpPolicy = { ...lookingPolicy.snp, debug: 'any', migration: 'any' }

const ourSnp = (bytes: Buffer): boolean =>
  isGood(
    appraiseSnp(
      {
        report: bytes.subarray(0, snpReportBytes),
        certificates: parseSnpCertificates(bytes.subarray(snpReportBytes)) ?? [],
        revocationList: undefined,
      },
      {
        roots: amdChains,
        policy: openSnp,
        measurement: 'any',
        measurements: undefined,
        reportData: undefined,
      },
      new Date(),
    ),
  )

test('go-sev-guest accepts the reports that appraise accepts, and refuses each change that it refuses', ({
  directory,
  sev,
}) => {
  if (sev === undefined) return
  const theirs = (bytes: Buffer, policy: string): boolean => {
    const file = join(directory, 'report.bin')
    writeFileSync(file, bytes)
    const options = [
      '-network=false',
      '-check_crl=false',
      '-product_name',
      'Milan-B0',
      '-guest_policy',
      policy,
    ]
    return ends(join(sev, 'check'), ['-in', file, ...options])
  }
  for (const [name, policy] of [
    ['milan-a.bin', '0xb0000'],
    ['milan-b.bin', '0x30000'],
  ] as const) {
    const good = vector(`snp-report/${name}`)
    assert.ok(theirs(good, policy) && ourSnp(good), name)
    // Measurement, host data, report data, chip, TCB, both halves of the signature; the VCEK behind the table.
    for (const at of [0x90, 0xc0, 0x50, 0x1a0, 0x180, 0x1e0, 0x2a0, 0x2e8, 1184 + 96 + 400]) {
      const bad = flipped(good, at)
      assert.equal([theirs(bad, policy), ourSnp(bad)], [false, false], `${name}, byte ${at}`)
    }
  }
})

/** What go-tdx-guest judges without collateral: signatures and the chain of the PCK certificate. */
const signatureChecks = ['chain', 'signature', 'quoting enclave']

const ourSignatures = (quote: Buffer): boolean => {
  const expected = {
    policy: lookingPolicy.tdx,
    measurement: 'any',
    measurements: undefined,
    reportData: undefined,
  } as const
  const all = appraiseTdx({ quote, collateral: undefined }, expected, new Date())
  const own = all.filter(({ subject }) => signatureChecks.includes(subject))
  return own.length === signatureChecks.length && isGood(own)
}

test('go-tdx-guest accepts the signatures that appraise accepts, and refuses each change that it refuses', ({
  directory,
  tdx,
}) => {
  if (tdx === undefined) return
  const theirs = (bytes: Buffer): boolean => {
    const file = join(directory, 'quote.bin')
    writeFileSync(file, bytes)
    return ends(join(tdx, 'check'), ['-in', file, '-inform', 'bin', '-get_collateral=false'])
  }
  for (const name of ['spr-e4.tdx_prod_quote_SPR_E4.dat', 'tdx_quote']) {
    const good = vector(`tdx-quote/${name}`)
    assert.ok(theirs(good) && ourSignatures(good), name)
    // MRTD, RTMR 1, report data, signature, attestation key, report of the enclave, its signature, authentication data.
    for (const at of [0xb8, 0x1a8, 0x238, 0x27c, 0x2bc, 0x380, 0x482, 0x4c6]) {
      const bad = flipped(good, at)
      assert.equal([theirs(bad), ourSignatures(bad)], [false, false], `${name}, byte ${at}`)
    }
  }
})

/** Prints one line an argument: the status, or `refused`. Arguments: quote, collateral, seconds since 1970. */
const script = `
import sys, dcap_qvl
quote = open(sys.argv[1], 'rb').read()
collateral = dcap_qvl.QuoteCollateralV3.from_json(open(sys.argv[2]).read())
for now in sys.argv[3:]:
    try:
        print(dcap_qvl.verify(quote, collateral, int(now)).status)
    except Exception as e:
        print('refused')
`

test('dcap-qvl gives the status that appraise gives, at each date and for each change', ({
  directory,
  qvl,
}) => {
  const theirs = (quote: Buffer, collateral: string, dates: readonly Date[]): string[] => {
    const [file, json] = [join(directory, 'quote.bin'), join(directory, 'collateral.json')]
    writeFileSync(file, quote)
    writeFileSync(json, collateral)
    const seconds = dates.map((date) => `${date.getTime() / 1000}`)
    const { stdout, stderr } = spawnSync('python3', ['-c', script, file, json, ...seconds], {
      encoding: 'utf8',
      env: { PATH: toolPath, PYTHONPATH: qvl },
    })
    assert.is(stderr, '')
    return stdout.trim().split('\n')
  }
  // Host data and owner are values of which VM it is; dcap-qvl judges neither them nor XFAM.
  const policy: TdxPolicy = { ...lookingPolicy.tdx, mrConfigId: 'any', xfamMask: 'ffffffffffffffff' }
  const expected = { policy, measurement: 'any', measurements: undefined, reportData: undefined } as const
  const ours = (quote: Buffer, collateral: string, dates: readonly Date[]): string[] =>
    dates.map((date) => {
      const given = { quote, collateral: parseCollateral(collateral, 'collateral.json') }
      return isGood(appraiseTdx(given, expected, date)) ? 'UpToDate' : 'refused'
    })
  for (const [name, days] of [
    ['tdx_quote', ['2025-06-01', '2025-06-20', '2025-07-01', '2025-07-18', '2025-08-01', '2026-06-01']],
    [
      'tdx_quote_td15ex',
      ['2025-01-01', '2026-10-01', '2026-10-09', '2026-10-20', '2026-11-05', '2026-11-27'],
    ],
  ] as const) {
    const dates = days.map((day) => new Date(`${day}T12:00:00Z`))
    const quote = vector(`tdx-quote/${name}`)
    const collateral = vector(`tdx-quote/${name}_collateral.json`).toString('utf8')
    const said = theirs(quote, collateral, dates)
    assert.equal(ours(quote, collateral, dates), said, name)
    assert.ok(said.includes('UpToDate') && said.includes('refused'), said.join())
    const [, , good = new Date()] = name === 'tdx_quote' ? dates : [0, 0, dates[3]]
    const body = name === 'tdx_quote' ? 0x30 : 0x36
    // TEE_TCB_SVN, MRSIGNERSEAM, attributes, MRTD, report data. The chain of the second one comes with its collateral too.
    for (const at of [body, body + 0x40, body + 0x78, body + 0x88, body + 0x208]) {
      const bad = flipped(quote, at)
      assert.equal(
        [theirs(bad, collateral, [good]), ours(bad, collateral, [good])],
        [['refused'], ['refused']],
        `${name} ${at}`,
      )
    }
    for (const [from, to] of [
      ['B0C06F000000', 'B0C06F000001'],
      ['UpToDate', 'Revoked'],
    ] as const) {
      const bad = collateral.replace(from, to)
      assert.equal(
        [theirs(quote, bad, [good]), ours(quote, bad, [good])],
        [['refused'], ['refused']],
        `${name} ${from}`,
      )
    }
  }
})

test.run()
