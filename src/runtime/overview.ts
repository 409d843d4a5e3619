// The overview of a booted machine, as data: the volumes, the settings, and whether the machine is healthy. Pure over a scene.

import type { Fault } from '../fault/index.ts'
import { detectCvm, detectParavisor } from '../machine/cvm.ts'
import type { Manifest } from '../measure/manifest.ts'
import { swapsIn } from './check-swap.ts'
import { compare, findingsOf } from './compare.ts'
import { evidenceHere, type Measurement, measurementIn, unpredicted } from './measurement.ts'
import { rowsOf, type VolumeRow } from './overview-rows.ts'
import type { Scene } from './scene.ts'

export type Overview = {
  readonly agent: {
    readonly edition: string
    readonly version: string
    readonly git: string
    readonly node: string
  }
  readonly kernel: string
  /** The kind of VM that the boot established, the kind that the kernel shows now, and the device or flag that shows it. */
  readonly cvm: { readonly atBoot: string; readonly now: string; readonly by: string }
  /** Milliseconds from the machine's start to the hand-over. */
  readonly bootMilliseconds: number
  readonly volumes: readonly VolumeRow[]
  readonly swap: readonly string[]
  /** The lockdown of the kernel: `none`, `integrity`, `confidentiality`, or `unknown`. */
  readonly lockdown: string
  readonly jobStoreReadableByHost: boolean
  /** `new` at this boot, `kept` as the root has it, or `changed` since the boot. */
  readonly machineId: 'new' | 'kept' | 'changed'
  /** The settings and masks of the boot by name, and whether each still holds. */
  readonly settings: readonly { readonly name: string; readonly held: boolean }[]
  /** Absent where no manifest is given, or no report is at hand. */
  readonly measurement?: Measurement
  readonly problems: readonly Fault[]
}

const cvmNow = ({ system }: Scene): Pick<Overview['cvm'], 'now' | 'by'> => {
  const sevGuest = system.names('/sys/devices/platform').includes('sev-guest')
  const cpuinfo = system.text('/proc/cpuinfo') ?? ''
  const found = detectCvm({ cpuinfo, sevGuest })
  if (found === 'sev-snp') return { now: found, by: "the kernel's sev-guest device" }
  if (found === 'tdx') return { now: found, by: "the kernel's tdx_guest flag" }
  const hidden = detectParavisor(system.kernelLog())
  return hidden === undefined
    ? { now: 'none', by: 'nothing' }
    : { now: `${hidden.tee} behind a paravisor`, by: "the kernel's log" }
}

const lockdownOf = ({ system }: Scene): string =>
  /\[(\w+)\]/.exec(system.text('/sys/kernel/security/lockdown') ?? '')?.[1] ?? 'unknown'

const machineIdOf = (scene: Scene): Overview['machineId'] => {
  if (findingsOf('machine ID', scene).some(({ result }) => result === 'bad')) return 'changed'
  return scene.plan.some(({ kind }) => kind === 'machine-id') ? 'new' : 'kept'
}

export const overviewOf = (scene: Scene): Overview => {
  const { state, system, plan } = scene
  const problems = compare(scene).flatMap((finding) => (finding.result === 'bad' ? [finding.fault] : []))
  const last = state.steps.at(-1)
  const settings = (['masks', 'settings'] as const).flatMap((section) => findingsOf(section, scene))
  return {
    agent: { edition: state.edition, version: state.version, git: state.git, node: state.node },
    kernel: system.kernel(),
    cvm: { atBoot: state.cvm, ...cvmNow(scene) },
    bootMilliseconds: Math.round(last === undefined ? state.started : last.at + last.milliseconds),
    volumes: rowsOf(scene),
    swap: swapsIn(system),
    lockdown: lockdownOf(scene),
    jobStoreReadableByHost: plan.some(({ kind }) => kind === 'mount-plain'),
    machineId: machineIdOf(scene),
    settings: settings.map(({ subject, result }) => ({ name: subject, held: result !== 'bad' })),
    problems,
  }
}

/** The overview with the verdict of a manifest on the launch measurement. */
export const overviewWith = (manifest: Manifest, scene: Scene): Overview => {
  const overview = overviewOf(scene)
  const found = measurementIn(evidenceHere(scene.system), manifest)
  const fault = unpredicted(found)
  const problems = fault === undefined ? overview.problems : [...overview.problems, fault]
  return { ...overview, ...('code' in found ? {} : { measurement: found }), problems }
}
