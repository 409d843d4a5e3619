// The two facts of an initramfs image that its command line is judged by: its configuration and its pivot. Pure.

import { type Config, parseConfig } from '../config/config.ts'
import { fail } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { configPath } from '../system/initramfs.ts'
import { type Pivot, pivotOf } from '../system/pivot.ts'
import type { Image } from './image.ts'

export type ImageBoot = { readonly config: Config; readonly pivot: Pivot }

/** `providers` are the key providers of the build in the image. Faults: `config-*`. */
export const bootOf = (image: Image, providers: readonly LastingProvider[]): ImageBoot => {
  const text = image.get(configPath)?.content?.toString('utf8')
  if (text === undefined)
    throw fail('config-missing', { file: configPath, reason: 'it is not in the initramfs; pack it again' })
  return { config: parseConfig(text, configPath, providers), pivot: pivotOf((path) => image.has(path)) }
}
