// The kernel's module index, as kmod's depmod writes it: print / parse, and the order in which modules are loaded. Pure.
// The boot reads the index, since it has no modprobe. `pack` reads it too, and keeps the part that the boot needs.

import { fail } from '../fault/index.ts'

type Dependency = { readonly path: string; readonly needs: readonly string[] }
type Soft = { readonly pre: readonly string[]; readonly post: readonly string[] }
type Alias = { readonly pattern: string; readonly module: string }

/** Names are canonical everywhere: `-` becomes `_`, as in the kernel. */
export type ModuleIndex = {
  /** Paths are relative to the directory of the index. `needs` has the order of the file: its last module is loaded first. */
  readonly dep: ReadonlyMap<string, Dependency>
  readonly soft: ReadonlyMap<string, Soft>
  /** In file order. */
  readonly alias: readonly Alias[]
  /** Name -> path. */
  readonly builtin: ReadonlyMap<string, string>
}

/** The texts of modules.dep, modules.softdep, modules.alias and modules.builtin. */
export type ModuleIndexText = Readonly<Record<'dep' | 'softdep' | 'alias' | 'builtin', string>>

export const canonicalName = (name: string): string => name.replaceAll('-', '_')

/** `kernel/fs/ext4/ext4.ko.xz` -> `ext4`. A text that is a name already stays the same. */
export const nameOfPath = (path: string): string =>
  canonicalName(path.slice(path.lastIndexOf('/') + 1).replace(/(?:\.ko(?:\.(?:xz|zst|gz))?)+$/, ''))

// Inside brackets a `-` stands for a range, and stays.
const canonicalPattern = (pattern: string): string =>
  pattern.replace(/\[[^\]]*\]|-/g, (c) => (c === '-' ? '_' : c))

const lines = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

/** Lines of an unknown form are left out. A module that needs such a line is then missing by name, which says more. */
export const parseModuleIndex = (text: ModuleIndexText): ModuleIndex => ({
  dep: new Map(
    lines(text.dep).flatMap((line) => {
      const [, path, needs = ''] = /^(\S+):((?: \S+)*) *$/.exec(line) ?? []
      const names = words(needs).map(nameOfPath)
      return path === undefined || names.includes('')
        ? []
        : [[nameOfPath(path), { path, needs: names }] as const]
    }),
  ),
  soft: lines(text.softdep).reduce((soft, line) => {
    const [keyword, name, ...rest] = words(line)
    if (keyword !== 'softdep' || name === undefined) return soft
    const before = soft.get(canonicalName(name)) ?? { pre: [], post: [] }
    const { pre, post } = parseSoft(rest)
    return soft.set(canonicalName(name), { pre: [...before.pre, ...pre], post: [...before.post, ...post] })
  }, new Map<string, Soft>()),
  alias: lines(text.alias).flatMap((line) => {
    const [, pattern = '', module] = /^alias (\S+) (\S+)$/.exec(line) ?? []
    return module === undefined ? [] : [{ pattern: canonicalPattern(pattern), module: canonicalName(module) }]
  }),
  builtin: new Map(lines(text.builtin).map((path) => [nameOfPath(path), path])),
})

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')

/** `pre: a b post: c`. Words before either keyword are ignored, as by kmod. */
const parseSoft = (given: readonly string[]): Soft => {
  const soft = { none: [] as string[], pre: [] as string[], post: [] as string[] }
  let at: keyof typeof soft = 'none'
  for (const word of given)
    if (word === 'pre:') at = 'pre'
    else if (word === 'post:') at = 'post'
    else soft[at].push(canonicalName(word))
  return soft
}

export const printModuleIndex = ({ dep, soft, alias, builtin }: ModuleIndex): ModuleIndexText => {
  const end = (all: readonly string[]) => all.map((line) => `${line}\n`).join('')
  const part = (key: string, names: readonly string[]) => (names.length > 0 ? [key, ...names] : [])
  return {
    dep: end(
      [...dep.values()].map(({ path, needs }) =>
        [`${path}:`, ...needs.map((name) => dep.get(name)?.path ?? name)].join(' '),
      ),
    ),
    softdep: end(
      [...soft].map(([name, { pre, post }]) =>
        ['softdep', name, ...part('pre:', pre), ...part('post:', post)].join(' '),
      ),
    ),
    alias: end(alias.map(({ pattern, module }) => `alias ${pattern} ${module}`)),
    builtin: end([...builtin.values()]),
  }
}

