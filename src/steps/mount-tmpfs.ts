// mount-tmpfs: mounts a file system in encrypted memory. From Linux 6.4, `noswap` makes the kernel keep the files in memory.

import { knowsNoswap, tmpfsDiffers } from '../proof/tmpfs.ts'
import { outside } from '../system/new-root.ts'
import { inodesOf } from '../system/tmpfs.ts'
import type { Definition } from './step.ts'
import { mountProved } from './with/mount.ts'

export type MountTmpfs = {
  readonly kind: 'mount-tmpfs'
  /** Path during the boot, in the initramfs. */
  readonly target: string
  /** Bytes. */
  readonly size: bigint
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export const mountTmpfs: Definition<MountTmpfs> = {
  print: ({ target, size, mode, uid, gid }) =>
    `mount-tmpfs on ${outside(target)} size=${size} inodes=${inodesOf(size)} mode=${mode.toString(8)} uid=${uid} gid=${gid} noswap from Linux 6.4`,
  subject: ({ target }) => `on ${outside(target)}`,
  run: ({ target, size, mode, uid, gid }, { machine }) => {
    // /run has no such directory yet. In the new root, only the image can have made the directory.
    if (target.startsWith('/run/')) machine.makeDirectory(target, { mode: 0o700, uid: 0, gid: 0 })
    const release = machine.kernel()
    const noswap = knowsNoswap(release) ? ['noswap'] : []
    const limits = [`size=${size}`, `nr_inodes=${inodesOf(size)}`]
    const own = [...limits, `mode=${mode.toString(8)}`, `uid=${uid}`, `gid=${gid}`, ...noswap]
    const options = ['nosuid', 'nodev', ...own]
    mountProved(machine, { source: 'tmpfs', target, type: 'tmpfs', options }, (mount) =>
      tmpfsDiffers(size, release, mount),
    )
    return {
      kind: 'mount-tmpfs',
      mount: outside(target),
      bytes: `${size}`,
      noswap: noswap.length > 0 ? 'yes' : 'no',
    }
  },
}
