// What must hold of the site of a boot: the record in the state has the value as its digest, and so has the report in the
// evidence of the boot. Pure.

import { hostDataIn } from '../evidence/bound.ts'
import type { TeeEvidence } from '../evidence/evidence.ts'
import { type SiteRecord, siteValue } from '../layout/site.ts'
import { parseBlocks, parseRootHash, parseSalt } from '../layout/verity.ts'
import type { EvidenceOf } from './state.ts'

/** The record that the boot took; undefined where its fields are no record, or the record has another digest than the value. */
export const recordOf = (site: EvidenceOf<'read-site'>): SiteRecord | undefined => {
  const [rootHash, blocks, salt] = [
    parseRootHash(site.rootHash),
    parseBlocks(site.blocks),
    parseSalt(site.salt),
  ]
  if (rootHash === undefined || blocks === undefined || salt === undefined) return undefined
  const record = { rootHash, blocks, salt }
  return siteValue(record, site.field) === site.value ? record : undefined
}

/** The reason why the site is not the one of the launch; undefined where it is. `tee`: the report of the boot's evidence. */
export const siteDiffers = (
  site: EvidenceOf<'read-site'>,
  tee: TeeEvidence | undefined,
): string | undefined => {
  if (recordOf(site) === undefined) return `the record of the state does not have the digest ${site.value}`
  const reported = tee === undefined ? site.value : hostDataIn(tee).toString('hex')
  return reported === site.value
    ? undefined
    : `the report in the evidence of the boot has ${site.field} ${reported || 'of no bytes'}, and the boot took ${site.value}`
}
