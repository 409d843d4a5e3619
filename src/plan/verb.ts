// The verb `plan`: what a boot with this command line and configuration would do, or why it would refuse.

import { readArguments } from '../arguments.ts'
import { defaultConfig, parseConfig } from '../config/config.ts'
import { readCmdline } from '../config/verdict.ts'
import { fail } from '../fault/index.ts'
import { readCmdlineOption } from '../machine/cmdline-file.ts'
import { readConfigFile } from '../machine/config-file.ts'
import { printStep, type Step } from '../steps/index.ts'
import { plain, type Screen, screenOf, wrapped } from '../terminal/screen.ts'
import { planBoot } from './plan.ts'

export const planHelp = `cvmboot plan --cmdline TEXT|@FILE [--config FILE] [--hook] [--json]

Prints what a boot with this kernel command line and partition.conf would do, step by step, or refuses
it with the code the boot would halt with. Needs no privileges and changes nothing.

  --cmdline TEXT   the kernel command line, or @ and a file that holds it, as in @cmdline
  --config FILE    partition.conf (default: the built-in defaults)
  --hook           of a boot in an initramfs of dracut or initramfs-tools, which pivot themselves
  --json           the steps as a JSON array
`

const accepted = {
  cmdline: { type: 'string' },
  config: { type: 'string' },
  hook: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/** Steps as JSON; block and byte counts are strings, since they may exceed what a double holds. */
export const printPlanJson = (steps: readonly Step[]): string =>
  `${JSON.stringify(steps, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value), 2)}\n`

export const printPlan = (steps: readonly Step[], screen: Screen = plain): string =>
  steps.map((step, i) => `${String(i + 1).padStart(2)}  ${wrapped(printStep(step), 4, screen)}\n`).join('')

/** Prints the plan. Faults: `usage`, `config-*`, `cmdline-*`, `environment-hostile`, `input-too-large`. */
export const plan = async (args: readonly string[]): Promise<void> => {
  const { cmdline, config: file, hook, json } = readArguments(args, accepted)
  if (cmdline === undefined) throw fail('usage', { reason: 'plan needs --cmdline TEXT or --cmdline @FILE' })
  const config = file === undefined ? defaultConfig : parseConfig(readConfigFile(file), file)
  const pivot = hook === true ? 'framework' : 'own'
  const steps = planBoot(readCmdline(readCmdlineOption(cmdline), config, pivot), config, pivot)
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json === true ? printPlanJson(steps) : printPlan(steps, screen))
}
