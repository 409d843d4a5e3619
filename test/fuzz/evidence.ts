// The evidence and the statement of a VM, which a verifier reads from a stranger, and the grant that a boot reads.

import { type Evidence, parseEvidence, printEvidence } from '../../src/evidence/evidence.ts'
import { parseGrant, printGrant } from '../../src/evidence/grant.ts'
import { parseStatement, printStatement } from '../../src/evidence/statement.ts'
import { Secret } from '../../src/secret/secret.ts'
import { grantOf, ownerKey } from '../with/grants.ts'
import { mutateJson } from './json.ts'
import type { Random } from './random.ts'
import { need, type Target, target } from './run.ts'

const statement = printStatement({
  executable: { version: '0.1.0', git: 'c9ea569' },
  image: { id: 'site', version: '7' },
  plan: '01'.repeat(32),
  roots: { 'root-fs': '02'.repeat(32), 'oem-launcher': '03'.repeat(32), 'os-config': '04'.repeat(32) },
  state: '05'.repeat(32),
  site: null,
  keys: { workspace: 'snp binding=measurement' },
  ephemeral: { x25519: '07'.repeat(32), p256: null },
  time: '2026-12-01T12:00:00Z',
})

const boot: Evidence = {
  nonce: Buffer.alloc(0),
  statement,
  tee: { type: 'sev-snp', report: Buffer.alloc(1184, 1), certificates: Buffer.alloc(0) },
  tpm: undefined,
  boot: undefined,
}

const whole: Evidence = {
  nonce: Buffer.alloc(32, 7),
  statement,
  tee: { type: 'tdx', quote: Buffer.alloc(600, 2) },
  tpm: {
    quote: Buffer.alloc(20, 3),
    signature: Buffer.alloc(20, 4),
    key: Buffer.alloc(20, 5),
    certificate: Buffer.alloc(0),
    log: Buffer.alloc(40, 6),
    pcrs: { 4: Buffer.alloc(32, 8) },
    hcl: Buffer.alloc(0),
  },
  boot,
}

const show = (text: string): string => JSON.stringify(text)

/** Half of the inputs differ in one hexadecimal digit only, so that the reader accepts some of them. */
const mutate = (random: Random, text: string): string => {
  if (random.once(2)) return mutateJson(random, text)
  const digits = [...text.matchAll(/[0-9a-f](?=[0-9a-f]{8})/g)].map(({ index }) => index)
  const at = random.pick(digits)
  return `${text.slice(0, at)}${random.pick(['0', '9', 'a', 'f'])}${text.slice(at + 1)}`
}

const statementTarget = target<string>({
  name: 'statement',
  cost: 1,
  seeds: [statement.toString('utf8')],
  show,
  mutate,
  check: (text) => {
    const found = parseStatement(Buffer.from(text))
    if ('wrong' in found) return false
    need(printStatement(found).toString('utf8') === text, 'a statement with a second spelling')
    return true
  },
})

const evidenceTarget = target<string>({
  name: 'evidence',
  cost: 2,
  seeds: [printEvidence(boot), printEvidence(whole)],
  show,
  mutate,
  check: (text) => {
    const found = parseEvidence(text)
    if ('wrong' in found) return false
    need(printEvidence(found) === text, 'evidence with a second spelling')
    return true
  },
})

const grant = grantOf().bytes
const grantHead = grant.subarray(0, 96)

/** The text of a grant behind the head of a good one. The signature is judged before the text is read, and not here. */
const grantTarget = target<string>({
  name: 'grant',
  cost: 1,
  seeds: [grant.subarray(96).toString('utf8')],
  show,
  mutate,
  check: (text) => {
    const found = parseGrant(new Secret(Buffer.concat([grantHead, Buffer.from(text)])))
    if ('wrong' in found) return false
    const printed = printGrant(found.terms, found.secret, ownerKey(1)).bytes.subarray(96)
    need(printed.toString('utf8') === text, 'a grant with a second spelling')
    return true
  },
})

export const evidenceTargets: readonly Target[] = [statementTarget, evidenceTarget, grantTarget]
