// Runs a clean-up step by step, and reads the effect of each step back.

import { readFileSync } from 'node:fs'
import { reasonOf } from '../../fault/errno.ts'
import { BootFault, fail } from '../../fault/index.ts'
import { readDevice, writeDevice } from '../../machine/block.ts'
import { readBoundedText } from '../../machine/bounded.ts'
import { run as tool } from '../../machine/exec.ts'
import { unmount } from '../../machine/libc.ts'
import { failMapping, mappingNames, readMapping, removeMapping } from '../../machine/mapper.ts'
import { type Mount, parseMountinfo } from '../../machine/mountinfo.ts'
import { printTeardown, type Teardown } from './teardown.ts'
import { wipeBelow } from './wipe.ts'

/** The calls by which a clean-up changes the machine, and the calls that read the changes back. */
export type Host = {
  readonly mounts: () => readonly Mount[]
  readonly unmount: (target: string) => void
  readonly mappings: () => readonly string[]
  readonly removeMapping: (name: string) => void
  readonly failMapping: (name: string) => void
  /** The target of a mapping of device-mapper, such as `crypt`. */
  readonly targetOf: (name: string) => string
  readonly wipe: (directory: string) => void
  /** The text of the uevent file of a partition. */
  readonly uevent: (device: string) => string
  readonly read: (device: string, bytes: number) => Buffer
  readonly write: (device: string, bytes: Buffer) => void
  readonly discard: (device: string) => Promise<unknown>
}

export const thisHost: Host = {
  mounts: () => parseMountinfo(readBoundedText('/proc/self/mountinfo', 'kernelText')),
  unmount,
  mappings: mappingNames,
  removeMapping,
  failMapping,
  targetOf: (name) => readMapping(name).target,
  wipe: wipeBelow,
  uevent: (device) => readFileSync(`/sys/class/block/${device.replace(/^\/dev\//, '')}/uevent`, 'latin1'),
  read: (device, bytes) => readDevice(device, 0n, bytes),
  write: (device, bytes) => writeDevice(device, 0n, bytes),
  discard: (device) => tool('blkdiscard', ['--force', device], { package: 'util-linux' }),
}

const countMounts = (host: Host, at: string): number =>
  host.mounts().filter(({ target }) => target === at).length

/** The partition has to carry the name of the volume: a device that took the place of the boot's device would not. */
const requirePartition = (host: Host, device: string, volume: string): void => {
  if (!host.uevent(device).split('\n').includes(`PARTNAME=${volume}`))
    throw new Error(`${device} is no partition named ${volume}`)
}

const erase = (host: Host, device: string, bytes: number): void => {
  const zeroes = Buffer.alloc(bytes)
  host.write(device, zeroes)
  if (!host.read(device, bytes).equals(zeroes)) throw new Error('it does not read back as zeroes')
}

/** `ending`: a key is dropped even where a process still uses the volume. */
export type When = 'running' | 'ending'

const close = (host: Host, name: string, when: When): void => {
  try {
    host.removeMapping(name)
  } catch (thrown) {
    if (when === 'running' || host.targetOf(name) !== 'crypt') throw thrown
    host.failMapping(name)
    if (host.targetOf(name) === 'crypt') throw new Error('it is in use, and still has its key')
    return
  }
  if (host.mappings().includes(name)) throw new Error('it is still open')
}

const act = async (step: Teardown, host: Host, when: When): Promise<void> => {
  if (step.do === 'wipe') return host.wipe(step.directory)
  if (step.do === 'unmount') {
    const before = countMounts(host, step.target)
    host.unmount(step.target)
    // Of several mounts on one path, each step unmounts one.
    if (countMounts(host, step.target) >= before) throw new Error('it is still mounted')
    return
  }
  if (step.do === 'close') return close(host, step.mapping, when)
  requirePartition(host, step.device, step.volume)
  if (step.do === 'erase') return erase(host, step.device, step.bytes)
  try {
    await host.discard(step.device)
  } catch (thrown) {
    // A disk without discard keeps its blocks. The headers are gone, so the blocks are noise.
    if (!/not supported/i.test(String(thrown))) throw thrown
  }
}

/** Runs one step. Fault: `cleanup-failed`. */
export const runTeardown = async (step: Teardown, host: Host, when: When): Promise<void> => {
  try {
    await act(step, host, when)
  } catch (thrown) {
    const reason = thrown instanceof BootFault ? thrown.message : reasonOf(thrown)
    throw fail('cleanup-failed', { step: printTeardown(step), reason })
  }
}
