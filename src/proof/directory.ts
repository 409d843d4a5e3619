// What must hold of a directory of the root that lies on workspace: the volume, the directory within the volume, and the
// options of the mount. Pure.

import { storedPath } from '../system/directories.ts'
import { notMounted, optionsDiffer } from './mount.ts'
import type { SeenMount } from './seen.ts'

/** `path`: the directory, as the running system has it. `dev`: `major:minor` of the mapping of workspace. */
export const directoryDiffers = (
  path: string,
  dev: string | undefined,
  mount: SeenMount | undefined,
): string | undefined => {
  if (mount === undefined) return notMounted
  if (mount.dev !== dev) return `${mount.source} is mounted there`
  if (mount.root !== storedPath(path)) return `${mount.root} of workspace is mounted there`
  return optionsDiffer(mount, ['rw', 'nosuid', 'nodev'])
}
