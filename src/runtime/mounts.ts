// The tree of mounts: the mount that a path leads to, and the mounts that cover a mount. Pure.

import { type Mount, parseMountinfo } from '../machine/mountinfo.ts'
import { holds } from '../system/paths.ts'

/** A mount with its own ID and the ID of its parent mount (proc_pid_mountinfo(5)). */
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

/** The mount on a path; undefined where nothing is mounted on the path, or another mount covers the path. */
export const mountAt = (mounts: readonly MountNode[], path: string): MountNode | undefined => {
  const there = mounts.filter(({ target }) => target === path)
  // Mounts on one path are a stack: the parent of each is the mount before.
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
