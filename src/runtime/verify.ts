// The verb `verify`: says whether the running system still follows from the measured plan. The verb changes nothing.

import { BootFault } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { type Finding, firstFault, printFindings, printFindingsJson } from '../terminal/finding.ts'
import { startProgress } from '../terminal/progress.ts'
import { screenOf } from '../terminal/screen.ts'
import { readBooted } from './booted.ts'
import { compare } from './compare.ts'
import { readDeep } from './deep.ts'
import { live } from './live.ts'
import { type Plan, stepsOf } from './planned.ts'
import { sceneOf } from './scene.ts'

const readAll = async (plan: Plan): Promise<Finding[]> => {
  const progress = startProgress(process.stderr)
  const findings: Finding[] = []
  for (const { volume } of stepsOf(plan, 'open-verity')) {
    const mapping = live.mapping(volume)
    if (mapping !== undefined)
      findings.push(await readDeep(volume, mapping.device, Number(mapping.sectors) * 512, progress))
  }
  progress.end()
  return findings
}

type VerifyOptions = {
  readonly config: string | undefined
  readonly deep: boolean
  readonly json: boolean
  /** The key providers of the build that booted. */
  readonly providers: readonly LastingProvider[]
}

/** Prints the findings, then fails with the first bad one. Faults: `state-read`, `config-*`, `verify-*`. */
export const verify = async ({ deep, config, json, providers }: VerifyOptions): Promise<void> => {
  const { plan, state } = readBooted(live, config, providers)
  const findings = compare(sceneOf(live, plan, state))
  // Where a check failed, nothing is read: an attacker may wait for the read of a wrong device.
  if (deep && firstFault(findings) === undefined) findings.push(...(await readAll(plan)))
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json ? printFindingsJson(findings) : printFindings(findings, screen))
  const fault = firstFault(findings)
  if (fault !== undefined) throw new BootFault(fault)
}
