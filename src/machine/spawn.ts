// Runs the one program that the boot needs, by node:child_process alone. With execa a CVM's initramfs would run npm packages,
// nineteen of them, and 0.1 G instructions more. All other code runs programs through exec.ts.

import { spawnSync } from 'node:child_process'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'

const path = '/usr/sbin:/usr/bin:/sbin:/bin'

/** Runs a program of the Debian package `from` and waits for its end. Faults: `tool-missing`, `tool-failed`. */
export const runTool = (tool: string, args: readonly string[], from: string): void => {
  const ended = spawnSync(tool, args, {
    env: { PATH: path, LC_ALL: 'C', HOME: '/' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'latin1',
  })
  if (ended.error !== undefined && 'code' in ended.error && ended.error.code === 'ENOENT')
    throw fail('tool-missing', { tool, package: from })
  if (ended.status === 0 && ended.error === undefined) return
  const how =
    ended.error !== undefined
      ? reasonOf(ended.error)
      : ended.status === null
        ? `${ended.signal}`
        : `exit ${ended.status}`
  const said = ended.stderr?.trim().split('\n').at(-1)?.trim()
  throw fail('tool-failed', { tool, reason: said ? `${how}: ${said}` : how })
}
