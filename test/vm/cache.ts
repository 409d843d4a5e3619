// The cache of costly things between runs: one directory for each entry, named by a hash of its inputs. An entry is made under
// a temporary name, and is renamed when it is whole. So a run that is cut off leaves nothing that looks finished, and two runs
// at once do the same work twice at worst.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const root = () => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cvmboot')

const hour = 3600 * 1000
/** Entries of one name that stay: enough to switch between two states of the source. */
const kept = 3

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
  await sweep(name)
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

/** Removes what a cut-off run left, and old entries of the name; never what may be in use now. */
const sweep = async (name: string): Promise<void> => {
  const ours = (await readdir(root())).filter((entry) =>
    new RegExp(`^${name}-[0-9a-f]{16}(\\.part-|$)`).test(entry),
  )
  const aged = await Promise.all(
    ours.map(async (entry) => {
      const path = join(root(), entry)
      // Another run may just have renamed it.
      const found = await stat(path).catch(() => undefined)
      return { path, draft: entry.includes('.part-'), age: Date.now() - (found?.mtimeMs ?? Date.now()) }
    }),
  )
  const whole = aged.filter(({ draft }) => !draft).sort((a, b) => a.age - b.age)
  const cutOff = aged.filter(({ draft, age }) => draft && age > 24 * hour)
  for (const { path } of [...whole.slice(kept).filter(({ age }) => age > hour), ...cutOff])
    await rm(path, { recursive: true, force: true })
}
