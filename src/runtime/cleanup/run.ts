// Does a clean-up, step by step, and reads each step's effect back.

import { readFileSync } from 'node:fs'
import { BootFault, fail } from '../../fault.ts'
import { readDevice, writeDevice } from '../../machine/block.ts'
import { reasonOf } from '../../machine/errno.ts'
import { run as tool } from '../../machine/exec.ts'
import { unmount } from '../../machine/libc.ts'
import { mappingNames, removeMapping } from '../../machine/mapper.ts'
import { parseMountinfo } from '../../machine/mountinfo.ts'
import { printTeardown, type Teardown } from './teardown.ts'
import { wipeBelow } from './wipe.ts'

const isMounted = (target: string): number =>
  parseMountinfo(readFileSync('/proc/self/mountinfo', 'latin1')).filter((mount) => mount.target === target)
    .length

/** The name in the partition table, which a device that took the place of the boot's would not have. */
const requirePartition = (device: string, volume: string): void => {
  const uevent = readFileSync(`/sys/class/block/${device.replace(/^\/dev\//, '')}/uevent`, 'latin1')
  if (!uevent.split('\n').includes(`PARTNAME=${volume}`))
    throw new Error(`${device} is no partition named ${volume}`)
}

const erase = (device: string, bytes: number): void => {
  const zeroes = Buffer.alloc(bytes)
  writeDevice(device, 0n, zeroes)
  if (!readDevice(device, 0n, bytes).equals(zeroes)) throw new Error('it does not read back as zeroes')
}

const act = async (step: Teardown): Promise<void> => {
  if (step.do === 'wipe') return wipeBelow(step.directory)
  if (step.do === 'unmount') {
    const before = isMounted(step.target)
    unmount(step.target)
    if (isMounted(step.target) >= before) throw new Error('it is still mounted')
    return
  }
  if (step.do === 'close') {
    removeMapping(step.mapping)
    if (mappingNames().includes(step.mapping)) throw new Error('it is still open')
    return
  }
  requirePartition(step.device, step.volume)
  if (step.do === 'erase') return erase(step.device, step.bytes)
  try {
    await tool('blkdiscard', ['--force', step.device], { package: 'util-linux' })
  } catch (thrown) {
    // The headers are gone; what is left is noise, on a disk that keeps its blocks.
    if (!/not supported/i.test(String(thrown))) throw thrown
  }
}

/** One step. Fault: `cleanup-failed`. */
export const runTeardown = async (step: Teardown): Promise<void> => {
  try {
    await act(step)
  } catch (thrown) {
    const reason = thrown instanceof BootFault ? thrown.message : reasonOf(thrown)
    throw fail('cleanup-failed', { step: printTeardown(step), reason })
  }
}
