// overlay: a layer over a directory of the verified root: os-config's /etc, a writable one in memory, or both.

import { fail } from '../fault.ts'
import { firstShadow } from '../layout/shadows.ts'
import { inRoot, mountProved, outside } from './mount.ts'
import type { Definition } from './step.ts'

export type Overlay = {
  readonly kind: 'overlay'
  /** Path in the new root that is covered. */
  readonly path: string
  /** Paths in the new root whose content lies over it, highest first. */
  readonly over: readonly string[]
  /** Directory in memory that takes what is written; undefined for a read-only layer. */
  readonly upper: string | undefined
}

export const overlay: Definition<Overlay> = {
  print: ({ path, over, upper }) =>
    [
      `overlay ${path}`,
      ...(over.length > 0 ? [`with ${over.join(' ')} on top`] : []),
      upper === undefined ? 'read-only' : `writable in memory at ${upper}`,
    ].join(' '),
  subject: ({ path }) => path,
  run: ({ path, over, upper }, { machine }) => {
    const lower = [...over, path].map(inRoot)
    const target = inRoot(path)
    for (const directory of lower)
      if (machine.directory(directory) === undefined)
        throw fail('mount-point-missing', {
          target: outside(directory),
          volume: directory === target ? 'root-fs' : 'os-config',
        })
    for (const layer of over) {
      const shadow = firstShadow(machine.layer(inRoot(layer)))
      if (shadow !== undefined) throw fail('config-shadows', shadow)
    }
    machine.loadModules(['overlay'])
    const layers = [`lowerdir=${lower.join(':')}`]
    if (upper !== undefined) {
      // The merged directory takes mode and owner from the upper one.
      const as = machine.directory(target) ?? { mode: 0o755, uid: 0, gid: 0 }
      machine.makeDirectory(`${upper}/upper`, as)
      machine.makeDirectory(`${upper}/work`, { mode: 0o700, uid: 0, gid: 0 })
      layers.push(`upperdir=${upper}/upper`, `workdir=${upper}/work`)
    }
    const access = upper === undefined ? ['ro'] : []
    mountProved(machine, {
      source: 'overlay',
      target,
      type: 'overlay',
      options: [...access, 'nosuid', 'nodev', ...layers],
    })
    return { mount: path, over: over.join(' '), writable: upper === undefined ? 'no' : 'in memory' }
  },
}
