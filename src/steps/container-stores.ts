// container-stores: gives each directory in which an engine keeps containers its own memory, where the verified root has
// such an engine. The state names the directories that got memory.

import type { Machine } from '../machine/machine.ts'
import { storeDiffers, storeOptions } from '../proof/container-store.ts'
import { type ContainerStore, programDirectories, storeRoot } from '../system/container-stores.ts'
import { newRoot } from '../system/initramfs.ts'
import { inRoot } from '../system/new-root.ts'
import type { Definition } from './step.ts'
import { bindProved } from './with/mount.ts'

export type ContainerStores = {
  readonly kind: 'container-stores'
  readonly stores: readonly ContainerStore[]
  /** The file system in memory that holds the stores. */
  readonly memory: string
}

const hasEngine = (machine: Machine, { programs }: ContainerStore): boolean =>
  programs.some((program) =>
    programDirectories.some((directory) => machine.isExecutable(newRoot, `${directory}/${program}`)),
  )

/**
 * Whether the step may mount over the path. A link leads to another place, which the image chose; a mount over a directory
 * with content would hide the content.
 */
const isFree = (machine: Machine, path: string): boolean => {
  const kind = machine.kind(inRoot(path))
  if (kind === 'directory') return machine.names(newRoot, path).length === 0
  return kind === 'absent' && machine.kind(inRoot(path.slice(0, path.lastIndexOf('/')))) === 'directory'
}

export const containerStores: Definition<ContainerStores> = {
  print: ({ stores, memory }) => {
    const each = stores.map(({ path, programs }) => `${path} for ${programs.join(' or ')}`)
    return `container-stores in memory at ${memory}, of engines that the root has: ${each.join(', ')}`
  },
  subject: () => '',
  run: ({ stores, memory }, { machine }) => {
    const found = stores.filter((store) => hasEngine(machine, store) && isFree(machine, store.path))
    for (const { path } of found) {
      const as = machine.directory(inRoot(path)) ?? { mode: 0o711, uid: 0, gid: 0 }
      machine.makeDirectory(inRoot(path), as)
      machine.makeDirectory(memory + storeRoot(path), as)
      const [source, target] = [memory + storeRoot(path), inRoot(path)]
      bindProved(machine, { source, target, options: storeOptions }, (mount) => storeDiffers(path, mount))
    }
    return { kind: 'container-stores', stores: found.map(({ path }) => path) }
  },
}
