// The platform of a TD by Intel's collateral: its signers, its processor, its dates and its revocations. Pure.

import type { TdxQuote } from '../evidence/tdx-quote.ts'
import type { Finding } from '../terminal/finding.ts'
import type { Certificate } from './certificate.ts'
import { check, firstOf } from './check.ts'
import { readIntelChain } from './intel-chain.ts'
import { readPck } from './pck.ts'
import type { TdxPolicy } from './policy.ts'
import { type Collateral, listsOf, wrongText } from './tdx-collateral.ts'
import { parseQeIdentity, parseTcbInfo, type TcbInfo } from './tdx-identity.ts'
import { statusChecks } from './tdx-status.ts'

type PckChain = { readonly pck: Certificate; readonly issuer: Certificate }

export const collateralChecks = (
  quote: TdxQuote,
  { pck, issuer }: PckChain,
  collateral: Collateral,
  policy: TdxPolicy,
  date: Date,
): Finding[] => {
  const [info, identity] = [
    parseTcbInfo(collateral.tcbInfo.text),
    parseQeIdentity(collateral.qeIdentity.text),
  ]
  const chains = (
    [
      [collateral.tcbInfo, 'TCB information'],
      [collateral.qeIdentity, 'enclave identity'],
    ] as const
  ).map(([text, of]) => {
    const chain = readIntelChain(text.chain, of, date)
    return { ...chain, text: chain.first === undefined ? undefined : wrongText(text, chain.first) }
  })
  const ofList = readIntelChain(collateral.pckRevocationChain, 'PCK revocation list', date)
  const signers = chains.flatMap(({ first }) => (first === undefined ? [] : [first]))
  const root = chains[0]?.issuer
  const processor = readPck(pck)
  if (info === undefined || identity === undefined || processor === undefined || root === undefined)
    return [check('collateral', 'appraise-collateral', 'it is not as Intel writes it for TDX', '')]
  const lists = listsOf(collateral, pck, issuer, root, signers, date)
  const wrong = firstOf(
    ...chains.map((one) => one.chain),
    ...chains.map((one) => one.text),
    ofList.chain,
    ofList.first !== undefined && !sameKey(ofList.first, issuer)
      ? 'its revocation list is of another CA than the PCK certificate'
      : undefined,
    info.fmspc === processor.fmspc && info.pceId === processor.pceId
      ? undefined
      : `it is for FMSPC ${info.fmspc}, and the processor has ${processor.fmspc}`,
    [info, identity].some(({ evaluation }) => evaluation < policy.leastEvaluation)
      ? `its evaluation data set is ${Math.min(info.evaluation, identity.evaluation)}, below ${policy.leastEvaluation}`
      : undefined,
  )
  const dates = firstOf(
    ...chains.map((one) => one.dates),
    ofList.dates,
    outOfForce('the TCB information', info, date),
    outOfForce('the identity of the quoting enclave', identity, date),
  )
  return [
    check('collateral', 'appraise-collateral', wrong, `signed by Intel, for FMSPC ${info.fmspc}`),
    check('collateral dates', 'appraise-date', dates, `in force on ${date.toISOString()}`),
    check(
      'revocation list',
      'appraise-revocation',
      lists.wrong,
      'both are signed by their issuer, and in force',
    ),
    check('revocation', 'appraise-revoked', lists.revoked, 'no certificate of the chains is revoked'),
    ...statusChecks(quote, { sgx: processor.sgx, pce: processor.pce }, info, identity, policy),
  ]
}

const sameKey = ({ key: one }: Certificate, { key: other }: Certificate): boolean => one.equals(other)

const outOfForce = (
  name: string,
  { issueDate, nextUpdate }: Pick<TcbInfo, 'issueDate' | 'nextUpdate'>,
  date: Date,
): string | undefined =>
  date < issueDate
    ? `${name} is of ${issueDate.toISOString()}, which lies ahead`
    : date >= nextUpdate
      ? `${name} expired on ${nextUpdate.toISOString()}`
      : undefined
