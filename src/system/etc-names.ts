// The list for CONFIG_OVER_ETC that a tree needs. Pure. `setup` shows it where a tree is refused, `config migrate` writes it.

import { bare, isEtcName, type LayerEntry, refusedOf } from './etc-layer.ts'
import { cautionAt, type Guard, guardAt, guardOver } from './shadows.ts'

export type EtcNames = {
  /** Few, and as narrow as the tree allows. */
  readonly names: readonly string[]
  /** Paths that no list lets in as they are. */
  readonly left: readonly Guard[]
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/**
 * A directory stands for its entries where it holds two or more of them and no program is known that looks into it for
 * code; otherwise each file has a name of its own.
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
      left.push({ path, reason: 'it is empty, and only leads to what no name lets in' })
      return []
    }
    if (files(path) === 0 || (isWhole && (files(path) > 1 || odd(path)))) return [`${path}/`]
    return (below.get(path) ?? []).flatMap(name)
  }
  const names = (below.get('') ?? []).flatMap(name)
  // Of what is guarded, the highest: all below it goes with it.
  const refused = refusedOf(entries, names).filter(({ why }) => why !== 'unnamed')
  const highest = refused.filter(({ path }) => !refused.some((one) => path.startsWith(`${one.path}/`)))
  left.push(...highest.map(({ path, reason }) => ({ path, reason })))
  const come = names.filter((one) => !left.some(({ path }) => path === bare(one)))
  return { names: come.sort(), left }
}

const longest = 600

/** The line of partition.conf, or undefined where it is too long for a message. */
export const etcLine = (names: readonly string[]): string | undefined => {
  const line = `CONFIG_OVER_ETC="${names.join(' ')}"`
  return line.length <= longest ? line : undefined
}
