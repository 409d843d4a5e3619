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

/** The directory with the programs that `commands`, a script of sh with one argument, puts into `$GOBIN`. */
const built = async (name: string, commands: string, release: string): Promise<string> => {
  const entry = await cached(`go-${name}`, [release], async (directory) => {
    const env = { ...goEnvironment(), GOBIN: join(directory, 'bin') }
    try {
      await run('sh', ['-ec', commands, 'sh', release], { cwd: directory, env })
    } catch (thrown) {
      throw new Error(`cannot build ${release} today: ${masked(String(thrown)).slice(-1000)}`)
    }
  })
  return join(entry, 'bin')
}

/** `release` names the package of a program and its version, as go install takes them. The directory with the program. */
export const goTool = (name: string, release: string): Promise<string> =>
  built(name, 'go install "$1"', release)

/**
 * Like `goTool`, for a program in the directory `directory` of the module `release`. A server without an index of modules
 * cannot tell `go install` that the directory is no module of its own.
 */
export const goToolIn = (name: string, release: string, directory: string): Promise<string> =>
  built(
    name,
    `go mod init tool && go get "$1" && GOFLAGS=-mod=mod go install "\${1%@*}/${directory}"`,
    release,
  )
