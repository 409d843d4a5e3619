// The owner of a volume at the other end of a relay: reads the request of a boot, and wraps a grant for that boot.

import * as assert from 'uvu/assert'
import { parseEvidence, reportData } from '../../src/evidence/evidence.ts'
import { type GrantTerms, printGrant, type Scope } from '../../src/evidence/grant.ts'
import { launchOf } from '../../src/evidence/launch.ts'
import { parseKeyRequest } from '../../src/evidence/release-wire.ts'
import { parseStatement } from '../../src/evidence/statement.ts'
import { wrapGrant } from '../../src/keys/grant.ts'
import type { CryptName } from '../../src/layout/layout.ts'
import { parseSnpReport } from '../../src/machine/snp-report.ts'
import { ownerKey, secretOf } from './grants.ts'

export const notAfter = '2026-12-31T00:00:00Z'

/** What an owner reads of a request. */
export type Read = {
  readonly volumes: readonly CryptName[]
  readonly statement: Buffer
  readonly recipient: Buffer
  readonly scope: Scope
}

export const readRequest = (body: Buffer): Read => {
  const request = parseKeyRequest(body)
  if ('wrong' in request) throw new Error(request.wrong)
  const evidence = parseEvidence(request.evidence)
  if ('wrong' in evidence || evidence.tee?.type !== 'sev-snp') throw new Error('no evidence')
  const { reportData: covered } = parseSnpReport(evidence.tee.report)
  assert.is(covered, reportData(evidence.nonce, evidence.statement).toString('hex'))
  const statement = parseStatement(evidence.statement)
  const launch = launchOf(evidence.tee)
  if ('wrong' in statement || statement.ephemeral === null || launch === undefined)
    throw new Error('no key of the boot')
  assert.is(statement.state, null)
  return {
    volumes: request.volumes,
    statement: evidence.statement,
    recipient: Buffer.from(statement.ephemeral.x25519, 'hex'),
    scope: { image: statement.image, launches: [launch.word], site: launch.site, notAfter },
  }
}

export type Given = Partial<GrantTerms> & { readonly secret?: number; readonly key?: number }

export const granted = (read: Read, { secret = 9, key = 1, ...changed }: Given = {}): Buffer => {
  const terms: GrantTerms = {
    volume: 'workspace',
    purpose: 'root-secret',
    sequence: 1,
    scope: read.scope,
    ...changed,
  }
  return wrapGrant(read.recipient, read.statement, printGrant(terms, secretOf(secret), ownerKey(key)))
}
