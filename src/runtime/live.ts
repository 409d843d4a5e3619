// The machine on which this program runs, as the interface of system.ts. A value that cannot be read is undefined, and the
// caller decides on the meaning. A text that is too large is a fault: half of a list of mounts would hide the other half.

import { accessSync, constants, readdirSync, statfsSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { BootFault } from '../fault/index.ts'
import { sizeOf } from '../inspect/inspect.ts'
import { readDevice } from '../machine/block.ts'
import { readBoundedText } from '../machine/bounded.ts'
import { toolPath } from '../machine/exec.ts'
import { readKernelLog } from '../machine/kernel-log.ts'
import { readMapping } from '../machine/mapper.ts'
import { channelRefuses } from '../machine/tee.ts'
import type { System } from './system.ts'

const orUndefined = <T>(ask: () => T): T | undefined => {
  try {
    return ask()
  } catch {
    return undefined
  }
}

export const live: System = {
  kernel: release,
  text: (path) => {
    try {
      return readBoundedText(path, 'kernelText')
    } catch (thrown) {
      if (thrown instanceof BootFault) throw thrown
      return undefined
    }
  },
  names: (path) => orUndefined(() => readdirSync(path)) ?? [],
  bytes: (path) => orUndefined(() => sizeOf(path)),
  space: (path) =>
    orUndefined(() => {
      const { bsize, blocks, bfree } = statfsSync(path, { bigint: true })
      return { bytes: blocks * bsize, used: (blocks - bfree) * bsize }
    }),
  hasTool: (name) =>
    toolPath
      .split(':')
      .some((directory) => orUndefined(() => accessSync(join(directory, name), constants.X_OK) ?? true)),
  mapping: (name) => orUndefined(() => readMapping(name)),
  kernelLog: () => readKernelLog(),
  teeRefuses: channelRefuses,
  read: (device, offset, length) => orUndefined(() => readDevice(device, offset, length)),
}
