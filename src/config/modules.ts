// The kernel modules that every boot with a configuration needs. Pure. `pack` takes them along, and the boot loads them first.

import type { LastingProvider } from '../keys/provider.ts'
import { lastingProviders } from '../keys/providers.ts'
import { cryptNames } from '../layout/layout.ts'
import { carrierModules, coreModules, integrityModules } from '../system/initramfs.ts'
import type { Config } from './settings.ts'
import { lastingPolicy } from './verdict.ts'

/** The modules without those of MODULES. A module of MODULES may fail because its hardware is not there. */
export const modulesOf = (
  config: Config,
  providers: readonly LastingProvider[] = lastingProviders,
): readonly string[] => {
  const asks = cryptNames.some((volume) => {
    const policy = lastingPolicy(volume, config)
    return providers.some(
      ({ defaults, request }) => defaults.provider === policy?.provider && request !== undefined,
    )
  })
  return [
    ...coreModules,
    ...(Object.values(config.profile).includes('xts-hmac') ? integrityModules : []),
    ...(asks ? carrierModules : []),
  ]
}
