// The pinned Node, stripped: the build injects the scripts into a copy of this executable.
// Stripping has to come before the injection (see elf.ts) and takes seconds, so the build caches the result.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from '../src/machine/exec.ts'
import { root } from './bundle.ts'

/** The Node that the lock file pins, whichever Node runs the build. */
export const pinnedNode = join(root, 'node_modules/node/bin/node')

const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cvmboot')

const sha256 = async (file: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** Returns the path of the stripped Node, which is made on first use. */
export const strippedNode = async (): Promise<string> => {
  const kept = join(cache, `node-${await sha256(pinnedNode)}-stripped`)
  const found = await access(kept).then(
    () => true,
    () => false,
  )
  if (found) return kept
  await mkdir(cache, { recursive: true })
  const temporary = `${kept}.${process.pid}`
  await run('strip', ['-o', temporary, pinnedNode], { package: 'binutils' })
  await rename(temporary, kept)
  return kept
}
