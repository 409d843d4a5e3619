// Recognizes two frequent mistakes in the source of a root that has no init, by the names of its entries: a container archive,
// which holds layers and no root, and a directory above the real root.

import { containerOf } from '../../inspect/container.ts'
import type { RootView } from './view.ts'

/** The kind of container archive that the root is, or that its only directory is; undefined where neither is one. */
export const containerIn = async (view: RootView): Promise<string | undefined> => {
  const names = await visibleIn(view)
  const found = containerOf(names)
  const [only] = names
  if (found !== undefined || names.length !== 1 || only === undefined) return found
  return containerOf(await view.names(`/${only}`).catch(() => []))
}

const visibleIn = async (view: RootView): Promise<readonly string[]> =>
  (await view.names('/').catch(() => [])).filter((name) => !/^(?:\.{1,2}|lost\+found)$/.test(name))

/** The name of a directory in the root that looks like a root itself; undefined where there is none. */
export const rootBelow = async (view: RootView): Promise<string | undefined> => {
  for (const name of (await visibleIn(view)).slice(0, 100)) {
    if (!/^[A-Za-z0-9._-]+$/.test(name)) continue
    const names: readonly string[] = await view.names(`/${name}`).catch(() => [])
    if (names.includes('etc') && (names.includes('sbin') || names.includes('usr'))) return name
  }
  return undefined
}

export const isEmpty = async (view: RootView): Promise<boolean> => (await visibleIn(view)).length === 0
