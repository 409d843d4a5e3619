// The verb `uninstall`: exactly what `install` noted, undone. What was changed since is not ours any more.

import { resolve } from 'node:path'
import { readArguments } from '../arguments.ts'
import { fail } from '../fault/index.ts'
import { changeOf } from './changes.ts'
import { readRecord, sayChange } from './install.ts'
import { refuseOwned } from './owned.ts'
import { lookAt, removeDirectoryIn, removeIn } from './place.ts'
import { recordPath } from './record.ts'

export const uninstallHelp = `cvmboot uninstall [--root DIR] [--dry-run]

Undoes what cvmboot install did: removes what it put there, as far as it is still the same, and the directories that
it made, as far as they are empty. Files that were changed since are kept, and named.

  --root      the system (default: this one)
  --dry-run   only say what would be removed
`

const accepted = { root: { type: 'string' }, 'dry-run': { type: 'boolean' } } as const

/** Uninstalls. Faults: `usage`, `install-*`. */
export const uninstall = async (args: readonly string[]): Promise<void> => {
  const given = readArguments(args, accepted)
  const root = resolve(given.root ?? '/')
  const record = await readRecord(root)
  if (record === undefined) throw fail('install-absent', { root })
  await refuseOwned(root, [...record.files.keys()])
  const dry = given['dry-run'] === true ? 'dry' : 'wet'
  for (const [path, left] of record.files) {
    const { act } = changeOf(path, undefined, await lookAt(root, path), left)
    if (act === 'remove' && dry === 'wet') await removeIn(root, path)
    if (act === 'remove' || act === 'keep') process.stdout.write(sayChange(act, path, dry))
  }
  if (dry === 'dry') return
  await removeIn(root, recordPath)
  for (const directory of record.directories.toReversed()) await removeDirectoryIn(root, directory)
}
