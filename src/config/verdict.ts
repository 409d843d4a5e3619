// A command line and a configuration together, as the boot takes or refuses them. Pure. `setup`, `pack`, `plan`, `check` and
// `inspect` ask the same, so that nothing that they take is refused in the VM.

import { type Params, parseParams, provision } from '../cmdline/params.ts'
import { type Fault, fail, faultOf } from '../fault/index.ts'
import type { CryptName } from '../layout/layout.ts'
import type { Pivot } from '../system/pivot.ts'
import { type Config, defaultConfig } from './settings.ts'

export const isPlain = (volume: CryptName, config: Config): boolean =>
  volume === 'job-store' && config.jobStore === 'plain'

export const lasts = (volume: CryptName, config: Config): boolean =>
  !isPlain(volume, config) && config.keys[volume].provider !== 'ephemeral'

/**
 * Faults: `cmdline-value`, where a volume is to be provisioned that the configuration says nothing of; `config-init`,
 * where the configuration names an init that a framework would not run.
 */
export const requireFit = (params: Params, config: Config, pivot: Pivot): void => {
  const wrong = params.provision.find((name) => !lasts(name, config) || config.keys[name].blank !== 'halt')
  if (wrong !== undefined)
    throw fail('cmdline-value', {
      parameter: provision,
      value: wrong,
      expected: 'volumes that partition.conf gives a key that lasts and BLANK=halt',
    })
  const { init } = config
  if (pivot === 'framework' && init !== defaultConfig.init)
    throw fail('config-init', { init, instead: defaultConfig.init })
}

/** The parameters of a line that a boot takes. Faults: `cmdline-*`, `environment-hostile`, `config-init`. */
export const readCmdline = (cmdline: string, config: Config, pivot: Pivot): Params => {
  const params = parseParams(cmdline, { listed: config.cmdlineWords, pivot })
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