/** The longest chain of dependencies. Kernels have chains of under twenty modules; thousands would exhaust the stack. */
const deepest = 1000

/**
 * Paths to load for the modules `names`, in this order and each once: the dependencies of a module, its soft dependencies
 * `pre`, the module, and its soft dependencies `post`. A built-in module needs no file. `a|b` stands for the first of the two
 * that the kernel has. A soft dependency may be missing, or refuse with ENODEV; a module of `names` may not.
 * Fault: `module-missing`.
 */
export const resolveModules = (index: ModuleIndex, names: readonly string[]): string[] => {
  const paths: string[] = []
  // A name is marked when its visit begins, so that a cycle ends where it closes.
  const seen = new Set<string>()
  const visit = (name: string, depth: number): void => {
    const module = index.dep.get(name)
    if (seen.has(name) || module === undefined) return
    if (depth > deepest)
      throw fail('module-missing', { module: name, reason: `more than ${deepest} modules need each other` })
    seen.add(name)
    for (const need of module.needs.toReversed()) {
      if (!index.dep.has(need) && !index.builtin.has(need))
        throw fail('module-missing', {
          module: need,
          reason: `${name} needs it, and modules.dep does not list it`,
        })
      visit(need, depth + 1)
    }
    for (const wanted of index.soft.get(name)?.pre ?? []) visitSoft(wanted, depth + 1)
    paths.push(module.path)
    for (const wanted of index.soft.get(name)?.post ?? []) visitSoft(wanted, depth + 1)
  }
  // A soft dependency is often an alias: ext4 wants `crypto-crc32c`, whichever module provides the alias.
  const visitSoft = (name: string, depth: number): void => {
    if (index.builtin.has(name)) return
    for (const found of index.dep.has(name) ? [name] : modulesForAlias(index, name)) visit(found, depth)
  }
  for (const name of names) {
    const found = findModule(index, name)
    if (found === undefined)
      throw fail('module-missing', {
        module: name,
        reason: 'the kernel neither has it as a file nor built in',
      })
    visit(found, 0)
  }
  return paths
}

/** The canonical name, of `name` or of alternatives `a|b`, that the kernel has. */
export const findModule = (index: ModuleIndex, name: string): string | undefined =>
  name
    .split('|')
    .map(canonicalName)
    .find((one) => index.dep.has(one) || index.builtin.has(one))

/** Modules whose aliases match the text of a `modalias` file of /sys, each once, in the index's order. */
export const modulesForAlias = (index: ModuleIndex, modalias: string): string[] => {
  const text = canonicalName(modalias)
  return [...new Set(index.alias.filter(({ pattern }) => matches(pattern, text)).map(({ module }) => module))]
}

/** fnmatch(3) as far as aliases use it: `*`, `?`, `[a-z]`, `[!a-z]`. */
const matches = (pattern: string, text: string): boolean => {
  let p = 0
  let t = 0
  // The place to go on from when the last `*` matched too few characters: the `*` then takes one character more.
  let star = -1
  let guess = 0
  while (t < text.length) {
    const one = pattern[p] === '*' ? undefined : matchOne(pattern, p, text[t] ?? '')
    if (pattern[p] === '*') {
      star = p++
      guess = t
    } else if (one !== undefined) {
      p = one
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++guess
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** The position in the pattern behind the part that matches one character, or undefined where that part does not match. */
const matchOne = (pattern: string, at: number, character: string): number | undefined => {
  const first = pattern[at]
  if (first === '?') return at + 1
  const end = first === '[' ? pattern.indexOf(']', at + 2) : -1
  if (end < 0) return first === character ? at + 1 : undefined
  const set = pattern.slice(at + 1, end)
  const inverse = set.startsWith('!') || set.startsWith('^')
  const ranges = [...set.slice(inverse ? 1 : 0).matchAll(/(.)-(.)|(.)/gs)]
  const inside = ranges.some(([, from, to, single]) =>
    single === undefined
      ? from !== undefined && to !== undefined && from <= character && character <= to
      : single === character,
  )
  return inside === inverse ? undefined : end + 1
}
