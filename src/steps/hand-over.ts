// hand-over: the last step where the init of a framework pivots. The step checks that the new root is ready at /sysroot.

import type { Definition } from './step.ts'
import { requireRoot } from './switch-root.ts'

export type HandOver = {
  readonly kind: 'hand-over'
  /** The init that dracut and initramfs-tools run in the new root; the command line must not name another init. */
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
