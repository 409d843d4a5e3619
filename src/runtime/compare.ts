// The checks of `verify`: for each step of the plan, whether what the step established still holds. A kind of step without a
// row does not compile. Pure over a scene. The root user of this machine can change the answers of the kernel; the host
// cannot.

import type { OnDisk } from '../proof/volume-mount.ts'
import type { Step } from '../steps/index.ts'
import { swapUnit } from '../system/hardening.ts'
import type { Finding } from '../terminal/finding.ts'
import { checkDevices } from './check-devices.ts'
import { checkDoors } from './check-doors.ts'
import { checkEvidence } from './check-evidence.ts'
import { checkHeader } from './check-header.ts'
import { checkKeptMachineId, checkMachineId } from './check-machine-id.ts'
import { checkEphemeral, checkKeysInTables, checkLasting, checkVerity } from './check-mappings.ts'
import { checkMitigations } from './check-mitigations.ts'
import { checkDirectory, checkLayer, checkStores, checkTmpfs, checkVolumeMount } from './check-mounts.ts'
import { checkMask, checkSetting } from './check-settings.ts'
import { checkSite } from './check-site.ts'
import { checkSwap } from './check-swap.ts'
import { checkClosedTee, checkOpenTee } from './check-tee.ts'
import { checkUnplanned } from './check-unplanned.ts'
import type { StepOf } from './planned.ts'
import type { Scene } from './scene.ts'

/** The sections of the findings, in the order in which `verify` prints the sections. */
const sections = [
  ...['mappings', 'keys', 'mounts', 'stores', 'directories', 'other mounts', 'machine ID', 'devices'],
  ...['swap', 'masks', 'settings', 'mitigations', 'headers', 'TEE'],
] as const
export type Section = (typeof sections)[number]

/** The checks of a step, by the section that shows the findings. A step that leaves nothing to check has no checks. */
type Checks<S> = { readonly [N in Section]?: (step: S, scene: Scene) => readonly Finding[] }

const volume =
  (protection: OnDisk) =>
  (
    { volume: name, mount }: StepOf<'mount-verity' | 'mount-ephemeral' | 'mount-lasting' | 'mount-plain'>,
    scene: Scene,
  ) => [checkVolumeMount(scene, { name, protection, mount })]

const checks: { readonly [K in Step['kind']]: Checks<StepOf<K>> } = {
  'check-initramfs': {},
  'load-modules': {},
  // Nothing inside a VM proves the kind of the VM; `status` says which device or flag shows the kind.
  'require-cvm': {},
  'read-site': { mappings: (_, scene) => checkSite(scene) },
  'open-verity': { mappings: (step, scene) => [checkVerity(step, scene)] },
  'forbid-swap': { swap: (_, scene) => [checkSwap(scene)] },
  'mount-verity': { mounts: volume('verity') },
  // The keys of the boot and the secrets are gone, so nothing is left to check.
  'request-release': {},
  'open-ephemeral': { mappings: (step, scene) => [checkEphemeral(step, scene)] },
  'mount-ephemeral': { mounts: volume('crypt') },
  'open-lasting': {
    mappings: (step, scene) => [checkLasting(step, scene)],
    headers: (step, scene) => [checkHeader(step, scene)],
  },
  'mount-lasting': { mounts: volume('crypt') },
  'mount-plain': { mounts: volume('none') },
  'mount-tmpfs': { mounts: (step, scene) => [checkTmpfs(step, scene)] },
  overlay: { mounts: (step, scene) => [checkLayer(step, scene)] },
  'container-stores': { stores: checkStores },
  'bind-directory': { directories: (step, scene) => [checkDirectory(step, scene)] },
  'machine-id': { 'machine ID': (step, scene) => [checkMachineId(step, scene)] },
  'take-evidence': { TEE: (_, scene) => checkEvidence(scene) },
  'close-tee': { TEE: (step, scene) => [checkClosedTee(step, scene)] },
  // Only the TPM knows the PCR, and `verify` asks no TPM, since another program may be using the TPM.
  'close-tpm': {},
  'mask-swap': { masks: (_, scene) => [checkMask(swapUnit, scene)] },
  'close-doors': { masks: checkDoors },
  harden: { settings: ({ setting, value }, scene) => [checkSetting([setting, value], scene)] },
  'harden-users': { settings: ({ settings }, scene) => settings.map((one) => checkSetting(one, scene)) },
  // The settings themselves say whether systemd has kept them.
  'keep-sysctls': {},
  'write-state': {},
  'switch-root': {},
  'hand-over': {},
}

/** Checks of the whole machine, which belong to no single step. */
const ofTheMachine: { readonly [N in Section]?: (scene: Scene) => readonly Finding[] } = {
  keys: checkKeysInTables,
  'other mounts': checkUnplanned,
  'machine ID': checkKeptMachineId,
  devices: checkDevices,
  mitigations: ({ system }) => [checkMitigations(system)],
  TEE: checkOpenTee,
}

// The table is keyed by the step's own kind, which the type of an indexed union cannot express.
const checksOf = (step: Step): Checks<Step> => checks[step.kind] as Checks<Step>

/** The findings of one section. */
export const findingsOf = (section: Section, scene: Scene): Finding[] => [
  ...scene.plan.flatMap((step) => checksOf(step)[section]?.(step, scene) ?? []),
  ...(ofTheMachine[section]?.(scene) ?? []),
]

/** All findings, in the order in which `verify` prints the findings. */
export const compare = (scene: Scene): Finding[] => sections.flatMap((section) => findingsOf(section, scene))
