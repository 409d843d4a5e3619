// Looks up the steps of a plan by their kind, and the volumes of a plan. Pure.

import type { CryptName, VerityName } from '../layout/layout.ts'
import type { Step } from '../steps/index.ts'

export type Plan = readonly Step[]
export type StepOf<K extends Step['kind']> = Extract<Step, { readonly kind: K }>

const isOf = <K extends Step['kind']>(step: Step, kind: K): step is StepOf<K> => step.kind === kind

export const stepsOf = <K extends Step['kind']>(plan: Plan, kind: K): StepOf<K>[] =>
  plan.flatMap((step) => (isOf(step, kind) ? [step] : []))

/** A volume as the plan protects and mounts it. */
export type PlannedVolume = (
  | { readonly name: VerityName; readonly protection: 'verity' }
  | { readonly name: CryptName; readonly protection: 'crypt' | 'none' }
) & {
  /** The mount point in the running system. */
  readonly mount: string
}

/** All volumes, in the order in which the boot mounts the volumes. */
export const volumesIn = (plan: Plan): PlannedVolume[] =>
  plan.flatMap((step): PlannedVolume[] => {
    if (step.kind === 'mount-verity') return [{ name: step.volume, protection: 'verity', mount: step.mount }]
    if (step.kind === 'mount-ephemeral' || step.kind === 'mount-lasting')
      return [{ name: step.volume, protection: 'crypt', mount: step.mount }]
    return step.kind === 'mount-plain' ? [{ name: step.volume, protection: 'none', mount: step.mount }] : []
  })
