// The verb `plan`: what a boot with this command line and configuration would do, or why it would refuse.

import { parseArgs } from 'node:util'
import { parseParams } from '../cmdline/params.ts'
import { defaultConfig, parseConfig } from '../config/config.ts'
import { fail } from '../fault.ts'
import { reasonOf } from '../machine/errno.ts'
import { readText } from '../machine/text.ts'
import { printStep, type Step } from '../steps/index.ts'
import { planBoot } from './plan.ts'

export const planHelp = `cvmboot plan --cmdline TEXT [--config FILE] [--json]

Prints what a boot with this kernel command line and partition.conf would do, step by step, or refuses
it with the code the boot would halt with. Needs no privileges and changes nothing.

  --cmdline TEXT   the kernel command line, as in "$(cat cmdline)"
  --config FILE    partition.conf (default: the built-in defaults)
  --json           the steps as a JSON array
`

/** Steps as JSON; block and byte counts are strings, since they may exceed what a double holds. */
export const printPlanJson = (steps: readonly Step[]): string =>
  `${JSON.stringify(steps, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value), 2)}\n`

export const printPlan = (steps: readonly Step[]): string =>
  steps.map((step, i) => `${String(i + 1).padStart(2)}  ${printStep(step)}\n`).join('')

const read = (file: string): string => {
  let reason = 'there is no such file'
  try {
    const text = readText(file)
    if (text !== undefined) return text
  } catch (thrown) {
    reason = reasonOf(thrown)
  }
  throw fail('config-missing', { file, reason })
}

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: { cmdline: { type: 'string' }, config: { type: 'string' }, json: { type: 'boolean' } },
    }).values
  } catch (thrown) {
    throw fail('usage', { reason: reasonOf(thrown) })
  }
}

export const plan = async (args: readonly string[]): Promise<void> => {
  const options = parse(args)
  if (options.cmdline === undefined) throw fail('usage', { reason: 'plan needs --cmdline TEXT' })
  const config =
    options.config === undefined ? defaultConfig : parseConfig(read(options.config), options.config)
  const steps = planBoot(parseParams(options.cmdline), config)
  process.stdout.write(options.json === true ? printPlanJson(steps) : printPlan(steps))
}
