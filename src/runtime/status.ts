// The verb `status`: shows the volumes and settings of this machine, and whether the machine is healthy. The verb changes
// nothing.

import { BootFault } from '../fault/index.ts'
import { screenOf } from '../terminal/screen.ts'
import { readBooted } from './booted.ts'
import { live } from './live.ts'
import { overviewOf } from './overview.ts'
import { printOverview, printOverviewJson } from './overview-text.ts'
import { sceneOf } from './scene.ts'

type Asked = { readonly config: string | undefined; readonly json: boolean }

/** Prints the overview, then fails with the first problem. Faults: `state-read`, `config-*`, `verify-*`. */
export const status = async ({ config, json }: Asked): Promise<void> => {
  const { plan, state } = readBooted(live, config)
  const overview = overviewOf(sceneOf(live, plan, state))
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json ? printOverviewJson(overview) : printOverview(overview, screen))
  const [fault] = overview.problems
  if (fault !== undefined) throw new BootFault(fault)
}
