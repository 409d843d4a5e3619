// The boot: the agent reads its input, makes the plan, prints the plan and runs the plan. The only catch that halts the
// machine is here.

import { hostileVariable } from './cmdline/environment.ts'
import { type OnFailure, onFailureOf } from './cmdline/params.ts'
import { readingsOf } from './cmdline/readings.ts'
import { parseConfig } from './config/config.ts'
import { readCmdline } from './config/verdict.ts'
import type { Edition } from './edition.ts'
import { fail, faultOf, say } from './fault/index.ts'
import type { Machine } from './machine/machine.ts'
import { type Pivot, planBoot } from './plan/plan.ts'
import { planDigest } from './proof/statement.ts'
import { briefStep, planText, printStep, runStep, type Step } from './steps/index.ts'
import type { Boot } from './steps/step.ts'
import { configPath } from './system/initramfs.ts'

/** The last line of a refusal, once the kernel has no mount and no mapping of ours left. */
export const closed = 'closed: nothing is left mounted or mapped'

/** Reads and judges the whole input before the first effect. */
const readPlan = (machine: Machine, { providers }: Edition, pivot: Pivot): Step[] => {
  const variable = hostileVariable(machine.environment())
  if (variable !== undefined) throw fail('environment-hostile', { variable })
  const text = machine.readText(configPath)
  if (text === undefined)
    throw fail('config-missing', { file: configPath, reason: 'it is not in the initramfs; pack it again' })
  const config = parseConfig(text, configPath, providers)
  return planBoot(readCmdline(machine.cmdline(), config, pivot), config, pivot, providers)
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

/** How the command line says that the machine ends; `halt` where the command line cannot be read. */
const howToEnd = (machine: Machine): OnFailure => {
  try {
    return onFailureOf(readingsOf(machine.cmdline()))
  } catch {
    return 'halt'
  }
}

/** Runs `act`. Where `act` fails, says why, closes every mount and mapping of the boot, and ends the machine. */
const orEnd = async (machine: Machine, act: () => void | Promise<void>): Promise<void> => {
  try {
    await act()
  } catch (thrown) {
    machine.log(3, `halt: ${say(faultOf(thrown))}`)
    try {
      const left = machine.wipe()
      machine.log(6, left.length === 0 ? closed : `still open: ${left.join(' ')}`)
    } finally {
      machine.end(howToEnd(machine))
    }
  }
}

/**
 * Boots, or ends the machine. On a real machine the function returns in one case: all steps are done and a framework
 * pivots. Fault: `environment-not-init`, where the boot has touched nothing; every other fault ends the machine.
 */
export const boot = async (machine: Machine, edition: Edition, pivot: Pivot): Promise<void> => {
  if (!(pivot === 'own' ? machine.isInit() : machine.isInitramfs())) throw fail('environment-not-init', {})
  await orEnd(machine, async () => {
    machine.start()
    if (edition.warning !== undefined) machine.log(4, edition.warning)
    const plan = readPlan(machine, edition, pivot)
    for (const [index, step] of plan.entries()) machine.log(7, `plan ${index + 1}: ${printStep(step)}`)
    await runPlan(plan, {
      machine,
      edition,
      plan: planDigest(planText(plan)),
      entered: machine.entered(),
      started: machine.now(),
      done: [],
      storageKeys: new Set(),
      released: new Map(),
      cvm: undefined,
      site: undefined,
    })
  })
}

/**
 * Judges the command line as the boot does, before a framework's init acts on the words. The function returns where the boot
 * takes each word, and touches nothing. Fault: `environment-not-init`; every other fault ends the machine.
 */
export const requireCmdline = async (machine: Machine, edition: Edition): Promise<void> => {
  if (!machine.isInitramfs()) throw fail('environment-not-init', {})
  await orEnd(machine, () => void readPlan(machine, edition, 'framework'))
}
