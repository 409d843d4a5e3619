// A manifest in the formats of others: the message that Trustee's reference-value service takes, a fragment of a policy for its
// attestation service, and a CoRIM. Print only. Pure.
// Sources: rvps/README.md and attestation-service/src/ear_token/ear_default_policy_cpu.rego of confidential-containers/trustee;
// draft-ietf-rats-corim; the hash algorithms of IANA's Named Information registry.

import { type Cbor, printCbor } from './cbor.ts'
import type { Manifest } from './manifest.ts'

const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)]

/** The values by the names that Trustee's own policy asks for; a name without a value is left out. */
export const referenceValues = ({ snp, tdx }: Manifest): Readonly<Record<string, readonly string[]>> => {
  const all = {
    snp_launch_measurement: distinct(snp.map(({ digest }) => digest)),
    mr_td: distinct(tdx.mrtd.map(({ value }) => value)),
    rtmr_1: distinct(tdx.rtmr1.map(({ value }) => value)),
    rtmr_2: distinct(tdx.rtmr2.map(({ value }) => value)),
  }
  return Object.fromEntries(Object.entries(all).filter(([, values]) => values.length > 0))
}

/** The message that `rvps-tool register --path FILE` takes. */
export const printRvps = (manifest: Manifest): string => {
  const payload = Buffer.from(JSON.stringify(referenceValues(manifest))).toString('base64')
  return `${JSON.stringify({ version: '0.1.0', type: 'sample', payload }, null, 2)}\n`
}

const set = (values: readonly string[]): string => `{\n${values.map((value) => `\t"${value}",\n`).join('')}}`

/** Rules of Rego for the claim `executables`: 3 stands for a launch that is known. */
export const printRego = (manifest: Manifest): string => {
  const values = referenceValues(manifest)
  const { snp_launch_measurement: snp, mr_td: mrtd, rtmr_1: rtmr1, rtmr_2: rtmr2 } = values
  const sets = Object.entries(values).map(([name, list]) => `cvmboot_${name} := ${set(list)}\n`)
  const snpRule = [
    'executables := 3 if {',
    '\tinput.snp.measurement in cvmboot_snp_launch_measurement',
    '\tinput.snp.policy_debug_allowed == false',
    '}\n',
  ]
  const tdxRule = [
    'executables := 3 if {',
    '\tinput.tdx.quote.body.mr_td in cvmboot_mr_td',
    '\tinput.tdx.quote.body.rtmr_1 in cvmboot_rtmr_1',
    '\tinput.tdx.quote.body.rtmr_2 in cvmboot_rtmr_2',
    '}\n',
  ]
  const hasTdx = mrtd !== undefined && rtmr1 !== undefined && rtmr2 !== undefined
  return [
    'package policy\n',
    'import rego.v1\n',
    '# 33: the launch is not known.',
    'default executables := 33\n',
    ...sets,
    ...(snp === undefined ? [] : snpRule),
    ...(hasTdx ? tdxRule : []),
  ].join('\n')
}

const uint = (value: number): Cbor => ({ uint: value })
const text = (value: string): Cbor => ({ text: value })
const record = (...fields: readonly (readonly [number, Cbor])[]): Cbor => ({
  map: fields.map(([key, value]) => [uint(key), value]),
})

/** IANA's numbers of sha-256 and sha-384. */
const algorithms = { 32: 1, 48: 7 } as const

const digests = (value: string): Cbor => {
  const bytes = Buffer.from(value, 'hex')
  return { array: [{ array: [uint(bytes.length === 32 ? algorithms[32] : algorithms[48]), { bytes }] }] }
}

/** The key of MEASUREMENT in the CoRIM profile of AMD (draft-deeglaze-amd-sev-snp-corim-profile). */
const snpMeasurement = 641

/** One environment with one measurement: keys of the CDDL in the draft. */
const triple = (vendor: string, model: string, measurement: Cbor): Cbor => ({
  array: [record([0, record([1, text(vendor)], [2, text(model)])]), { array: [measurement] }],
})

const digestTriple = (vendor: string, model: string, value: string): Cbor =>
  triple(vendor, model, record([1, record([2, digests(value)])]))

const registerTriple = (vendor: string, model: string, index: number, value: string): Cbor =>
  triple(vendor, model, record([1, record([14, { map: [[uint(index), digests(value)]] }])]))

/** An unsigned CoRIM with one CoMID: a reference triple for each value, of which one holds. */
export const printCorim = (manifest: Manifest): Buffer => {
  const { snp, tdx, tpm, image, inputs } = manifest
  const pcrs = [
    [4, tpm.pcr4],
    [7, tpm.pcr7],
    [9, tpm.pcr9],
    [11, tpm.pcr11],
    [12, tpm.pcr12],
  ] as const
  const triples: readonly Cbor[] = [
    ...distinct(snp.map(({ digest }) => digest)).map((value) =>
      triple('AMD', 'SEV-SNP', record([0, uint(snpMeasurement)], [1, record([2, digests(value)])])),
    ),
    ...distinct(tdx.mrtd.map(({ value }) => value)).map((value) => digestTriple('Intel', 'TDX MRTD', value)),
    ...([1, 2] as const).flatMap((index) =>
      distinct((index === 1 ? tdx.rtmr1 : tdx.rtmr2).map(({ value }) => value)).map((value) =>
        registerTriple('Intel', 'TDX RTMR', index, value),
      ),
    ),
    ...pcrs.flatMap(([index, values]) =>
      distinct(values.map(({ value }) => value)).map((value) =>
        registerTriple('TCG', 'TPM 2.0 PCR', index, value),
      ),
    ),
  ]
  const name = image === null ? (inputs.firmware[0]?.sha256 ?? 'image') : `${image.id}-${image.version}`
  const comid = record([1, record([0, text(`cvmboot-${name}`)])], [4, record([0, { array: triples }])])
  return printCbor({
    tag: 501,
    of: record([0, text(`cvmboot-${name}`)], [1, { array: [{ tag: 506, of: { bytes: printCbor(comid) } }] }]),
  })
}
