// close-tee: takes away the driver that derives keys, once the boot has its own keys. Two ways: the boot removes the driver, or
// the boot erases the key of VMPL 0 and leaves a driver that asks at VMPL 1 and above. docs/security.md says what each is worth.

import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail, faultOf } from '../fault/index.ts'
import type { Machine } from '../machine/machine.ts'
import { isClosed, reportVmpck, type TeeDriver, wrongAnswer } from '../proof/tee.ts'
import type { Definition } from './step.ts'

export type CloseTee = {
  readonly kind: 'close-tee'
  /** `report`: a driver that asks at VMPL 1 and above. */
  readonly leave: 'nothing' | 'report'
}

const close = (machine: Machine): TeeDriver => {
  try {
    return machine.closeTee()
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('tee-stays', { reason: reasonOf(thrown) })
  }
}

const remove = (machine: Machine): 'absent' | 'removed' => {
  const device = close(machine)
  if (!isClosed(device)) throw fail('tee-stays', { reason: 'its driver is built into the kernel' })
  return device
}

/** Refuses a kernel that cannot leave such a driver. Nothing is closed yet. False where there is no driver. */
const canNarrow = (machine: Machine): boolean => {
  const driver = machine.teeDriver()
  if (driver === 'built in') throw fail('tee-built-in', {})
  if (driver === 'fixed') throw fail('tee-no-vmpck-id', {})
  if (driver === 'absent') return false
  const vmpl = machine.snpVmpl()
  if (vmpl !== 0) throw fail('tee-above-vmpl', { vmpl })
  return true
}

/** Demands that the firmware answers a request with a status, and gives nothing. */
const mustRefuse = (what: string, ask: () => void): void => {
  try {
    ask()
  } catch (thrown) {
    if (faultOf(thrown).code === 'tee-status') return
    throw thrown
  }
  throw fail('tee-vmpck-stays', { reason: `with VMPCK ${reportVmpck} the firmware gives ${what} at VMPL 0` })
}

/** The report at VMPL 1 comes last, so that it also shows that the refusals left the channel whole. */
const proveNarrow = (machine: Machine): void => {
  using nonce = machine.random(64)
  const { bytes } = nonce
  mustRefuse('a report', () => void machine.snpReport({ reportData: bytes, vmpl: 0 }))
  // No field of the launch and TCB 0: the least that a request can ask for, so that the VMPL is the only thing to refuse.
  const key = { root: 'vcek', fields: 0, vmpl: 0, guestSvn: 0, tcb: 0n } as const
  mustRefuse('a key', () => machine.snpDerivedKey(key)[Symbol.dispose]())
  const report = machine.snpReport({ reportData: bytes, vmpl: reportVmpck })
  const asked = { reportData: bytes.toString('hex'), vmpl: reportVmpck }
  const reason = wrongAnswer(report, asked)
  if (reason !== undefined) throw fail('tee-report', { reason })
}

const narrow = (machine: Machine): 'absent' | 'report' => {
  if (!canNarrow(machine)) return 'absent'
  if (!machine.eraseVmpck())
    throw fail('tee-vmpck-stays', { reason: 'the kernel still asks after a request that must fail' })
  remove(machine)
  if (machine.openTee(0)) throw fail('tee-vmpck-stays', { reason: 'the driver starts with VMPCK 0 again' })
  if (!machine.openTee(reportVmpck)) throw fail('tee-vmpck-none', {})
  proveNarrow(machine)
  return 'report'
}

export const closeTee: Definition<CloseTee> = {
  print: ({ leave }) =>
    leave === 'nothing'
      ? 'close-tee remove sev_guest'
      : `close-tee erase VMPCK 0, leave sev_guest with VMPCK ${reportVmpck}`,
  subject: () => '',
  run: ({ leave }, { machine }) => ({
    kind: 'close-tee',
    tee: leave === 'nothing' ? remove(machine) : narrow(machine),
  }),
}
