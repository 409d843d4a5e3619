// The table of all kinds of steps. A kind without a definition does not compile.

import type { StepEvidence } from '../proof/state.ts'
import { type BindDirectory, bindDirectory } from './bind-directory.ts'
import { type CheckInitramfs, checkInitramfs } from './check-initramfs.ts'
import { type CloseDoors, closeDoors } from './close-doors.ts'
import { type CloseTee, closeTee } from './close-tee.ts'
import { type CloseTpm, closeTpm } from './close-tpm.ts'
import { type ContainerStores, containerStores } from './container-stores.ts'
import { type ForbidSwap, forbidSwap } from './forbid-swap.ts'
import { type HandOver, handOver } from './hand-over.ts'
import { type Harden, harden } from './harden.ts'
import { type HardenUsers, hardenUsers } from './harden-users.ts'
import { type KeepSysctls, keepSysctls } from './keep-sysctls.ts'
import { type LoadModules, loadModules } from './load-modules.ts'
import { type MachineId, machineId } from './machine-id.ts'
import { type MaskSwap, maskSwap } from './mask-swap.ts'
import { type MountEphemeral, mountEphemeral } from './mount-ephemeral.ts'
import { type MountLasting, mountLasting } from './mount-lasting.ts'
import { type MountPlain, mountPlain } from './mount-plain.ts'
import { type MountTmpfs, mountTmpfs } from './mount-tmpfs.ts'
import { type MountVerity, mountVerity } from './mount-verity.ts'
import { type OpenEphemeral, openEphemeral } from './open-ephemeral.ts'
import { type OpenLasting, openLasting } from './open-lasting.ts'
import { type OpenVerity, openVerity } from './open-verity.ts'
import { type Overlay, overlay } from './overlay.ts'
import { type ReadSite, readSite } from './read-site.ts'
import { type RequestRelease, requestRelease } from './request-release.ts'
import { type RequireCvm, requireCvm } from './require-cvm.ts'
import type { Boot, Definition } from './step.ts'
import { type SwitchRoot, switchRoot } from './switch-root.ts'
import { type TakeEvidence, takeEvidence } from './take-evidence.ts'
import { type WriteState, writeState } from './write-state.ts'

export type Step =
  | CheckInitramfs
  | LoadModules
  | RequireCvm
  | ReadSite
  | OpenVerity
  | MountVerity
  | RequestRelease
  | OpenEphemeral
  | MountEphemeral
  | OpenLasting
  | MountLasting
  | MountPlain
  | MountTmpfs
  | Overlay
  | ContainerStores
  | BindDirectory
  | ForbidSwap
  | TakeEvidence
  | CloseTee
  | CloseTpm
  | MachineId
  | MaskSwap
  | CloseDoors
  | Harden
  | HardenUsers
  | KeepSysctls
  | WriteState
  | SwitchRoot
  | HandOver

const definitions: { readonly [K in Step['kind']]: Definition<Extract<Step, { kind: K }>> } = {
  'check-initramfs': checkInitramfs,
  'load-modules': loadModules,
  'require-cvm': requireCvm,
  'read-site': readSite,
  'open-verity': openVerity,
  'mount-verity': mountVerity,
  'request-release': requestRelease,
  'open-ephemeral': openEphemeral,
  'mount-ephemeral': mountEphemeral,
  'open-lasting': openLasting,
  'mount-lasting': mountLasting,
  'mount-plain': mountPlain,
  'mount-tmpfs': mountTmpfs,
  overlay,
  'container-stores': containerStores,
  'bind-directory': bindDirectory,
  'forbid-swap': forbidSwap,
  'take-evidence': takeEvidence,
  'close-tee': closeTee,
  'close-tpm': closeTpm,
  'machine-id': machineId,
  'mask-swap': maskSwap,
  'close-doors': closeDoors,
  harden,
  'harden-users': hardenUsers,
  'keep-sysctls': keepSysctls,
  'write-state': writeState,
  'switch-root': switchRoot,
  'hand-over': handOver,
}

// The table is keyed by the step's own kind, which the type of an indexed union cannot express.
const definitionOf = (step: Step): Definition<Step> => definitions[step.kind] as Definition<Step>

/** The step on one line, as `cvmboot plan` and the kernel log show it. */
export const printStep = (step: Step): string => definitionOf(step).print(step)

/** The whole plan, one numbered step a line. `lay` lays out a step for a screen; a file gets each step on one line. */
export const planText = (steps: readonly Step[], lay: (step: string) => string = (step) => step): string =>
  steps.map((step, i) => `${String(i + 1).padStart(2)}  ${lay(printStep(step))}\n`).join('')

/** The kind and the subject of a step, as the console shows the step. */
export const briefStep = (step: Step): string => `${step.kind} ${definitionOf(step).subject(step)}`.trimEnd()

export const runStep = async (step: Step, boot: Boot): Promise<StepEvidence> =>
  definitionOf(step).run(step, boot)
