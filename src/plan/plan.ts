// The plan: parameters and configuration become the list of steps, in the order in which the boot runs them. Pure.

import { hostData, type Params } from '../cmdline/params.ts'
import { type Config, machineIdPlace } from '../config/config.ts'
import { modulesOf } from '../config/modules.ts'
import { closingOf, isPlain, lastingPolicy, requireFit } from '../config/verdict.ts'
import type { LastingPolicy } from '../keys/policy.ts'
import { type ClosingStep, type LastingProvider, providerOf } from '../keys/provider.ts'
import { lastingProviders } from '../keys/providers.ts'
import { type CryptName, cryptNames, siteVolume, type VerityName, verityNames } from '../layout/layout.ts'
import type { Step } from '../steps/index.ts'
import type { OpenLasting } from '../steps/open-lasting.ts'
import { overlayStore, storesIn } from '../system/container-stores.ts'
import { generatorsThatRun, maskedAgents } from '../system/doors.ts'
import { hardeningOf, userHardeningOf } from '../system/hardening.ts'
import { inRoot } from '../system/new-root.ts'
import type { Pivot } from '../system/pivot.ts'

export type { Pivot }

/** `providers`: the key providers with which `config` was read. Faults: the faults of `requireFit`. */
export const planBoot = (
  params: Params,
  config: Config,
  pivot: Pivot,
  providers: readonly LastingProvider[] = lastingProviders,
): Step[] => {
  requireFit(params, config, pivot)
  return stepsOf(params, config, pivot, providers)
}

const stepsOf = (
  params: Params,
  config: Config,
  pivot: Pivot,
  providers: readonly LastingProvider[],
): Step[] => [
  { kind: 'check-initramfs' },
  { kind: 'load-modules', modules: modulesOf(config, providers), wanted: config.modules },
  { kind: 'require-cvm' },
  ...verityNames.flatMap((volume) => planVerity(volume, params, config)),
  { kind: 'forbid-swap' },
  ...verityNames.map((volume): Step => ({ kind: 'mount-verity', volume, mount: config.mount[volume] })),
  ...planRelease(config, providers),
  ...cryptNames.flatMap((volume) => planWritable(volume, params, config, providers)),
  { kind: 'mount-tmpfs', target: inRoot(config.mount['tmp-fs']), size: config.size['tmp-fs'], ...config.tmp },
  ...planLayers(config),
  ...config.workspaceDirectories.map(
    (path): Step => ({ kind: 'bind-directory', path, workspace: config.mount.workspace }),
  ),
  ...planMachineId(config),
  // Once the TEE is closed, nobody gets a report at the boot's own VMPL.
  ...(config.evidence === 'none' ? [] : [{ kind: 'take-evidence', demand: config.evidence } as const]),
  // The source of a key would give the same key again, so the boot closes each source before other programs run.
  ...closingOf(config, providers).map((kind): Step => planClosing(kind, config)),
  { kind: 'mask-swap' },
  {
    kind: 'close-doors',
    generators: generatorsThatRun(config.doors.generators),
    units: maskedAgents(config.doors.agents),
  },
  ...planHardening(config),
  { kind: 'write-state' },
  planPivot(config, pivot),
]

/** The plan is the same for all sites, so read-site asks for the root hash while the boot runs. */
const planVerity = (
  volume: VerityName,
  { verity, deviceTimeout: timeout }: Params,
  config: Config,
): Step[] => {
  const named = verity[volume]
  const values = named === hostData ? ({ rootHash: hostData } as const) : named
  return [
    ...(named === hostData ? [{ kind: 'read-site', volume: siteVolume, timeout } as const] : []),
    { kind: 'open-verity', volume, ...values, onCorruption: config.onCorruption, timeout },
  ]
}

