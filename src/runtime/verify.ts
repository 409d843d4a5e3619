// The verb `verify`: does what runs now follow from what was measured? Reads only.

import { readArguments } from '../arguments.ts'
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

export const verifyHelp = `cvmboot verify [--deep] [--config FILE] [--json]

Compares what runs now with what the measured command line and configuration demand: device-mapper tables and status,
mounts and what lies over them, layers, limits of tmpfs, swap, headers on the disk. One line a check; ends with the status
of the first that fails. For root. Changes nothing.

  --deep           reads every block of the verified volumes; a wrong one panics the machine, as it would whoever
                   reads it next
  --config FILE    the configuration (default: as the boot kept it)
  --json           the findings as JSON
`

const accepted = { deep: { type: 'boolean' }, config: { type: 'string' }, json: { type: 'boolean' } } as const

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

/** Prints the findings, then fails with the first that is bad. Faults: `usage`, `state-read`, `config-*`, `verify-*`. */
export const verify = async (args: readonly string[]): Promise<void> => {
  const { deep, config, json } = readArguments(args, accepted)
  const { expected, state } = readBooted(live, config)
  const findings = compare(sceneOf(live, expected, state))
  // What is not as it should be is not read: that might be what someone waits for.
  if (deep === true && firstFault(findings) === undefined) findings.push(...(await readAll(expected)))
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json === true ? printFindingsJson(findings) : printFindings(findings, screen))
  const fault = firstFault(findings)
  if (fault !== undefined) throw new BootFault(fault)
}
