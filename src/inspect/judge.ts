// The boot's judgement of a command line, with the configuration from the same image.

import { defaultConfig } from '../config/settings.ts'
import { judgeCmdline } from '../config/verdict.ts'
import { type Fault, faultOf } from '../fault/index.ts'
import { lastingProviders } from '../keys/providers.ts'
import type { Image } from '../pack/image.ts'
import { bootOf } from '../pack/image-boot.ts'
import { configPath } from '../system/initramfs.ts'

/**
 * The refusal of the line, or undefined. Without an image, or with an image that has no configuration, the defaults decide.
 */
export const judgeLine = (cmdline: string, image: Image | undefined): Fault | undefined => {
  try {
    const { config, pivot } =
      image?.has(configPath) !== true
        ? { config: defaultConfig, pivot: 'own' as const }
        : bootOf(image, lastingProviders)
    return judgeCmdline(cmdline, config, pivot)
  } catch (thrown) {
    return faultOf(thrown)
  }
}
