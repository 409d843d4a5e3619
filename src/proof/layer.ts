// What must hold of a layer over a directory of the root: the directories that the layer shows, and the directory that takes
// the writes. Pure.

import { inRoot } from '../system/new-root.ts'
import { wholeMountDiffers } from './mount.ts'
import type { SeenMount } from './seen.ts'

export type Layered = {
  /** The covered path, as the running system has it. */
  readonly path: string
  /** Directories on top of the covered one, highest first. */
  readonly directories: readonly string[]
  /** The directory in memory that takes the writes; undefined for a read-only layer. */
  readonly upper: string | undefined
}

/** The lower directories of a layer, with the paths that they have before the new root becomes the root. */
export const lowerDirectories = ({ path, directories }: Layered): readonly string[] =>
  [...directories, path].map(inRoot)

export const upperDirectory = (upper: string): string => `${upper}/upper`

export const layerOptions = ({ upper }: Layered): readonly string[] =>
  upper === undefined ? ['ro', 'nosuid', 'nodev'] : ['nosuid', 'nodev']

const optionOf = ({ superOptions }: SeenMount, name: string): string | undefined =>
  superOptions.flatMap((one) => (one.startsWith(`${name}=`) ? [one.slice(name.length + 1)] : []))[0]

export const layerDiffers = (layer: Layered, mount: SeenMount | undefined): string | undefined => {
  const ofType = wholeMountDiffers({ dev: undefined, types: ['overlay'], options: [] }, mount)
  if (mount === undefined || ofType !== undefined) return ofType
  const upper = layer.upper === undefined ? undefined : upperDirectory(layer.upper)
  if (
    optionOf(mount, 'lowerdir') !== lowerDirectories(layer).join(':') ||
    optionOf(mount, 'upperdir') !== upper
  )
    return 'it is an overlay of other directories'
  return wholeMountDiffers({ dev: undefined, types: ['overlay'], options: layerOptions(layer) }, mount)
}
