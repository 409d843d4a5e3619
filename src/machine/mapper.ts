// Device-mapper by ioctl on /dev/mapper/control: make, replace, read back, remove. No decisions.

import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { DM, type DmMessage, dmFlags, parseDm, printDm } from './dm.ts'
import { ioctl } from './libc.ts'
import type { Mapping, MappingRequest } from './machine.ts'

const call = (request: number, message: Partial<DmMessage> & { name: string }): DmMessage => {
  const bytes = printDm({ uuid: '', flags: 0, dev: '0:0', targets: [], ...message })
  const control = openSync('/dev/mapper/control', 'r+')
  try {
    ioctl(control, request, bytes)
  } finally {
    closeSync(control)
  }
  const reply = parseDm(bytes)
  if (reply === undefined) throw new Error('device-mapper gave an answer that is not whole')
  return reply
}

const load = (
  request: Pick<MappingRequest, 'name' | 'access' | 'sectors' | 'table'> & { readonly target: string },
): void => {
  call(DM.load, {
    name: request.name,
    flags: request.access === 'read-only' ? dmFlags.readOnly : 0,
    targets: [{ start: 0n, sectors: request.sectors, type: request.target, text: request.table }],
  })
  call(DM.suspend, { name: request.name }) // without the flag this resumes, with the table just loaded
}

const deviceOf = (dev: string): string => `/dev/dm-${dev.split(':')[1]}`

/** Makes the same link as udev's rules, in one step: a udev that runs at the same time may make the link at any moment. */
const link = (name: string, dev: string): void => {
  mkdirSync('/dev/mapper', { recursive: true })
  const draft = `/dev/mapper/.${name}`
  rmSync(draft, { force: true })
  symlinkSync(`../dm-${dev.split(':')[1]}`, draft)
  renameSync(draft, `/dev/mapper/${name}`)
}

export const openMapping = (request: MappingRequest): Mapping => {
  const { dev } = call(DM.create, { name: request.name, uuid: request.uuid })
  try {
    load(request)
  } catch (thrown) {
    call(DM.remove, { name: request.name })
    throw thrown
  }
  link(request.name, dev)
  return readMapping(request.name)
}

export const replaceTable = (request: MappingRequest): Mapping => {
  load(request)
  return readMapping(request.name)
}

/**
 * Makes every later access to a mapping fail, even where the mapping is in use. The kernel first writes the changes that the
 * file system has not written yet, and then drops the old table together with its key.
 */
export const failMapping = (name: string): void => {
  const { access, sectors } = readMapping(name)
  load({ name, access, sectors, target: 'error', table: '' })
}

/** The kernel's own description of the active table. Throws where the table does not have exactly one target. */
export const readMapping = (name: string): Mapping => {
  const table = call(DM.tableStatus, { name, flags: dmFlags.statusTable | dmFlags.noFlush })
  const status = call(DM.tableStatus, { name, flags: dmFlags.noFlush })
  const [target] = table.targets
  if (target === undefined || (table.flags & dmFlags.active) === 0 || target.start !== 0n)
    throw new Error('no active table')
  return {
    device: deviceOf(table.dev),
    dev: table.dev,
    access: (table.flags & dmFlags.readOnly) !== 0 ? 'read-only' : 'read-write',
    sectors: target.sectors,
    target: target.type,
    table: target.text,
    status: status.targets[0]?.text ?? '',
  }
}

/** Names of all mappings there are, as the kernel lists them. */
export const mappingNames = (): string[] =>
  readdirSync('/sys/class/block')
    .filter((device) => device.startsWith('dm-'))
    .map((device) => readFileSync(`/sys/class/block/${device}/dm/name`, 'latin1').trimEnd())

/** Removes a mapping together with its dm-crypt key. Throws EBUSY where the mapping is in use. */
export const removeMapping = (name: string): void => {
  call(DM.remove, { name })
  rmSync(`/dev/mapper/${name}`, { force: true })
}

/** Removes every mapping, since the boot made all of them. A mapping that lies on another one is removed before that one. */
export const removeMappings = (): void => {
  for (let before = mappingNames(); ; ) {
    for (const name of before) {
      try {
        call(DM.remove, { name })
      } catch {
        // The mapping is in use: another mapping lies on it, or it stays with its key until the machine halts.
      }
    }
    const after = mappingNames()
    if (after.length === 0 || after.length === before.length) return
    before = after
  }
}
