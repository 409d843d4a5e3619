// The boot: read, plan, print, run. The only catch that halts.

import { hostileVariable } from './cmdline/environment.ts'
import { type OnFailure, onFailureOf } from './cmdline/params.ts'
import { readingsOf } from './cmdline/readings.ts'
import { parseConfig } from './config/config.ts'
import { readCmdline } from './config/verdict.ts'
import type { Edition } from './edition.ts'
import { fail, faultOf, say } from './fault/index.ts'
import type { Machine } from './machine/machine.ts'
import { type Pivot, planBoot } from './plan/plan.ts'
import { briefStep, printStep, runStep, type Step } from './steps/index.ts'
import type { Boot } from './steps/step.ts'
import { configPath } from './system/initramfs.ts'

/** The last line of a refusal, once the kernel has no mount and no mapping of ours left. */
export const closed = 'closed: nothing is left mounted or mapped'

/** Everything is understood here, before the first effect. */
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

/** As the command line says, where it can be read. */
const howToEnd = (machine: Machine): OnFailure => {
  try {
    return onFailureOf(readingsOf(machine.cmdline()))
  } catch {
    return 'halt'
  }
}

/** Does it; or says why not, closes everything and ends the machine. */
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
 * Boots, or halts. On a real machine it comes back in one case: all is done and a framework pivots. Fault:
 * `environment-not-init`, where nothing has been touched; every other ends the machine.
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
      started: machine.now(),
      done: [],
      storageKeys: new Set(),
      cvm: undefined,
    })
  })
}

/**
 * The boot's refusals of words, before a framework's init acts on them; it comes back where there are none, and
 * nothing has been touched. Fault: `environment-not-init`; every other ends the machine.
 */
export const checkCmdline = async (machine: Machine, edition: Edition): Promise<void> => {
  if (!machine.isInitramfs()) throw fail('environment-not-init', {})
  await orEnd(machine, () => void readPlan(machine, edition, 'framework'))
}
