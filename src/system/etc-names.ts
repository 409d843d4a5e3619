// The list for CONFIG_OVER_ETC that a tree needs. Pure. `setup` shows the list where it refuses a tree, and `config migrate`
// writes the list.

import { bare, isEtcName, type LayerEntry, refusedOf } from './etc-layer.ts'
import { cautionAt, type Guard, guardAt, guardOver } from './shadows.ts'

export type EtcNames = {
  /** Few names, and as narrow as the tree allows. */
  readonly names: readonly string[]
  /** Paths that no list lets in as they are. */
  readonly left: readonly Guard[]
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/**
 * The list that lets the entries of a tree in. It names a directory in place of its entries where the directory has two or more
 * of them and no program is known to look there for code. Otherwise the list names each file.
 */
export const etcNames = (entries: readonly LayerEntry[]): EtcNames => {
  const left: Guard[] = []
  const below = new Map<string, LayerEntry[]>()
  for (const entry of entries) {
    if (entry.path === '') continue
    const parent = parentOf(entry.path)
    below.set(parent, [...(below.get(parent) ?? []), entry])
  }
  const files = (path: string): number =>
    (below.get(path) ?? []).reduce((n, e) => n + (e.kind === 'directory' ? files(e.path) : 1), 0)
  const odd = (path: string): boolean =>
    (below.get(path) ?? []).some((e) => !isEtcName(e.path) || (e.kind === 'directory' && odd(e.path)))
  const name = ({ path, kind }: LayerEntry): string[] => {
    if (guardOver(path) !== undefined) return []
    if (!isEtcName(path)) {
      left.push({ path, reason: 'CONFIG_OVER_ETC has no way to write this name' })
      return []
    }
    if (kind !== 'directory') return [path]
    const isWhole = guardAt(path) === undefined && (cautionAt(path) === undefined || odd(path))
    if (guardAt(path) !== undefined && files(path) === 0) {
      left.push({ path, reason: 'it is empty, and only paths that no list lets in can lie below it' })
      return []
    }
    if (files(path) === 0 || (isWhole && (files(path) > 1 || odd(path)))) return [`${path}/`]
    return (below.get(path) ?? []).flatMap(name)
  }
  const names = (below.get('') ?? []).flatMap(name)
  // The highest of the refused paths is enough: whoever removes it removes all below it.
  const refused = refusedOf(entries, names).filter(({ why }) => why !== 'unnamed')
  const highest = refused.filter(({ path }) => !refused.some((one) => path.startsWith(`${one.path}/`)))
  left.push(...highest.map(({ path, reason }) => ({ path, reason })))
  const come = names.filter((one) => !left.some(({ path }) => path === bare(one)))
  return { names: come.sort(), left }
}

const longest = 600

/** The line of partition.conf; undefined where the line is too long for a message. */
export const etcLine = (names: readonly string[]): string | undefined => {
  const line = `CONFIG_OVER_ETC="${names.join(' ')}"`
  return line.length <= longest ? line : undefined
}
