// hand-over: the last step where someone else's init pivots. It leaves the new root ready below /sysroot.

import type { Definition } from './step.ts'
import { requireRoot } from './switch-root.ts'

export type HandOver = {
  readonly kind: 'hand-over'
  /** What dracut and initramfs-tools run in the new root; the command line must not name another. */
  readonly init: string
}

export const handOver: Definition<HandOver> = {
  print: ({ init }) => `hand-over ${init}`,
  subject: ({ init }) => init,
  run: ({ init }, { machine }) => {
    requireRoot(init, machine)
    return { kind: 'hand-over' }
  },
}
