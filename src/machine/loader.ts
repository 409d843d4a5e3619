// Loads kernel modules of the initramfs in the order of modules.dep. The initramfs has no modprobe and no udev.

import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { errnoOf, reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { driverModules, modulesRoot } from '../system/initramfs.ts'
import { finitModule } from './libc.ts'
import {
  canonicalName,
  findModule,
  type ModuleIndex,
  modulesForAlias,
  nameOfPath,
  parseModuleIndex,
  resolveModules,
} from './modules.ts'

const folder = (): string => `${modulesRoot}/${release()}`

let index: ModuleIndex | undefined
const loaded = new Set<string>()

const read = (name: string): string => {
  try {
    return readFileSync(`${folder()}/${name}`, 'latin1')
  } catch {
    return ''
  }
}

const openIndex = (): ModuleIndex => {
  index ??= parseModuleIndex({
    dep: read('modules.dep'),
    softdep: read('modules.softdep'),
    alias: read('modules.alias'),
    builtin: read('modules.builtin'),
  })
  return index
}

type Inserted = 'loaded' | 'no device' | 'was there'

/** Loads one file. `no device`: the module says that its hardware is absent. Faults: `module-load`. */
const insertWith = (path: string, parameters: string): Inserted => {
  let fd: number | undefined
  try {
    fd = openSync(`${folder()}/${path}`, 'r')
    finitModule(fd, path.endsWith('.ko') ? 'plain' : 'compressed', parameters)
    return 'loaded'
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === 'ENODEV') return 'no device'
    if (errno === 'EEXIST') return 'was there'
    throw fail('module-load', { module: path, reason: reasonOf(thrown) })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Loads one file; false where the module says that its hardware is absent. Faults: `module-load`. */
const insert = (path: string): boolean => insertWith(path, '') !== 'no device'

/**
 * Loads a module that was removed, with parameters; the modules that it needs are still there. False where the module says that
 * its hardware is absent. Faults: `module-missing`, `module-load`.
 */
export const reloadModule = (name: string, parameters: string): boolean => {
  const path = openIndex().dep.get(canonicalName(name))?.path
  if (path === undefined)
    throw fail('module-missing', { module: name, reason: 'the initramfs does not have its file' })
  const inserted = insertWith(path, parameters)
  if (inserted === 'was there')
    throw fail('module-load', { module: path, reason: 'another program has loaded it meanwhile' })
  return inserted === 'loaded'
}

/** Loads modules and all that they need; their soft dependencies may be missing. Faults: `module-missing`, `module-load`. */
export const loadModules = (names: readonly string[]): void => {
  const asked = names.map((name) => findModule(openIndex(), name))
  for (const path of resolveModules(openIndex(), names)) {
    if (loaded.has(path)) continue
    if (!insert(path) && asked.includes(nameOfPath(path)))
      throw fail('module-load', { module: path, reason: 'there is no such device' })
    loaded.add(path)
  }
}

/**
 * Like `loadModules`, but leaves out a module that says that its hardware is absent, and with it each module that cannot be
 * loaded without that one, as hv_storvsc without hv_vmbus. Faults: `module-missing`, `module-load`.
 */
export const loadWanted = (names: readonly string[]): void => {
  for (const name of names) {
    let lacking = false
    for (const path of resolveModules(openIndex(), [name])) {
      if (loaded.has(path)) continue
      try {
        if (insert(path)) loaded.add(path)
        else lacking = true
      } catch (thrown) {
        if (!lacking) throw thrown
      }
    }
  }
}

/** The modules in the initramfs's index that know the hardware of `modalias`. */
export const modulesFor = (modalias: string): string[] => modulesForAlias(openIndex(), modalias)

/** Texts of the modalias files below /sys/bus and of the CPU's: the kernel would ask udev to load modules for these. */
const modaliases = (): Set<string> => {
  const found = new Set<string>()
  const add = (path: string) => {
    try {
      found.add(readFileSync(path, 'latin1').trim())
    } catch {}
  }
  add('/sys/devices/system/cpu/modalias')
  for (const bus of ['acpi', 'pci', 'platform', 'virtio', 'scsi', 'vmbus']) {
    try {
      for (const device of readdirSync(`/sys/bus/${bus}/devices`))
        add(`/sys/bus/${bus}/devices/${device}/modalias`)
    } catch {}
  }
  return found
}

const tried = new Set<string>()

/** Loads drivers for hardware that is new since the last call. A driver that finds its hardware absent is left out. */
export const loadDrivers = (): void => {
  for (const modalias of modaliases()) {
    if (tried.has(modalias)) continue
    tried.add(modalias)
    const wanted = modulesForAlias(openIndex(), modalias).filter((name) =>
      (driverModules as readonly string[]).includes(name),
    )
    for (const path of resolveModules(openIndex(), wanted))
      if (!loaded.has(path) && insert(path)) loaded.add(path)
  }
}
