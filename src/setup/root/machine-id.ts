// /etc/machine-id of a root. The boot gives each VM an ID of its own and mounts it over this file, so the file has to be
// there; what is in it does not count.

import { chmodSync, closeSync, lstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail } from '../../fault/index.ts'
import type { MachineIdPlace } from '../../system/machine-id.ts'
import { resolveIn } from './resolve.ts'
import type { RootView } from './view.ts'

export const machineIdPath = '/etc/machine-id'

export type MachineId =
  | { readonly kind: 'absent' }
  | { readonly kind: 'there' /** What has to be said of it. */; readonly says: string | undefined }

/** Fault: `root-machine-id` where it is a link, a directory or a device. */
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
  // As image builders leave it for systemd's first boot; the ID that the boot mounts takes its place.
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

/** Makes an empty one in a tree of ours, with the mode that systemd gives it. Throws what the file system says. */
export const makeMachineId = (tree: string): void => {
  const at = join(tree, machineIdPath)
  // Not by the modes of mkdir and open, which the umask cuts.
  if (mkdirSync(dirname(at), { recursive: true }) !== undefined) chmodSync(dirname(at), 0o755)
  closeSync(openSync(at, 'wx'))
  chmodSync(at, 0o444)
}
