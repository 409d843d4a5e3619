// A port of virtio-serial: a stream of bytes between the VM and a program of the host. Nothing that comes from a port is trusted.

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import type { Port } from './machine.ts'

const ports = '/sys/class/virtio-ports'
const mostRead = 64 * 1024

/** The kernel's answer to a read or a write that would have to wait. */
const wouldWait = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'EAGAIN'

const orNothing = <T>(act: () => T, nothing: T): T => {
  try {
    return act()
  } catch (thrown) {
    if (wouldWait(thrown)) return nothing
    throw thrown
  }
}

const text = (path: string): string => orAbsent(() => readFileSync(path, 'latin1').replace(/\n$/, '')) ?? ''

const orAbsent = <T>(act: () => T): T | undefined => {
  try {
    return act()
  } catch {
    return undefined
  }
}

/** The name of the device that has the port, as `vport1p1`. The host chooses the names of ports. */
const deviceOf = (name: string): string | undefined =>
  (orAbsent(() => readdirSync(ports)) ?? [])
    .filter((device) => /^vport[0-9]{1,3}p[0-9]{1,3}$/.test(device))
    .sort()
    .find((device) => text(`${ports}/${device}/name`) === name)

/** Opens the port. Undefined where no port has the name yet. Throws the kernel's error. */
export const openPort = (name: string): Port | undefined => {
  const device = deviceOf(name)
  if (device === undefined) return undefined
  const path = `/dev/${device}`
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  const { rdev } = fstatSync(fd)
  // Linux: major and minor number of a device number of 64 bits (MAJOR and MINOR of glibc's sys/sysmacros.h).
  const found = `${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`
  if (!fstatSync(fd).isCharacterDevice() || found !== text(`${ports}/${device}/dev`)) {
    closeSync(fd)
    throw new Error(`${path} is not the device of the port`)
  }
  return {
    read: () => {
      const bytes = Buffer.alloc(mostRead)
      return bytes.subarray(
        0,
        orNothing(() => readSync(fd, bytes), 0),
      )
    },
    write: (bytes) => orNothing(() => writeSync(fd, bytes), 0),
    close: () => closeSync(fd),
  }
}
