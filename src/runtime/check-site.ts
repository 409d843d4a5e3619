// The check of the site: the record that the boot took has the value of the launch as its digest, in the state and in the report
// of the boot's evidence. Pure. `verify` asks no firmware for a new report: on a busy host, such a request may end the channel.

import type { VerityParams } from '../cmdline/params.ts'
import { parseEvidence } from '../evidence/evidence.ts'
import { fail } from '../fault/index.ts'
import { evidenceDiffers, evidencePath } from '../proof/evidence.ts'
import { recordOf, siteDiffers } from '../proof/site.ts'
import { evidenceOf } from '../proof/state.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { StepOf } from './planned.ts'
import type { Scene } from './scene.ts'

/** The root hash, blocks and salt of a verified volume; undefined where the state has no record that proves them. */
export const namedIn = ({ state }: Scene, step: StepOf<'open-verity'>): VerityParams | undefined => {
  if ('blocks' in step) return step
  const site = evidenceOf(state, 'read-site')[0]
  return site === undefined ? undefined : recordOf(site)
}

/** The report in the evidence of the boot; undefined where the boot made none. checkEvidence judges the file itself. */
const reportOfBoot = ({ system, state }: Scene) => {
  const text = system.text(evidencePath)
  const digest = evidenceOf(state, 'take-evidence')[0]?.digest
  if (text === undefined || evidenceDiffers(digest, text) !== undefined) return undefined
  const evidence = parseEvidence(text)
  return 'wrong' in evidence ? undefined : evidence.tee
}

export const checkSite = (scene: Scene): Finding[] => {
  const site = evidenceOf(scene.state, 'read-site')[0]
  const reason = site === undefined ? 'the state has no site' : siteDiffers(site, reportOfBoot(scene))
  return reason === undefined
    ? [good('site', `${site?.field} ${site?.value.slice(0, 12)}... names the record of os-config`)]
    : [bad('site', fail('verify-site', { reason }).fault)]
}
