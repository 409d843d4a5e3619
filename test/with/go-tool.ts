// Programs in Go for tests: other implementations, built once and kept. A machine without Go has none.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { cached } from '../vm/cache.ts'
import { masked } from '../vm/mirror.ts'

/** The toolchain lies outside of the directories in which the project looks for programs. */
export const goEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && /^(?:GO[A-Z]*|HOME|PATH|https?_proxy|no_proxy)$/i.test(name)
        ? [[name, value]]
        : [],
    ),
  )

export const hasGo = async (): Promise<boolean> =>
  (await run('sh', ['-c', 'go version'], { cwd: tmpdir(), env: goEnvironment() }).catch(() => undefined)) !==
  undefined

/** `release` names the package of a program and its version, as go install takes them. The directory with the program. */
export const goTool = async (name: string, release: string): Promise<string> => {
  const entry = await cached(`go-${name}`, [release], async (directory) => {
    const env = { ...goEnvironment(), GOBIN: join(directory, 'bin') }
    try {
      await run('sh', ['-c', 'go install "$1"', 'sh', release], { cwd: directory, env })
    } catch (thrown) {
      throw new Error(`cannot build ${release} today: ${masked(String(thrown)).slice(-1000)}`)
    }
  })
  return join(entry, 'bin')
}
