// The verb `status`: what this machine runs from, and whether it is healthy. Reads only.

import { readArguments } from '../arguments.ts'
import { BootFault } from '../fault/index.ts'
import { screenOf } from '../terminal/screen.ts'
import { readBooted } from './booted.ts'
import { live } from './live.ts'
import { overviewOf } from './overview.ts'
import { printOverview, printOverviewJson } from './overview-text.ts'
import { sceneOf } from './scene.ts'

export const statusHelp = `cvmboot status [--config FILE] [--json]

Says what this machine runs from: each volume with its device, what protects it, its key, mount, size and use; the kind of
confidential VM and what shows it, swap, kernel lockdown, whether the host reads the job-store. Ends with the status of
the first problem that cvmboot verify finds. For root. Changes nothing.

  --config FILE    the configuration (default: as the boot kept it)
  --json           as JSON, with the device-mapper tables
`

const accepted = { config: { type: 'string' }, json: { type: 'boolean' } } as const

/** Faults: `usage`, `state-read`, `config-*`, `verify-*`. */
export const status = async (args: readonly string[]): Promise<void> => {
  const { config, json } = readArguments(args, accepted)
  const { expected, state } = readBooted(live, config)
  const overview = overviewOf(sceneOf(live, expected, state))
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json === true ? printOverviewJson(overview) : printOverview(overview, screen))
  const [fault] = overview.problems
  if (fault !== undefined) throw new BootFault(fault)
}
