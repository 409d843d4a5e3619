// The verb `verify`: does what runs now follow from what was measured? Reads only.

import { BootFault } from '../fault/index.ts'
import { type Finding, firstFault, printFindings, printFindingsJson } from '../terminal/finding.ts'
import { startProgress } from '../terminal/progress.ts'
import { screenOf } from '../terminal/screen.ts'
import { readBooted } from './booted.ts'
import { compare } from './compare.ts'
import { readDeep } from './deep.ts'
import type { Expected } from './expected.ts'
import { live } from './live.ts'
import { sceneOf } from './scene.ts'

const readAll = async ({ volumes }: Expected): Promise<Finding[]> => {
  const progress = startProgress(process.stderr)
  const findings: Finding[] = []
  for (const { name, protection } of volumes) {
    const mapping = protection === 'verity' ? live.mapping(name) : undefined
    if (mapping !== undefined)
      findings.push(await readDeep(name, mapping.device, Number(mapping.sectors) * 512, progress))
  }
  progress.end()
  return findings
}

type Asked = { readonly config: string | undefined; readonly deep: boolean; readonly json: boolean }

/** Prints the findings, then fails with the first that is bad. Faults: `state-read`, `config-*`, `verify-*`. */
export const verify = async ({ deep, config, json }: Asked): Promise<void> => {
  const { expected, state } = readBooted(live, config)
  const findings = compare(sceneOf(live, expected, state))
  // What is not as it should be is not read: that might be what someone waits for.
  if (deep && firstFault(findings) === undefined) findings.push(...(await readAll(expected)))
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json ? printFindingsJson(findings) : printFindings(findings, screen))
  const fault = firstFault(findings)
  if (fault !== undefined) throw new BootFault(fault)
}
