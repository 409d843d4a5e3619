// Which files of os-config may lie over the root's /etc: the list CONFIG_OVER_ETC names them, and every other file is refused.
// Pure. `setup` and the boot ask the same function.

import { guardOver } from './shadows.ts'

/** A file, directory or link in os-config's `etc`, at any depth. */
export type LayerEntry = {
  /** Relative to `etc`; empty for `etc` itself. */
  readonly path: string
  readonly kind: 'directory' | 'file' | 'link' | 'whiteout' | 'special'
  /** Where a link leads; empty for all others. */
  readonly target: string
  /** Permissions, without the type. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Names of extended attributes that overlayfs reads as its own. */
  readonly marks: readonly string[]
}

export type Refused = {
  readonly path: string
  readonly reason: string
  /**
   * `unnamed`: a longer list would let the path in. `guarded`: no list lets the path in. `faulty`: no list lets it in as it is,
   * but an entry of another kind or mode could lie there.
   */
  readonly why: 'unnamed' | 'guarded' | 'faulty'
}

const aName = /^[A-Za-z0-9._+@:-]+(?:\/[A-Za-z0-9._+@:-]+)*\/?$/

/** Whether a text is a relative path without `.` and `..`. A `/` at the end of the path means a directory. */
export const isEtcName = (text: string): boolean => aName.test(text) && !/(?:^|\/)\.\.?(?:\/|$)/.test(text)

export const bare = (name: string): string => name.replace(/\/$/, '')

type EtcPlace =
  | { readonly of: 'named'; readonly name: string }
  /** A directory on the way to a name. */
  | { readonly of: 'leading' }
  | { readonly of: 'unnamed' }

export const placeIn = (names: readonly string[], path: string): EtcPlace => {
  const name = names.find((one) => path === bare(one) || path.startsWith(`${bare(one)}/`))
  if (name !== undefined) return { of: 'named', name }
  const leads = path === '' || names.some((one) => one.startsWith(`${path}/`))
  return { of: leads ? 'leading' : 'unnamed' }
}

/** Whether others than root may write to a directory. A merged directory has the owner and the mode of the layer on top. */
const othersWrite = ({ mode, uid, gid }: LayerEntry): boolean =>
  uid !== 0 || (mode & 0o002) !== 0 || (gid !== 0 && (mode & 0o020) !== 0)

/** Files in /run that services of the root write, and to which a link /etc/resolv.conf leads. */
const resolvers = [
  '/run/systemd/resolve/stub-resolv.conf',
  '/run/systemd/resolve/resolv.conf',
  '/run/NetworkManager/resolv.conf',
]

/** Where a link in /etc leads: an absolute path, or undefined where a `..` comes after a name that may be a link. */
const aimOf = (path: string, target: string): string | undefined => {
  const at = target.startsWith('/') ? [] : ['etc', ...path.split('/').slice(0, -1)]
  let named = target.startsWith('/')
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..' && named) return undefined
    if (part === '..') at.pop()
    else {
      named = true
      at.push(part)
    }
  }
  return `/${at.join('/')}`
}

/**
 * Whether a link leads to a place that root-fs holds read-only, to a place that the list names, to the resolv.conf of a service,
 * or to /dev/null.
 */
const staysInside = (path: string, target: string, names: readonly string[]): boolean => {
  const aim = aimOf(path, target)
  if (aim === undefined) return false
  if (aim === '/dev/null' || aim.startsWith('/usr/') || (path === 'resolv.conf' && resolvers.includes(aim)))
    return true
  return aim.startsWith('/etc/') && placeIn(names, aim.slice('/etc/'.length)).of === 'named'
}

const faultIn = (entry: LayerEntry, names: readonly string[]): string | undefined => {
  const { path, kind, mode, target, marks } = entry
  // Whiteouts and marks take away or move files of the root, such as the mask of a unit.
  if (kind === 'whiteout') return 'it is a whiteout, and would hide a file of the root'
  if (marks.length > 0) return `overlayfs would read its attribute ${marks[0]}`
  if (kind === 'special') return 'it is no file, directory or link'
  const place = placeIn(names, path)
  if (place.of === 'leading') {
    if (kind !== 'directory') return 'it would take the place of a directory of the root'
    return othersWrite(entry) ? 'others than root may write to it' : undefined
  }
  if (place.of === 'unnamed') return undefined
  if (kind !== 'directory' && `${path}/` === place.name)
    return `CONFIG_OVER_ETC names it as a directory, and it is a ${kind}`
  if (kind === 'file' && (mode & 0o6000) !== 0) return 'it would run with the rights of its owner'
  if (kind === 'link' && !staysInside(path, target, names))
    return `it is a link to ${target}, which is neither in /usr nor in a place that CONFIG_OVER_ETC names`
  return undefined
}

const refusedAs = (entry: LayerEntry, names: readonly string[]): Refused | undefined => {
  const { path } = entry
  const guard = guardOver(path)
  if (guard !== undefined) return { path, reason: guard.reason, why: 'guarded' }
  const fault = faultIn(entry, names)
  if (fault !== undefined) return { path, reason: fault, why: 'faulty' }
  return placeIn(names, path).of === 'unnamed'
    ? { path, reason: 'CONFIG_OVER_ETC does not name it', why: 'unnamed' }
    : undefined
}

/** The entries that must not lie there. `names` is CONFIG_OVER_ETC. */
export const refusedOf = (entries: readonly LayerEntry[], names: readonly string[]): Refused[] =>
  entries.map((entry) => refusedAs(entry, names)).filter((one) => one !== undefined)
