// Hostile inputs for the readers of `appraise`: DER, a certificate, a revocation list, a TDX quote, a collateral, a policy.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCertificate, readPem } from '../../src/appraise/certificate.ts'
import { readDer } from '../../src/appraise/der.ts'
import { strictPolicy } from '../../src/appraise/policy.ts'
import { parsePolicy, printPolicy } from '../../src/appraise/policy-file.ts'
import { readRevocationList } from '../../src/appraise/revocation.ts'
import { parseCollateral } from '../../src/appraise/tdx-collateral.ts'
import { parseQeIdentity, parseTcbInfo } from '../../src/appraise/tdx-identity.ts'
import { parseTdxQuote, printTdxQuote } from '../../src/evidence/tdx-quote.ts'
import { mutateJson } from './json.ts'
import { mutateBytes } from './random.ts'
import { hexOf, need, orRefused, type Target, target } from './run.ts'

const vectors = join(import.meta.dirname, '../tables/appraise')
const vector = (name: string): Buffer => readFileSync(join(vectors, name))
const show = (bytes: Uint8Array): string => `${bytes.length} bytes:\n${hexOf(bytes)}`

const vcek = vector('snp-report/vcek_turin.der')
const collaterals = ['tdx_quote_collateral.json', 'tdx_quote_td15ex_collateral.json'].map((name) =>
  vector(`tdx-quote/${name}`).toString('utf8'),
)
const listOf = (text: string, name: string): Buffer => Buffer.from(`${JSON.parse(text)[name]}`, 'hex')
const lists = collaterals.map((text) => listOf(text, 'root_ca_crl'))

/** Tags and lengths of the outer values, where a change means most. */
const outer = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20]

const derTarget = target<Uint8Array>({
  name: 'DER',
  cost: 4,
  seeds: [vcek, ...lists, Buffer.from('3000', 'hex')],
  show,
  mutate: (random, seed) =>
    // A value in a value in a value: each level has a length, or says that its end comes later.
    random.once(8)
      ? Buffer.from((random.once(2) ? '3080' : '30820fff').repeat(1 + random.int(4000)), 'hex')
      : mutateBytes(random, seed, outer),
  check: (bytes) => {
    const node = readDer(Buffer.from(bytes))
    need(node === undefined || node.encoded.equals(bytes), 'other bytes than those that were given')
    return node !== undefined
  },
})

const certificateTarget = target<Uint8Array>({
  name: 'certificate',
  cost: 6,
  seeds: [vcek],
  show,
  mutate: (random, seed) => mutateBytes(random, seed, outer),
  check: (bytes) => readCertificate(Buffer.from(bytes)) !== undefined,
})

const revocationTarget = target<Uint8Array>({
  name: 'revocation list',
  cost: 4,
  seeds: lists,
  show,
  mutate: (random, seed) => mutateBytes(random, seed, outer),
  check: (bytes) => readRevocationList(Buffer.from(bytes)) !== undefined,
})

const quotes = ['tdx_quote', 'tdx_quote_td15ex'].map((name) => vector(`tdx-quote/${name}`))

const quoteTarget = target<Uint8Array>({
  name: 'TDX quote',
  cost: 4,
  seeds: quotes,
  show,
  // The header, and the lengths of signature, certification data, authentication data and chain, for both versions.
  mutate: (random, seed) =>
    mutateBytes(random, seed, [0, 2, 4, 0x30, 0x32, 0x278, 0x2fc, 0x2fe, 0x3a9, 0x3ab, 0x4c0, 0x4e2, 0x4e4]),
  check: (bytes) => {
    const read = parseTdxQuote(Buffer.from(bytes))
    if ('wrong' in read) return false
    const printed = printTdxQuote(read.quote)
    need(printed.equals(bytes.subarray(0, printed.length)), 'a quote that prints otherwise')
    need(printed.length + read.behind.bytes === bytes.length, 'bytes that were not counted')
    readPem(read.quote.pckChain)
    return true
  },
})

const collateralTarget = target<string>({
  name: 'collateral',
  cost: 6,
  seeds: collaterals,
  show: (text) => JSON.stringify(text),
  mutate: (random, seed) => mutateJson(random, seed),
  check: (text) => {
    const collateral = orRefused(/^appraise-input$/, () => parseCollateral(text, 'collateral.json'))
    if (collateral === undefined) return false
    parseTcbInfo(collateral.tcbInfo.text)
    parseQeIdentity(collateral.qeIdentity.text)
    return true
  },
})

const policyTarget = target<string>({
  name: 'policy',
  cost: 2,
  seeds: [printPolicy(strictPolicy), '{"format":"cvmboot policy","version":1}'],
  show: (text) => JSON.stringify(text),
  mutate: (random, seed) => mutateJson(random, seed),
  check: (text) => {
    const policy = orRefused(/^appraise-policy$/, () => parsePolicy(text))
    if (policy === undefined) return false
    need(
      printPolicy(parsePolicy(printPolicy(policy))) === printPolicy(policy),
      'a policy that prints otherwise',
    )
    return true
  },
})

export const appraiseTargets: readonly Target[] = [
  derTarget,
  certificateTarget,
  revocationTarget,
  quoteTarget,
  collateralTarget,
  policyTarget,
]
