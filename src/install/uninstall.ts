// `cvmboot uninstall`: removes exactly the files that `install` recorded. A file that was changed since then stays.

import { resolve } from 'node:path'
import { fail } from '../fault/index.ts'
import { changeOf } from './changes.ts'
import { readRecord, sayChange } from './install.ts'
import { refuseOwned } from './owned.ts'
import { lookAt, removeDirectoryIn, removeIn } from './place.ts'
import { recordPath } from './record.ts'

type UninstallOptions = { readonly root: string; readonly dry: 'dry' | 'wet' }

/** Uninstalls. Faults: `install-*`. */
export const uninstall = async ({ root: given, dry }: UninstallOptions): Promise<void> => {
  const root = resolve(given)
  const record = await readRecord(root)
  if (record === undefined) throw fail('install-absent', { root })
  await refuseOwned(root, [...record.files.keys()])
  for (const [path, left] of record.files) {
    const { act } = changeOf(path, undefined, await lookAt(root, path), left)
    if (act === 'remove' && dry === 'wet') await removeIn(root, path)
    if (act === 'remove' || act === 'keep') process.stdout.write(sayChange(act, path, dry))
  }
  if (dry === 'dry') return
  await removeIn(root, recordPath)
  for (const directory of record.directories.toReversed()) await removeDirectoryIn(root, directory)
}
