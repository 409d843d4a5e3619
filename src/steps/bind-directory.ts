// bind-directory: mounts a directory of workspace over a directory of the root, for data that grows, such as container
// storage. The mount hides the files that the root has in the directory.

import { reasonOf } from '../fault/errno.ts'
import { fail, faultOf } from '../fault/index.ts'
import { directoryDiffers } from '../proof/directory.ts'
import { directoryStore, storedName, storedPath } from '../system/directories.ts'
import { inRoot } from '../system/new-root.ts'
import type { Definition } from './step.ts'

export type BindDirectory = {
  readonly kind: 'bind-directory'
  /** Path of the directory in the new root. */
  readonly path: string
  /** Mount point of workspace in the new root. */
  readonly workspace: string
}

export const bindDirectory: Definition<BindDirectory> = {
  print: ({ path, workspace }) => `bind-directory ${path} from ${workspace}${storedPath(path)} nosuid nodev`,
  subject: ({ path }) => path,
  run: ({ path, workspace }, { machine }) => {
    const target = inRoot(path)
    const as = machine.directory(target)
    if (as === undefined) throw fail('mount-point-missing', { target: path, volume: 'root-fs' })
    const hides = machine.names(inRoot('/'), path).length
    const { dev } = machine.mapping('workspace')
    const names = [directoryStore, storedName(path)] as const
    let made: 'made' | 'found'
    try {
      made = machine.bindDirectory({ volume: inRoot(workspace), names, as, target })
    } catch (thrown) {
      const { code } = faultOf(thrown)
      if (code !== 'internal') throw thrown
      throw fail('directory-bind', { path, reason: reasonOf(thrown) })
    }
    const mount = machine.mounts().findLast((one) => one.target === target)
    const reason = directoryDiffers(path, dev, mount)
    if (reason !== undefined) throw fail('mount-unproven', { target: path, reason })
    if (hides > 0) machine.log(5, `${path} is on workspace: ${hides} names that root-fs has there are hidden`)
    return { kind: 'bind-directory', mount: path, from: 'workspace', directory: made, hides }
  },
}
