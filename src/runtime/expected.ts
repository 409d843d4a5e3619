// What a booted system has to have, by the measured command line and configuration. Pure. The same as what the plan makes,
// without its steps: a test compares the two.

import type { Params } from '../cmdline/params.ts'
import { type Config, machineIdPlace } from '../config/config.ts'
import { closingOf } from '../config/verdict.ts'
import { type CryptName, cryptNames, type VerityName, verityNames } from '../layout/layout.ts'
import type { Luks2Profile } from '../layout/luks2/profile.ts'
import type { OnCorruption, RootHash, Salt } from '../layout/verity.ts'
import { storesIn } from '../system/container-stores.ts'
import { generatorsThatRun, maskedAgents } from '../system/doors.ts'
import { type Chosen, settingsOf } from '../system/hardening.ts'
import type { MachineIdPlace } from '../system/machine-id.ts'

export type ExpectedVolume =
  | {
      readonly protection: 'verity'
      readonly name: VerityName
      readonly mount: string
      readonly rootHash: RootHash
      readonly blocks: bigint
      readonly salt: Salt
      readonly onCorruption: OnCorruption
    }
  | {
      readonly protection: 'crypt'
      readonly name: CryptName
      readonly mount: string
      readonly profile: Luks2Profile
      readonly key: 'ends with the boot' | 'lasts'
    }
  | { readonly protection: 'none'; readonly name: CryptName; readonly mount: string }

export type ExpectedTmpfs = { readonly mount: string; readonly bytes: bigint }

export type ExpectedLayer = {
  readonly mount: string
  /** Highest first, without the path itself. */
  readonly over: readonly string[]
  readonly upper: string | undefined
}

export type Expected = {
  readonly volumes: readonly ExpectedVolume[]
  readonly memory: readonly ExpectedTmpfs[]
  readonly layers: readonly ExpectedLayer[]
  /** Directories that lie in memory of their own where the root has an engine of containers. */
  readonly stores: readonly string[]
  readonly machineId: MachineIdPlace
  /** Paths of the root that lie on workspace. */
  readonly directories: readonly string[]
  /** Kernel settings with their values. */
  readonly settings: readonly Chosen[]
  /** Generators that may run, and units that are masked. */
  readonly doors: { readonly generators: readonly string[]; readonly units: readonly string[] }
  /** Whether the driver that derives keys of the launch was removed, or may be there. */
  readonly tee: 'closed' | 'open'
}

const layerStore = '/run/cvmboot/overlay'

const writable = (name: CryptName, config: Config): ExpectedVolume => {
  const mount = config.mount[name]
  if (name === 'job-store' && config.jobStore === 'plain') return { protection: 'none', name, mount }
  const key = config.keys[name].provider === 'ephemeral' ? 'ends with the boot' : 'lasts'
  return { protection: 'crypt', name, mount, profile: config.profile[name], key }
}

const layers = ({ configOverEtc, overlays, mount }: Config): ExpectedLayer[] => {
  const etc = configOverEtc.length > 0 ? [`${mount['os-config']}/etc`] : []
  const own = overlays.map((path) => ({
    mount: path,
    over: path === '/etc' ? etc : [],
    upper: `${layerStore}${path}/upper`,
  }))
  return etc.length > 0 && !overlays.includes('/etc')
    ? [...own, { mount: '/etc', over: etc, upper: undefined }]
    : own
}

export const expectedOf = (params: Params, config: Config): Expected => ({
  volumes: [
    ...verityNames.map((name) => ({
      protection: 'verity' as const,
      name,
      mount: config.mount[name],
      ...params.verity[name],
      onCorruption: config.onCorruption,
    })),
    ...cryptNames.map((name) => writable(name, config)),
  ],
  memory: [
    { mount: config.mount['tmp-fs'], bytes: config.size['tmp-fs'] },
    ...(config.overlays.length > 0 ? [{ mount: layerStore, bytes: config.overlaySize }] : []),
  ],
  layers: layers(config),
  stores: storesIn(config.overlays, config.workspaceDirectories).map(({ path }) => path),
  machineId: machineIdPlace(config),
  directories: config.workspaceDirectories,
  settings: settingsOf(config.hardening),
  doors: {
    generators: generatorsThatRun(config.doors.generators),
    units: maskedAgents(config.doors.agents),
  },
  tee: closingOf(config).includes('close-tee') ? 'closed' : 'open',
})
