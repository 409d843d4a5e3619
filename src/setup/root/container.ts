// What a directory is that has no init: an archive of a container, which holds layers and no root, or a directory above
// a root. Told by the names in it.

import { containerOf } from '../../inspect/container.ts'
import type { RootView } from './view.ts'

/** What the root is, or the one directory in it. */
export const containerIn = async (view: RootView): Promise<string | undefined> => {
  const names = await visibleIn(view)
  const found = containerOf(names)
  const [only] = names
  if (found !== undefined || names.length !== 1 || only === undefined) return found
  return containerOf(await view.names(`/${only}`).catch(() => []))
}

const visibleIn = async (view: RootView): Promise<readonly string[]> =>
  (await view.names('/').catch(() => [])).filter((name) => !/^(?:\.{1,2}|lost\+found)$/.test(name))

/** A directory in it that looks like the root that was meant; undefined where there is none. */
export const rootBelow = async (view: RootView): Promise<string | undefined> => {
  for (const name of (await visibleIn(view)).slice(0, 100)) {
    if (!/^[A-Za-z0-9._-]+$/.test(name)) continue
    const names: readonly string[] = await view.names(`/${name}`).catch(() => [])
    if (names.includes('etc') && (names.includes('sbin') || names.includes('usr'))) return name
  }
  return undefined
}

export const isEmpty = async (view: RootView): Promise<boolean> => (await visibleIn(view)).length === 0
