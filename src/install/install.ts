// `cvmboot install`: puts the files for the running VM, and the files for an initramfs generator, into a root file system. The
// command checks every path before it writes a file, and writes the record of its changes before the files themselves.

import { resolve } from 'node:path'
import { isSea } from 'node:sea'
import type { Edition } from '../edition.ts'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { run } from '../machine/exec.ts'
import { entryAt, resolveWithin } from '../machine/within.ts'
import { type Change, changeOf, noteOf } from './changes.ts'
import { type Carried, type Framework, frameworks } from './frameworks.ts'
import { refuseOwned } from './owned.ts'
import { type Piece, piecesOf } from './pieces.ts'
import { lookAt, missingDirectories, readIn, removeIn, writeIn } from './place.ts'
import { type Installed, type Left, parseRecord, printRecord, recordPath } from './record.ts'

const badUsage = (reason: string) => fail('usage', { reason })

/** Finds the edition by the output of `--version`, not by the name of the file. Faults: `usage`, `install-mock`, `tool-*`. */
const chooseExecutable = async (
  given: string | undefined,
  edition: Edition['name'],
  mock: 'wanted' | 'not wanted',
): Promise<string> => {
  const file = given ?? (isSea() ? process.execPath : undefined)
  // This check needs no answer of the executable: the running build is the mock or is not.
  if (mock === 'wanted' && edition !== 'cvmboot-mock')
    throw fail('install-mock', { reason: 'this is the production build; run install --mock of cvmboot-mock' })
  if (file === undefined) throw badUsage('run from source or by npx, install needs --executable FILE')
  const [name] = (await run(resolve(file), ['--version'])).split(' ')
  if (name !== 'cvmboot' && name !== 'cvmboot-mock') throw badUsage(`${file} is no cvmboot`)
  if (name === 'cvmboot-mock' && mock !== 'wanted')
    throw fail('install-mock', { reason: `${file} is the mock build; pass --mock if that is meant` })
  return resolve(file)
}

/** A file that each generator brings itself, and that shows that the root has the generator. */
const signs: Readonly<Record<Framework, string>> = {
  dracut: '/usr/lib/dracut/dracut-functions.sh',
  'initramfs-tools': '/usr/share/initramfs-tools/hook-functions',
}

/** Fault: `install-root`. */
const requireRoot = (root: string): void => {
  const is = (path: string) => {
    try {
      const found = resolveWithin(root, path)
      return found !== undefined && entryAt(found)?.isDirectory() === true
    } catch (thrown) {
      throw fail('install-root', { root, reason: reasonOf(thrown) })
    }
  }
  if (!is('/')) throw fail('install-root', { root, reason: 'there is no such directory' })
  if (!is('/usr')) throw fail('install-root', { root, reason: 'it has no directory usr' })
}

/** The chosen generators, or those that the root has; no generator for `none`. Fault: `install-generator`. */
const chooseFrameworks = (root: string, given: Framework | 'none' | undefined): readonly Framework[] => {
  if (given !== undefined) return frameworks.filter((one) => one === given)
  const found = frameworks.filter((one) => resolveWithin(root, signs[one]) !== undefined)
  if (found.length === 0) throw fail('install-generator', { root })
  return found
}

/** Fault: `install-record`. */
export const readRecord = async (root: string): Promise<Installed | undefined> => {
  const text = await readIn(root, recordPath)
  if (text === undefined) return undefined
  const record = parseRecord(text)
  if (record === undefined) throw fail('install-record', { path: `${root}${recordPath}`.replace('//', '/') })
  return record
}

const shown = {
  create: 'created',
  replace: 'replaced',
  remove: 'removed',
  keep: 'kept, since it was there before or was changed',
} as const

/** One line for each change. `path` is a path in the root. */
export const sayChange = (act: keyof typeof shown, path: string, dry: 'dry' | 'wet'): string =>
  `${dry === 'dry' ? 'to be ' : ''}${shown[act]}: ${path}\n`

