// Resolves a path in a root. Links are followed as the kernel will follow them when that root is `/`, so no link leaves the root.

import type { RootEntry, RootView } from './view.ts'

export type Resolved =
  | { readonly kind: 'found'; readonly path: string; readonly entry: RootEntry }
  /** `path` does not exist. `link` is the last link that was followed on the way to it. */
  | { readonly kind: 'missing'; readonly path: string; readonly link: Link | undefined }
  | { readonly kind: 'loop'; readonly link: Link }
  /** The path lies in `directory`, on which the boot mounts something. */
  | { readonly kind: 'covered'; readonly directory: string }

export type Link = { readonly path: string; readonly target: string }

/** The most links that the kernel follows in one path (MAXSYMLINKS). */
const mostLinks = 40

const parts = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')

export const resolveIn = async (
  view: RootView,
  path: string,
  covered: readonly string[],
): Promise<Resolved> => {
  let left = parts(path)
  let at = ''
  let entry: RootEntry = { kind: 'directory' }
  let link: Link | undefined
  let links = 0
  for (;;) {
    const [name, ...rest] = left
    if (name === undefined) return { kind: 'found', path: at === '' ? '/' : at, entry }
    left = rest
    if (entry.kind !== 'directory')
      return { kind: 'missing', path: `${at}/${[name, ...rest].join('/')}`, link }
    if (name === '..') {
      at = at.replace(/\/[^/]*$/, '')
      continue
    }
    const next = `${at}/${name}`
    if (covered.includes(next)) return { kind: 'covered', directory: next }
    const found = await view.entry(next)
    if (found === undefined) {
      const whole = [next, ...rest].join('/')
      const directory = covered.find((one) => whole.startsWith(`${one}/`))
      return directory === undefined ? { kind: 'missing', path: whole, link } : { kind: 'covered', directory }
    }
    if (found.kind !== 'link') {
      at = next
      entry = found
      continue
    }
    link = { path: next, target: found.target }
    if (++links > mostLinks) return { kind: 'loop', link }
    if (found.target.startsWith('/')) at = ''
    left = [...parts(found.target), ...rest]
  }
}
