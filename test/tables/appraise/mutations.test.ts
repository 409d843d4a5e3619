// Mutations of raw reports and quotes: each change is refused with the exact codes of the checks that it fails, and with no other.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { appraise } from '../../../src/fault/appraise.ts'
import { codesOfMutation, type Mutation } from '../../with/mutation.ts'
import { goodMilan, goodSnpOf, snpChainMutations } from './mutations/snp-chain.ts'
import { snpRealMutations } from './mutations/snp-real.ts'
import { goodSnp, snpReportMutations } from './mutations/snp-report.ts'
import { tdxCollateralMutations } from './mutations/tdx-collateral.ts'
import { goodTdx, goodTdxOfTestRoot, goodTdxOfVersion4, tdxQuoteMutations } from './mutations/tdx-quote.ts'
import { goodRealTdx, tdxRealMutations } from './mutations/tdx-real.ts'

const all: readonly Mutation[] = [
  ...snpReportMutations,
  ...snpChainMutations,
  ...snpRealMutations,
  ...tdxQuoteMutations,
  ...tdxCollateralMutations,
  ...tdxRealMutations,
]

test('the evidence that the mutations start from is good', () => {
  assert.equal(goodSnp(), [])
  assert.equal(goodSnpOf('VLEK'), [])
  assert.equal(goodSnpOf('Turin'), [])
  assert.equal(goodMilan(), [])
  assert.equal(goodTdx(), [])
  assert.equal(goodTdxOfVersion4(), [])
  assert.equal(goodRealTdx(), [])
})

test("a quote of the test chain has the codes of its root alone, which is not Intel's", () => {
  assert.equal(goodTdxOfTestRoot(), ['appraise-chain', 'appraise-collateral'])
})

for (const kind of new Set(all.map((one) => one.kind)))
  test(`refused, each with its exact codes: ${kind}`, () => {
    for (const mutation of all.filter((one) => one.kind === kind)) {
      assert.ok(mutation.codes.length > 0, mutation.name)
      assert.equal(codesOfMutation(mutation), mutation.codes, mutation.name)
    }
  })

/** Codes of a policy file, of the file with the result, and of the parts of cvmboot's own evidence that raw evidence lacks. */
const others = [
  ...['appraise-nonce', 'appraise-statement', 'appraise-boot', 'appraise-policy'],
  ...['appraise-result-key', 'appraise-output'],
]

test('there are at least 200 mutations, and each code that a raw report or quote can get occurs', () => {
  assert.ok(all.length >= 200, `${all.length} mutations`)
  const names = all.map(({ kind, name }) => `${kind}: ${name}`)
  assert.equal(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
    'no mutation has the name of another',
  )
  const found = new Set<string>(all.flatMap(({ codes }) => codes))
  // The quote of a TPM has a table of its own, tpm.test.ts.
  const expected = Object.keys(appraise.rows).filter(
    (code) => !others.includes(code) && !code.startsWith('appraise-tpm-'),
  )
  assert.equal([...found].sort(), expected.sort())
})

test.run()
