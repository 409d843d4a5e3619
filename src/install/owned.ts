// Refuses to touch files that belong to a Debian package of cvmboot: only dpkg may change those files.

import { fail } from '../fault/index.ts'
import { readIn } from './place.ts'

const packages = ['cvmboot', 'cvmboot-dracut', 'cvmboot-initramfs-tools'] as const

/** Fault: `install-owned`. */
export const refuseOwned = async (root: string, paths: readonly string[]): Promise<void> => {
  for (const name of packages) {
    const list = await readIn(root, `/var/lib/dpkg/info/${name}.list`)
    const lines = new Set(list?.split('\n'))
    const path = paths.find((one) => lines.has(one))
    if (path !== undefined) throw fail('install-owned', { path, package: name })
  }
}
