// The modules of one kernel that a boot may need, uncompressed, with an index of just these.
// The boot reads the same four index files in an initramfs of dracut or initramfs-tools, where they are whole.

import { basename, join, resolve } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { readBounded, readBoundedText, tooLarge } from '../machine/bounded.ts'
import { runBytes } from '../machine/exec.ts'
import { limits } from '../machine/limits.ts'
import {
  canonicalName,
  findModule,
  type ModuleIndex,
  nameOfPath,
  parseModuleIndex,
  printModuleIndex,
  resolveModules,
} from '../machine/modules.ts'
import { driverModules, fileSystemModules, modulesRoot } from '../system/initramfs.ts'
import { nearest } from './near.ts'
import { type Files, type Source, sourceOf } from './source.ts'

export type KernelModules = {
  readonly release: string
  /** Names in loading order. */
  readonly packed: readonly string[]
  /** Names that this kernel has neither as a file nor built in; none of them is needed by every boot. */
  readonly absent: readonly string[]
  readonly files: Files
}

/** `whole`: uncompressed modules with an index of just these. `as they are`: unchanged files, whose index depmod writes later. */
export type Form = 'whole' | 'as they are'

/**
 * Reads `/lib/modules/RELEASE` or the same directory of another tree. `needed` are the modules that every boot needs. Faults:
 * `pack-input`, `module-missing`.
 */
export const readKernel = async (
  directory: string,
  needed: readonly string[],
  form: Form,
): Promise<KernelModules> => {
  const release = basename(resolve(directory))
  const read = (name: string): string => {
    try {
      return readBoundedText(join(directory, name), 'moduleIndex')
    } catch (thrown) {
      if (thrown instanceof BootFault) throw thrown
      throw fail('pack-input', {
        path: join(directory, name),
        reason: `${reasonOf(thrown)}; pass /lib/modules/RELEASE, where depmod has been run`,
      })
    }
  }
  const index = parseModuleIndex({
    dep: read('modules.dep'),
    softdep: read('modules.softdep'),
    alias: read('modules.alias'),
    builtin: read('modules.builtin'),
  })
  const optional = [...fileSystemModules, ...driverModules]
  const absent = optional.filter((name) => findModule(index, name) === undefined)
  const wanted = [...needed, ...optional.filter((name) => !absent.includes(name))]
  requireKnown(index, needed)
  const paths = resolveModules(index, wanted)
  const inside = `${modulesRoot}/${release}`
  const found = { release, packed: paths.map(nameOfPath), absent }
  const files = new Map<string, Source>()
  if (form === 'as they are') {
    for (const path of paths) files.set(`${inside}/${path}`, await sourceOf(join(directory, path)))
    return { ...found, files }
  }
  for (const path of paths)
    files.set(`${inside}/${plainPath(path)}`, { content: await readModule(join(directory, path)) })
  const text = printModuleIndex(subsetOf(index, paths, wanted))
  for (const [name, content] of Object.entries(text))
    files.set(`${inside}/modules.${name}`, { content: Buffer.from(content, 'latin1') })
  return { ...found, files }
}

/** Fault: `module-missing`, which names the modules with the nearest names. */
const requireKnown = (index: ModuleIndex, needed: readonly string[]): void => {
  for (const module of needed) {
    if (findModule(index, module) !== undefined) continue
    const near = nearest(canonicalName(module), [...index.dep.keys(), ...index.builtin.keys()])
    const like = near.length > 0 ? `; correct MODULES: it has ${near.join(', ')}` : ''
    throw fail('module-missing', {
      module,
      reason: `this kernel neither has it as a file nor built in${like}`,
    })
  }
}

const plainPath = (path: string): string => path.replace(/\.(?:xz|zst|gz)$/, '')

/** The part of the index about the packed modules, and about the wanted modules that are built in. */
const subsetOf = (index: ModuleIndex, paths: readonly string[], wanted: readonly string[]): ModuleIndex => {
  const packed = new Set(paths.map(nameOfPath))
  const builtin = new Set(wanted.map((name) => findModule(index, name)))
  return {
    dep: new Map(
      [...index.dep]
        .filter(([name]) => packed.has(name))
        .map(([name, { path, needs }]) => [name, { path: plainPath(path), needs }]),
    ),
    soft: new Map([...index.soft].filter(([name]) => packed.has(name))),
    alias: index.alias.filter(({ module }) => packed.has(module)),
    builtin: new Map([...index.builtin].filter(([name]) => builtin.has(name))),
  }
}

/** Reads a module, uncompressed: the archive is compressed as a whole, so no module needs a compression of its own. */
const readModule = async (path: string): Promise<Uint8Array> => {
  try {
    const content = readBounded(path, 'module')
    const most = { maxOutputLength: limits.module.most }
    if (path.endsWith('.xz')) return await runBytes('xz', ['-dc', '--', path], { package: 'xz-utils' })
    if (path.endsWith('.zst')) return zstdDecompressSync(content, most)
    if (path.endsWith('.gz')) return gunzipSync(content, most)
    return content
  } catch (thrown) {
    if (thrown instanceof BootFault && thrown.fault.code === 'input-too-large') throw thrown
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(path, 'module')
    throw fail('pack-input', { path, reason: reasonOf(thrown) })
  }
}
