// The kernel modules that every boot with a configuration needs. Pure. `pack` takes them along, and the boot loads them first.

import { coreModules, integrityModules } from '../system/initramfs.ts'
import type { Config } from './settings.ts'

/** The modules without those of MODULES. A module of MODULES may fail because its hardware is not there. */
export const modulesOf = ({ profile }: Config): readonly string[] =>
  Object.values(profile).includes('xts-hmac') ? [...coreModules, ...integrityModules] : coreModules