/** The names of the verified volumes in a key: root hashes, and `host-data` for the volume that the launch names. */
const namesForKey = (binding: LastingPolicy['binding'], { verity }: Params): OpenLasting['rootHashes'] =>
  verityNames.flatMap((volume): OpenLasting['rootHashes'] => {
    const named = verity[volume]
    // No signature of an ID block covers the value of a launch, so a key depends on that value in both bindings.
    if (named === hostData) return [hostData]
    // A key bound to the ID block has to survive an upgrade that the owner signed, and the upgrade has other root hashes.
    return binding === 'measurement' ? [named.rootHash] : []
  })

const planClosing = (kind: ClosingStep, { teeAfterBoot }: Config): Step =>
  kind === 'close-tee' ? { kind, leave: teeAfterBoot === 'report' ? 'report' : 'nothing' } : { kind }

/** One request asks for the keys of all volumes: their providers' keys of partition.conf are the same. */
const planRelease = (config: Config, providers: readonly LastingProvider[]): Step[] => {
  const asking = cryptNames.flatMap((volume) => {
    const policy = lastingPolicy(volume, config)
    const request = policy && providerOf(providers, policy).request?.(policy)
    return request === undefined ? [] : [{ volume, request }]
  })
  const [first] = asking
  if (first === undefined) return []
  return [{ kind: 'request-release', volumes: asking.map(({ volume }) => volume), ...first.request }]
}

const planHardening = ({ hardening }: Config): Step[] => {
  const settings = hardeningOf(hardening)
  const users = userHardeningOf(hardening)
  return [
    ...settings.map(([setting, value]): Step => ({ kind: 'harden', setting, value })),
    ...(users.length > 0 ? [{ kind: 'harden-users', settings: users } as const] : []),
    { kind: 'keep-sysctls', settings: [...settings, ...users] },
  ]
}

const planPivot = ({ init }: Config, pivot: Pivot): Step =>
  pivot === 'own' ? { kind: 'switch-root', init } : { kind: 'hand-over', init }

const planWritable = (
  volume: CryptName,
  params: Params,
  config: Config,
  providers: readonly LastingProvider[],
): Step[] => {
  const mount = config.mount[volume]
  const timeout = params.deviceTimeout
  const profile = config.profile[volume]
  const policy = lastingPolicy(volume, config)
  if (isPlain(volume, config)) return [{ kind: 'mount-plain', volume, mount, timeout }]
  if (policy === undefined)
    return [
      { kind: 'open-ephemeral', volume, profile, timeout },
      { kind: 'mount-ephemeral', volume, mount, profile },
    ]
  return [
    {
      kind: 'open-lasting',
      volume,
      policy,
      policyWords: providerOf(providers, policy).print(policy),
      profile,
      rootHashes: namesForKey(policy.binding, params),
      owner: volume === 'job-store' ? config.jobStoreOwner : undefined,
      blank: params.provision.includes(volume) ? 'provision' : policy.blank,
      timeout,
    },
    { kind: 'mount-lasting', volume, mount },
  ]
}

const planMachineId = (config: Config): Step[] => {
  const place = machineIdPlace(config)
  return place === 'kept' ? [] : [{ kind: 'machine-id', place }]
}

const planLayers = (config: Config): Step[] => {
  const names = config.configOverEtc
  const etc = names.length > 0 ? [{ directory: `${config.mount['os-config']}/etc`, names }] : []
  const writable = config.overlays.map(
    (path): Step => ({ kind: 'overlay', path, over: path === '/etc' ? etc : [], upper: overlayStore + path }),
  )
  const readOnly: Step[] =
    etc.length > 0 && !config.overlays.includes('/etc')
      ? [{ kind: 'overlay', path: '/etc', over: etc, upper: undefined }]
      : []
  const store: Step[] =
    writable.length > 0
      ? [{ kind: 'mount-tmpfs', target: overlayStore, size: config.overlaySize, mode: 0o700, uid: 0, gid: 0 }]
      : []
  const stores = storesIn(config.overlays, config.workspaceDirectories)
  const containers: Step[] =
    stores.length > 0 ? [{ kind: 'container-stores', stores, memory: overlayStore }] : []
  return [...store, ...writable, ...containers, ...readOnly]
}
