// The verb `plan`: prints the steps that a boot with this command line and this configuration runs, or why the boot would
// refuse the two.

import { defaultConfig, parseConfig } from '../config/config.ts'
import { readCmdline } from '../config/verdict.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { readCmdlineOption } from '../machine/cmdline-file.ts'
import { readConfigFile } from '../machine/config-file.ts'
import { planText, type Step } from '../steps/index.ts'
import type { Pivot } from '../system/pivot.ts'
import { plain, type Screen, screenOf, wrapped } from '../terminal/screen.ts'
import { planBoot } from './plan.ts'

/** Steps as JSON. Counts of blocks and bytes are strings, since a count may exceed the integers that a double holds. */
export const printPlanJson = (steps: readonly Step[]): string =>
  `${JSON.stringify(steps, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value), 2)}\n`

export const printPlan = (steps: readonly Step[], screen: Screen = plain): string =>
  planText(steps, (line) => wrapped(line, 4, screen))

/** `cmdline` is the command line, or @ and the file that holds the command line; `config` is a file. */
type PlanOptions = {
  readonly cmdline: string
  readonly config: string | undefined
  readonly pivot: Pivot
  readonly json: boolean
  /** The key providers of the build that will boot. */
  readonly providers: readonly LastingProvider[]
}

/** Prints the plan. Faults: `config-*`, `cmdline-*`, `environment-hostile`, `input-too-large`. */
export const showPlan = ({ cmdline, config: file, pivot, json, providers }: PlanOptions): void => {
  const config = file === undefined ? defaultConfig : parseConfig(readConfigFile(file), file, providers)
  const steps = planBoot(readCmdline(readCmdlineOption(cmdline), config, pivot), config, pivot, providers)
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json ? printPlanJson(steps) : printPlan(steps, screen))
}
