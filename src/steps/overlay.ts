// overlay: mounts a layer over a directory of the verified root: the /etc of os-config, a writable layer in memory, or both.

import { fail } from '../fault/index.ts'
import { type Layered, layerDiffers, layerOptions, lowerDirectories, upperDirectory } from '../proof/layer.ts'
import { refusedOf } from '../system/etc-layer.ts'
import { inRoot, outside } from '../system/new-root.ts'
import type { Definition } from './step.ts'
import { mountProved } from './with/mount.ts'

export type Layer = { readonly directory: string; readonly names: readonly string[] }

export type Overlay = {
  readonly kind: 'overlay'
  /** Path in the new root that the layer covers. */
  readonly path: string
  /** Directories of the new root over the covered one, highest first, each with the names that the directory may hold. */
  readonly over: readonly Layer[]
  /** Directory in memory that takes the writes; undefined for a read-only layer. */
  readonly upper: string | undefined
}

const layeredOf = ({ path, over, upper }: Overlay): Layered => ({
  path,
  directories: over.map(({ directory }) => directory),
  upper,
})

export const overlay: Definition<Overlay> = {
  print: ({ path, over, upper }) =>
    [
      `overlay ${path}`,
      ...over.map(
        ({ directory, names }) => `with ${directory} on top (${names.join(' ')} and nothing else),`,
      ),
      upper === undefined ? 'read-only' : `writable in memory at ${upper}`,
    ].join(' '),
  subject: ({ path }) => path,
  run: (step, { machine }) => {
    const { path, over, upper } = step
    const layer = layeredOf(step)
    const lower = lowerDirectories(layer)
    const target = inRoot(path)
    for (const directory of lower)
      if (machine.directory(directory) === undefined)
        throw fail('mount-point-missing', {
          target: outside(directory),
          volume: directory === target ? 'root-fs' : 'os-config',
        })
    for (const { directory, names } of over) {
      const [refused] = refusedOf(machine.layer(inRoot(directory)), names)
      if (refused !== undefined) throw fail('config-shadows', { ...refused, line: undefined })
    }
    machine.loadModules(['overlay'])
    const layers = [`lowerdir=${lower.join(':')}`]
    if (upper !== undefined) {
      // The merged directory takes its mode and its owner from the upper directory.
      const as = machine.directory(target) ?? { mode: 0o755, uid: 0, gid: 0 }
      machine.makeDirectory(upperDirectory(upper), as)
      machine.makeDirectory(`${upper}/work`, { mode: 0o700, uid: 0, gid: 0 })
      layers.push(`upperdir=${upperDirectory(upper)}`, `workdir=${upper}/work`)
    }
    const options = [...layerOptions(layer), ...layers]
    mountProved(machine, { source: 'overlay', target, type: 'overlay', options }, (mount) =>
      layerDiffers(layer, mount),
    )
    return {
      kind: 'overlay',
      mount: path,
      over: over.map(({ directory }) => directory),
      names: over.flatMap(({ names }) => names),
      writable: upper === undefined ? 'no' : 'in memory',
    }
  },
}