/** Debian 11 has systemd in /lib alone. */
const hasSystemd = (root: string): boolean =>
  ['/usr/lib', '/lib'].some((one) => resolveWithin(root, `${one}/systemd/systemd`) !== undefined)

const anew: Readonly<Record<Framework, string>> = {
  dracut: 'dracut --force --regenerate-all',
  'initramfs-tools': 'update-initramfs -u -k all',
}

/** Decides the change for every path. Faults: `install-exists`, `install-write`. */
const decide = async (
  root: string,
  pieces: ReadonlyMap<string, Piece>,
  before: Installed | undefined,
): Promise<readonly Change[]> => {
  const paths = new Set([...pieces.keys(), ...(before?.files.keys() ?? [])])
  const changes: Change[] = []
  for (const path of paths) {
    const left = before?.files.get(path)
    const change = changeOf(path, pieces.get(path)?.wanted, await lookAt(root, path), left)
    if (change.act === 'refuse') throw fail('install-exists', { path, reason: change.reason })
    changes.push(change)
  }
  return changes
}

/** The record as it has to be after the changes. */
const recordOf = (
  root: string,
  changes: readonly Change[],
  pieces: ReadonlyMap<string, Piece>,
  before: Installed | undefined,
): Installed => {
  const files = changes.flatMap((change): [string, Left][] => {
    const note = noteOf(change, pieces.get(change.path)?.wanted, before?.files.get(change.path))
    return note === undefined ? [] : [[change.path, note]]
  })
  const made = [...files.map(([path]) => path), recordPath].flatMap((path) => missingDirectories(root, path))
  return {
    files: new Map(files.sort()),
    directories: [...new Set([...(before?.directories ?? []), ...made])].sort(),
  }
}

type InstallOptions = {
  readonly root: string
  /** Undefined: the generators that the root has. */
  readonly generator: Framework | 'none' | undefined
  readonly config: string | undefined
  readonly executable: string | undefined
  /** The edition of the cvmboot that runs `install`. */
  readonly edition: Edition
  readonly mock: 'wanted' | 'not wanted'
  readonly dry: 'dry' | 'wet'
  /** Manual pages and completions. */
  readonly help: ReadonlyMap<string, Carried>
}

/** Installs. Faults: `usage`, `config-*`, `install-*`, `tool-*`. */
export const install = async (given: InstallOptions): Promise<void> => {
  const { dry, help } = given
  const root = resolve(given.root)
  const executable = await chooseExecutable(given.executable, given.edition.name, given.mock)
  requireRoot(root)
  const into = chooseFrameworks(root, given.generator)
  if (into.length === 0 && given.config !== undefined)
    throw badUsage('--generator none takes no --config: cvmboot pack bakes partition.conf into the initramfs')
  const before = await readRecord(root)
  const left = before?.files ?? new Map<string, Left>()
  const { config, edition } = given
  const { providers } = edition
  const pieces = await piecesOf({ root, executable, config, providers, into, left, help })
  await refuseOwned(root, [...pieces.keys()])
  const changes = await decide(root, pieces, before)
  const lines = changes.flatMap(({ act, path }) =>
    act === 'none' || act === 'refuse' ? [] : [sayChange(act, path, dry)],
  )
  const work = changes.filter(({ act }) => act === 'create' || act === 'replace' || act === 'remove')
  if (work.length > 0 && dry === 'wet') {
    const record = { text: printRecord(recordOf(root, changes, pieces, before)) }
    await writeIn(root, recordPath, record, 0o644)
    for (const { act, path } of work) {
      const piece = pieces.get(path)
      if (act === 'remove' || piece === undefined) await removeIn(root, path)
      else await writeIn(root, path, piece.content, piece.wanted.mode)
    }
  }
  if (work.length === 0) lines.push('nothing to change\n')
  else lines.push(...into.map((one) => `next, in ${root}: ${anew[one]}\n`))
  if (work.length > 0 && into.length === 0 && !hasSystemd(root))
    lines.push(`note: ${root} has no systemd, so nothing there starts the units\n`)
  process.stdout.write(lines.join(''))
}
