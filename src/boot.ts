// The boot: read, plan, print, run. The only catch that halts.

import { onFailureOf, parseParams } from './cmdline/params.ts'
import { parseConfig } from './config/config.ts'
import type { Edition } from './edition.ts'
import { hostileVariable } from './environment.ts'
import { fail, faultOf, say } from './fault.ts'
import { configPath } from './layout/initramfs.ts'
import type { Machine } from './machine/machine.ts'
import { type Pivot, planBoot } from './plan/plan.ts'
import { briefStep, printStep, runStep, type Step } from './steps/index.ts'
import type { Boot } from './steps/step.ts'

/** The last line of a refusal, once the kernel has no mount and no mapping of ours left. */
export const closed = 'closed: nothing is left mounted or mapped'

/** Everything is understood here, before the first effect. */
const readPlan = (machine: Machine, pivot: Pivot): Step[] => {
  const variable = hostileVariable(machine.environment())
  if (variable !== undefined) throw fail('environment-hostile', { variable })
  const config = machine.readText(configPath)
  if (config === undefined)
    throw fail('config-missing', { file: configPath, reason: 'it is not in the initramfs; pack it again' })
  return planBoot(parseParams(machine.cmdline()), parseConfig(config, configPath), pivot)
}

const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10

const runPlan = async (plan: readonly Step[], boot: Boot): Promise<void> => {
  const { machine, done } = boot
  for (const [index, step] of plan.entries()) {
    const where = `[${String(index + 1).padStart(2)}/${plan.length}] ${briefStep(step)}`
    const before = machine.now()
    const evidence = await runStep(step, boot)
    const milliseconds = tenths(machine.now() - before)
    done.push({ step: printStep(step), at: tenths(before), milliseconds, evidence })
    machine.log(6, `${where}: ${milliseconds} ms`)
  }
}

/**
 * Boots, or halts. On a real machine it comes back in one case: all is done and a framework pivots. Fault:
 * `environment-not-init`, where nothing has been touched; every other ends the machine.
 */
export const boot = async (machine: Machine, edition: Edition, pivot: Pivot): Promise<void> => {
  if (!(pivot === 'own' ? machine.isInit() : machine.isInitramfs())) throw fail('environment-not-init', {})
  let onFailure: ReturnType<typeof onFailureOf> = 'halt'
  try {
    machine.start()
    onFailure = onFailureOf(machine.cmdline())
    if (edition.warning !== undefined) machine.log(4, edition.warning)
    const plan = readPlan(machine, pivot)
    for (const [index, step] of plan.entries()) machine.log(7, `plan ${index + 1}: ${printStep(step)}`)
    await runPlan(plan, { machine, edition, started: machine.now(), done: [], cvm: undefined })
  } catch (thrown) {
    machine.log(3, `halt: ${say(faultOf(thrown))}`)
    try {
      const left = machine.wipe()
      machine.log(6, left.length === 0 ? closed : `still open: ${left.join(' ')}`)
    } finally {
      machine.end(onFailure)
    }
  }
}
