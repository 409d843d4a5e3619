// Whether the boot takes a command line and a configuration together. Pure. `setup`, `pack`, `plan`, `check` and `inspect` ask
// the same functions as the boot, so that the boot refuses nothing that these verbs take.

import { type Params, parseParams, provision } from '../cmdline/params.ts'
import { readingsOf } from '../cmdline/readings.ts'
import { type Fault, fail, faultOf } from '../fault/index.ts'
import type { LastingPolicy } from '../keys/policy.ts'
import { type ClosingStep, closingSteps, type LastingProvider, providerOf } from '../keys/provider.ts'
import { lastingProviders } from '../keys/providers.ts'
import { type CryptName, cryptNames } from '../layout/layout.ts'
import type { Pivot } from '../system/pivot.ts'
import { type Config, defaultConfig } from './settings.ts'

export const isPlain = (volume: CryptName, config: Pick<Config, 'jobStore'>): boolean =>
  volume === 'job-store' && config.jobStore === 'none'

/** The policy of a volume whose key lasts; undefined for each other volume. */
export const lastingPolicy = (volume: CryptName, config: Config): LastingPolicy | undefined => {
  const policy = config.keys[volume]
  return isPlain(volume, config) || policy.provider === 'ephemeral' ? undefined : policy
}

/** The sources of keys that end with the boot, in the order of the plan. */
export const closingOf = (
  config: Config,
  providers: readonly LastingProvider[] = lastingProviders,
): readonly ClosingStep[] => {
  const wanted = cryptNames.flatMap((volume) => {
    const policy = lastingPolicy(volume, config)
    return policy === undefined ? [] : providerOf(providers, policy).closing
  })
  // A program that can ask at VMPL 0 can also forge the evidence of the boot, so `report` closes VMPL 0 without such a key too.
  const closesTee =
    config.teeAfterBoot === 'report' || (config.teeAfterBoot === 'remove' && wanted.includes('close-tee'))
  return closingSteps.filter((step) => (step === 'close-tee' ? closesTee : wanted.includes(step)))
}

/**
 * Faults: `cmdline-value`, where the line provisions a volume that has no BLANK=halt; `config-init`, where the configuration
 * names an init that a framework would not run.
 */
export const requireFit = (params: Params, config: Config, pivot: Pivot): void => {
  const wrong = params.provision.find((name) => lastingPolicy(name, config)?.blank !== 'halt')
  if (wrong !== undefined)
    throw fail('cmdline-value', {
      parameter: provision.name,
      value: wrong,
      expected: 'volumes to which partition.conf gives a key that lasts and BLANK=halt',
    })
  const { init } = config
  if (pivot === 'framework' && init !== defaultConfig.init)
    throw fail('config-init', { init, instead: defaultConfig.init })
}

/** The parameters of a line that the boot takes. Faults: `cmdline-*`, `environment-hostile`, `config-init`. */
export const readCmdline = (cmdline: string, config: Config, pivot: Pivot): Params => {
  const params = parseParams(readingsOf(cmdline), { listed: config.cmdlineWords, pivot })
  requireFit(params, config, pivot)
  return params
}

/** Why the boot would refuse the line, or undefined. */
export const judgeCmdline = (cmdline: string, config: Config, pivot: Pivot): Fault | undefined => {
  try {
    readCmdline(cmdline, config, pivot)
    return undefined
  } catch (thrown) {
    return faultOf(thrown)
  }
}
