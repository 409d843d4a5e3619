// /etc/machine-id of a root. The boot gives each VM an ID of its own and mounts the ID over this file. So the file has to
// exist; its content counts only with MACHINE_ID=keep.

import { chmodSync, closeSync, lstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail } from '../../fault/index.ts'
import type { MachineIdPlace } from '../../system/machine-id.ts'
import { resolveIn } from './resolve.ts'
import type { RootView } from './view.ts'

export const machineIdPath = '/etc/machine-id'

export type MachineId =
  | { readonly kind: 'absent' }
  | { readonly kind: 'there' /** A note on the content. */; readonly says: string | undefined }

/** Fault: `root-machine-id` where /etc/machine-id is a link, a directory or a device. */
export const machineIdIn = async (
  view: RootView,
  path: string,
  place: MachineIdPlace,
): Promise<MachineId> => {
  const bad = (reason: string) => fail('root-machine-id', { path, reason })
  const etc = await resolveIn(view, dirname(machineIdPath), [])
  if (etc.kind === 'missing' && etc.link === undefined) return { kind: 'absent' }
  if (etc.kind !== 'found' || etc.path !== '/etc') throw bad('its /etc is a link')
  if (etc.entry.kind !== 'directory') throw bad('its /etc is no directory')
  const entry = await view.entry(machineIdPath)
  if (entry === undefined) return { kind: 'absent' }
  if (entry.kind === 'link') throw bad(`it is a link to ${entry.target}`)
  if (entry.kind !== 'file') throw bad('it is no file')
  if (entry.size === 0) return { kind: 'there', says: undefined }
  const text = (await view.open(machineIdPath))?.read(0, 64).toString('latin1').trimEnd()
  // Image builders leave this word for systemd's first boot. The boot mounts the VM's own ID over it.
  if (text === 'uninitialized') return { kind: 'there', says: undefined }
  const what = text === undefined || /^[0-9a-f]{32}$/.test(text) ? 'an ID' : 'something that is no ID'
  return {
    kind: 'there',
    says: `root-fs: its ${machineIdPath} holds ${what}, the same for each VM of this image; ${
      place === 'kept'
        ? 'with MACHINE_ID=keep all VMs have this ID'
        : 'the boot gives each VM an ID of its own, so empty the file'
    }`,
  }
}

export const lacksMachineId = (tree: string): boolean =>
  lstatSync(join(tree, machineIdPath), { throwIfNoEntry: false }) === undefined

/** Makes an empty file in setup's own copy of a tree, with the mode that systemd uses. Throws the errors of the file system. */
export const makeMachineId = (tree: string): void => {
  const at = join(tree, machineIdPath)
  // The umask would cut modes that are given to mkdir and open.
  if (mkdirSync(dirname(at), { recursive: true }) !== undefined) chmodSync(dirname(at), 0o755)
  closeSync(openSync(at, 'wx'))
  chmodSync(at, 0o444)
}
