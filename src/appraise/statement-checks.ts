// Judges a statement against the manifest of the owner and against the report that covers the statement. Pure.

import { printStatement, type Statement } from '../evidence/statement.ts'
import { siteVolume } from '../layout/layout.ts'
import type { Manifest } from '../measure/manifest.ts'
import { digestOf, extended } from '../measure/register.ts'
import { type Finding, note } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { sameHex } from './judge.ts'
import type { Launched } from './launched.ts'
import type { Values } from './policy.ts'

const code = 'appraise-statement'
const notCompared = 'not compared, because no manifest was given (--manifest FILE)'

type Boot = NonNullable<Manifest['boot']>

const wrongPlan = ({ plan }: Statement, { planDigest, refused }: Boot): string | undefined => {
  if (planDigest === null) return `the manifest predicts no plan: ${refused ?? 'the image would not boot'}`
  return sameHex(plan, planDigest) ? undefined : `the plan is ${plan}, which the manifest does not predict`
}

/** A manifest is the same for all sites, so the manifest has no root hash of the volume that the value of a site names. */
const namedBySite = ({ site }: Statement, { rootHashes }: Boot, volume: string): boolean =>
  site !== null && volume === siteVolume && rootHashes[siteVolume] === undefined

const wrongRoots = (statement: Statement, boot: Boot): string | undefined => {
  const { rootHashes } = boot
  const stated = new Map<string, string>(Object.entries(statement.roots))
  const unpredicted = [...stated].find(([volume, root]) => {
    const wanted = rootHashes[volume]
    if (namedBySite(statement, boot, volume)) return false
    return wanted === undefined || !sameHex(root, wanted)
  })
  const absent = Object.keys(rootHashes).find((volume) => !stated.has(volume))
  return firstOf(
    unpredicted === undefined
      ? undefined
      : `the root hash of ${unpredicted[0]} is ${unpredicted[1]}, which the manifest does not predict`,
    absent === undefined
      ? undefined
      : `the manifest has a root hash of ${absent}, and the statement has none`,
  )
}

const bootChecks = (statement: Statement, manifest: Manifest | undefined): Finding[] => {
  if (manifest === undefined) return [note('plan', notCompared), note('root hashes', notCompared)]
  const { boot } = manifest
  if (boot === null) return [check('plan', code, 'the manifest predicts no boot: it has no initramfs', '')]
  return [
    check('plan', code, wrongPlan(statement, boot), statement.plan),
    check('root hashes', code, wrongRoots(statement, boot), 'as the manifest predicts'),
  ]
}

const imageCheck = ({ image: stated }: Statement, manifest: Manifest | undefined): Finding => {
  const predicted = manifest?.image ?? null
  if (stated === null) return note('image', 'the root does not name itself')
  const name = `${stated.id} ${stated.version}`
  if (predicted === null) return note('image', `${name}: not compared, because no manifest names an image`)
  const same = stated.id === predicted.id && stated.version === predicted.version
  const wrong = `the image is ${name}, and the manifest is of ${predicted.id} ${predicted.version}`
  return check('image', code, same ? undefined : wrong, name)
}

/** `values`: the values of HOSTDATA or MRCONFIGID that the policy of the owner accepts. */
const siteCheck = ({ site }: Statement, launched: Launched | undefined, values: Values): Finding => {
  if (site === null) return note('site', 'the command line names each volume')
  const wrong =
    launched?.hostData === site
      ? undefined
      : `the site is ${site}, and the report has ${launched?.hostData ?? 'no host data'}`
  if (wrong === undefined && !(Array.isArray(values) && values.includes(site)))
    return note(
      'site',
      `${site}: the policy does not name this value in hostData or mrConfigId, so its owner trusts the host with the volume ${siteVolume}`,
    )
  return check('site', code, wrong, `${site}, as HOSTDATA or MRCONFIGID has it, and as the policy names it`)
}

const zero = '00'.repeat(48)

/**
 * RTMR 3 after the boot that extended it with this statement alone. `who` made the evidence: RTMR 3 of a later quote has the statement
 * of the boot, but RTMR 3 in the quote of a boot that extended nothing is zero.
 */
const rtmrChecks = (statement: Statement, launched: Launched | undefined, who: 'boot' | 'VM'): Finding[] => {
  const found = launched?.rtmr3
  if (statement.rtmr3 === undefined) {
    if (found === undefined) return []
    const wrong = `it is ${found}, and the statement does not explain it`
    return who === 'boot' && found !== zero
      ? [check('RTMR 3', code, wrong, '')]
      : [
          note(
            'RTMR 3',
            'this statement is not in it, so a program that ran after the boot can have made the statement',
          ),
        ]
  }
  const wanted = extended('sha384', [digestOf('sha384', printStatement(statement))]).toString('hex')
  const wrong =
    found === undefined
      ? 'the statement says that it is in RTMR 3, and the report is of no TD'
      : `it is ${found}, and the statement makes it ${wanted}`
  return [
    check('RTMR 3', code, found === wanted ? undefined : wrong, 'the statement is in it, and nothing else'),
  ]
}

const shown = ({ state, keys, ephemeral, executable, time }: Statement): Finding[] => [
  note('executable', `cvmboot ${executable.version}, ${executable.git}; the measurement covers the bytes`),
  note('state', state ?? 'the boot had not written its state yet'),
  note(
    'keys',
    Object.entries(keys)
      .map(([volume, policy]) => `${volume} ${policy}`)
      .join('; ') || 'no volume has a key',
  ),
  note(
    'ephemeral key',
    ephemeral === null
      ? 'this boot keeps no private key'
      : `x25519 ${ephemeral.x25519}${ephemeral.p256 === null ? '' : `, p256 ${ephemeral.p256}`}`,
  ),
  note('time', `${time}: not proved, because the host sets the clock of the VM`),
]

/** `launched` is of the report that covers the statement; undefined where that report cannot be read. `values`: see siteCheck. */
export const statementChecks = (
  statement: Statement,
  manifest: Manifest | undefined,
  launched: Launched | undefined,
  values: Values,
  who: 'boot' | 'VM',
): Finding[] => [
  ...bootChecks(statement, manifest),
  imageCheck(statement, manifest),
  siteCheck(statement, launched, values),
  ...rtmrChecks(statement, launched, who),
  ...shown(statement),
]

/** The reason why two statements are of two boots; undefined where both can be of one boot. */
export const wrongPair = (boot: Statement, whole: Statement): string | undefined => {
  const parts = ['executable', 'image', 'plan', 'roots', 'site', 'keys'] as const
  const part = parts.find((one) => JSON.stringify(boot[one]) !== JSON.stringify(whole[one]))
  return part === undefined
    ? undefined
    : `the statement of the boot has another ${part} than the statement of the evidence`
}
