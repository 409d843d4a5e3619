// Notes on a tree for root-fs: things that the programs installed in the tree need and do not find. Setup looks for them in
// trees only, never in a ready image.

import { readdirSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { resolveWithin } from '../machine/within.ts'
import { adviceFor, noModules } from '../system/engines.ts'

const programs = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']

const isEmpty = (directory: string | undefined): boolean => {
  try {
    return directory === undefined || readdirSync(directory).length === 0
  } catch {
    return true
  }
}

/** The directory of a distribution's units, and the directory of an administrator's units. */
const unitDirectories = ['/usr/lib/systemd/system', '/etc/systemd/system']

const has = (tree: string, path: string): boolean => resolveWithin(tree, path) !== undefined

/** Whether the tree has systemd, but not the units of cvmboot. */
const lacksUnits = (tree: string): boolean =>
  has(tree, '/usr/lib/systemd/systemd') &&
  !unitDirectories.some((directory) => has(tree, `${directory}/cvmboot.service`))

export const noUnits =
  'root-fs: it has no cvmboot.service, so nothing in the VM verifies the volumes again and nothing starts the launcher; cvmboot install --generator none --root TREE puts the units there, before setup'

/** The notes, one line each. */
export const notesOn = (tree: string, config: Config): string[] => {
  const none = isEmpty(resolveWithin(tree, '/lib/modules'))
  const modulesLater = none || config.hardening.modules === 'closed' ? 'none' : 'some'
  const advice = adviceFor({
    has: (program) => programs.some((path) => resolveWithin(tree, `${path}/${program}`) !== undefined),
    modulesLater,
    directories: config.workspaceDirectories,
    modules: config.modules,
  })
  return [...(lacksUnits(tree) ? [noUnits] : []), ...(none ? [noModules] : []), ...advice]
}
