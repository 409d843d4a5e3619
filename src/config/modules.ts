// Which kernel modules every boot with a configuration needs. Pure: `pack` takes them along, the boot loads them first.

import { coreModules, integrityModules } from '../system/initramfs.ts'
import type { Config } from './settings.ts'

/** Without those of MODULES, which may find that their hardware is not there. */
export const modulesOf = ({ profile }: Config): readonly string[] =>
  Object.values(profile).includes('xts-hmac') ? [...coreModules, ...integrityModules] : coreModules
