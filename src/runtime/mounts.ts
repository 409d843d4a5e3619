// The tree of mounts: which one a path leads to, and what lies over it. Pure.

import { type Mount, parseMountinfo } from '../machine/mountinfo.ts'
import { holds } from '../system/paths.ts'

/** With the numbers by which mounts hang together (proc_pid_mountinfo(5)). */
export type MountNode = Mount & { readonly id: number; readonly parent: number }

export const parseMounts = (mountinfo: string): MountNode[] =>
  mountinfo.split('\n').flatMap((line) => {
    const [id, parent] = line.split(' ').map(Number)
    if (id === undefined || parent === undefined) return []
    return parseMountinfo(line).map((mount) => ({ ...mount, id, parent }))
  })

export { holds }

const ancestors = (mounts: readonly MountNode[], mount: MountNode): readonly MountNode[] => {
  const found: MountNode[] = []
  for (let at: MountNode | undefined = mount; at !== undefined && !found.includes(at); ) {
    found.push(at)
    const { parent }: MountNode = at
    at = mounts.find(({ id }) => id === parent)
  }
  return found
}

/** What a path that is itself a mount point leads to; undefined where nothing is mounted on it, or it is covered. */
export const mountAt = (mounts: readonly MountNode[], path: string): MountNode | undefined => {
  const there = mounts.filter(({ target }) => target === path)
  // Stacked: each lies on the one before.
  const top = there.find(({ id }) => !there.some(({ parent }) => parent === id))
  if (top === undefined) return undefined
  const line = ancestors(mounts, top)
  const over = mounts.find(
    (one) =>
      one.target !== path &&
      holds(one.target, path) &&
      !line.includes(one) &&
      line.some(({ id }) => id === one.parent),
  )
  return over === undefined ? top : undefined
}
