// Programs of the build host and the running system: where they are, and as child processes. The only importer of execa,
// never reached by the boot.

import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../fault.ts'
import { inWords } from './errno.ts'

export type RunOptions = {
  /** Bytes for standard input; otherwise it is closed. */
  readonly input?: Uint8Array
  readonly cwd?: string
  /** Added to an environment of PATH, LC_ALL and HOME only. */
  readonly env?: Readonly<Record<string, string>>
  /** Debian package that has the tool, for the message when it is missing. */
  readonly package?: string
  /** Sees each chunk of standard output and standard error as it comes: for progress. */
  readonly onOutput?: (text: string) => void
}

/** Where tools are looked for: sbin too, which a user's PATH lacks on Debian. */
export const toolPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Where an executable of that name is: there, or in another directory. */
export const findTool = async (tool: string, ...also: readonly string[]): Promise<string | undefined> => {
  for (const directory of [...toolPath.split(':'), ...also]) {
    const path = join(directory, tool)
    const found = access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (await found) return path
  }
  return undefined
}

/**
 * Runs a program without a shell and returns its standard output as text.
 * Faults: `tool-missing`, `tool-failed` (with the last line the tool said).
 */
export const run = async (tool: string, args: readonly string[], options: RunOptions = {}): Promise<string> =>
  textOf(await runBytes(tool, args, options))

/** The same for output that is no text. */
export const runBytes = async (
  tool: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Uint8Array> => {
  const { execa } = await import('execa')
  const child = execa(tool, args, {
    env: { PATH: toolPath, LC_ALL: 'C', HOME: '/', ...options.env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    encoding: 'buffer',
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  if (options.onOutput !== undefined) {
    child.stdout?.on('data', (chunk: Buffer) => options.onOutput?.(chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => options.onOutput?.(chunk.toString()))
  }
  const result = await child
  if (!result.failed) return result.stdout ?? new Uint8Array()
  if (result.code === 'ENOENT') throw fail('tool-missing', { tool, package: options.package ?? tool })
  const said = textOf(result.stderr ?? new Uint8Array())
    .trim()
    .split('\n')
    .at(-1)
    ?.trim()
  const ended =
    result.exitCode === undefined
      ? (result.signal ?? inWords(result.code ?? 'killed'))
      : `exit ${result.exitCode}`
  throw fail('tool-failed', { tool, reason: said ? `${ended}: ${said}` : ended })
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
