// close-tee: removes the driver that derives keys, once the boot has its own keys. A program that may load modules can
// load the driver again: see docs/security.md.

import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import type { Machine } from '../machine/machine.ts'
import { isClosed, type TeeDriver } from '../proof/tee.ts'
import type { Definition } from './step.ts'

export type CloseTee = { readonly kind: 'close-tee' }

const close = (machine: Machine): TeeDriver => {
  try {
    return machine.closeTee()
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('tee-stays', { reason: reasonOf(thrown) })
  }
}

export const closeTee: Definition<CloseTee> = {
  print: () => 'close-tee remove sev_guest',
  subject: () => '',
  run: (_, { machine }) => {
    const device = close(machine)
    if (!isClosed(device)) throw fail('tee-stays', { reason: 'its driver is built into the kernel' })
    return { kind: 'close-tee', tee: device }
  },
}
