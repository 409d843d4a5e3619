// Costly things kept between runs: one directory an entry, named by a hash of what it is made from.
// An entry is made under a temporary name and renamed when whole, so a run that is cut off leaves nothing
// that looks finished, and two runs at once at worst do the same work twice.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const root = () => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cvmboot')

const day = 24 * 3600 * 1000

/**
 * The directory of the entry, made by `make` (which fills the directory it is given) unless it is there.
 * `madeFrom` is everything the content depends on.
 */
export const cached = async (
  name: string,
  madeFrom: readonly string[],
  make: (directory: string) => Promise<void>,
): Promise<string> => {
  const key = createHash('sha256').update(JSON.stringify(madeFrom)).digest('hex').slice(0, 16)
  const entry = join(root(), `${name}-${key}`)
  if (existsSync(entry)) {
    await utimes(entry, new Date(), new Date())
    return entry
  }
  await mkdir(root(), { recursive: true })
  await sweep()
  const draft = await mkdtemp(`${entry}.part-`)
  try {
    await make(draft)
    await rename(draft, entry)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    // rename refuses where another run was first: its entry is as good as ours.
    if (!existsSync(entry)) throw error
  }
  return entry
}

/** Removes what a cut-off run left and what nobody used for long. */
const sweep = async (): Promise<void> => {
  for (const name of await readdir(root())) {
    const path = join(root(), name)
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now())
    if (age > (name.includes('.part-') ? day : 14 * day)) await rm(path, { recursive: true, force: true })
  }
}
