// Finds programs of the build host and of the running system, and runs them as child processes. No other file imports execa,
// and the boot never reaches this file.

import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inWords } from '../fault/errno.ts'
import { type BootFault, fail } from '../fault/index.ts'
import { tooLarge } from './bounded.ts'
import { limits } from './limits.ts'

export type RunOptions = {
  /** Bytes for standard input. Without them standard input is /dev/null. */
  readonly input?: Uint8Array
  readonly cwd?: string
  /** Variables beside PATH, LC_ALL and HOME, which are the whole environment otherwise. */
  readonly env?: Readonly<Record<string, string>>
  /** The Debian package that has the tool, for the message where the tool is missing. */
  readonly package?: string
  /** Gets each chunk of standard output and standard error as the program prints it, to show progress. */
  readonly onOutput?: (text: string) => void
}

/** The directories in which tools are found: those of sbin too, which a user's PATH lacks on Debian. */
export const toolPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The path of an executable of that name in `toolPath` or in a directory of `also`; undefined where none has it. */
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
 * Faults: `tool-missing`, `tool-failed` (with the last line that the tool printed to standard error).
 */
export const run = async (tool: string, args: readonly string[], options: RunOptions = {}): Promise<string> =>
  textOf(await runBytes(tool, args, options))

/** Like `run`, but returns bytes, for output that is no text. */
export const runBytes = async (
  tool: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Uint8Array> => {
  const { execa } = await import('execa')
  const child = execa(tool, args, {
    ...always,
    env: { ...environment, ...options.env },
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  child.stderr?.on('data', (chunk: Buffer) => options.onOutput?.(chunk.toString()))
  const printed: Buffer[] = []
  let bytes = 0
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    options.onOutput?.(chunk.toString())
    bytes += chunk.length
    if (bytes > limits.outputOfTool.most) {
      child.kill('SIGKILL')
      throw tooLarge(tool, 'outputOfTool')
    }
    printed.push(chunk)
  }
  const result = await child
  if (!result.failed) return Buffer.concat(printed)
  throw failed(tool, options.package ?? tool, result)
}

/**
 * Runs a program with `source` as its standard input. Yields each piece of its output as the program prints it, so that the
 * whole output is never in memory. The program is killed where the caller takes no more. Faults: `tool-missing`, `tool-failed`,
 * and the errors of `source`.
 */
export const runThrough = async function* (
  tool: string,
  args: readonly string[],
  source: AsyncIterable<Uint8Array>,
  ofPackage: string,
): AsyncIterable<Uint8Array> {
  const { execa } = await import('execa')
  const child = execa(tool, args, { ...always, env: environment, stdin: 'pipe' })
  // A program that needs no more input closes its end. Its exit status then tells whether it succeeded.
  const feeding = pipeline(Readable.from(source), child.stdin).then(
    () => undefined,
    (thrown: NodeJS.ErrnoException) =>
      ['EPIPE', 'ECONNRESET'].includes(thrown.code ?? '') ? undefined : thrown,
  )
  try {
    yield* child.stdout
    const result = await child
    const thrown = result.code === 'ENOENT' ? undefined : await feeding
    if (thrown !== undefined) throw thrown
    if (result.failed) throw failed(tool, ofPackage, result)
  } finally {
    child.kill('SIGKILL')
  }
}

const environment = { PATH: toolPath, LC_ALL: 'C', HOME: '/' } as const
// This file reads standard output itself, chunk by chunk: execa would make text of all of the output for its message.
const always = {
  extendEnv: false,
  reject: false,
  stripFinalNewline: false,
  encoding: 'buffer',
  buffer: { stdout: false, stderr: true },
  maxBuffer: 16 * 1024 ** 2,
} as const

type Ended = {
  readonly code?: string | undefined
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly stderr?: unknown
  readonly isMaxBuffer?: boolean | undefined
}

const failed = (tool: string, ofPackage: string, ended: Ended): BootFault => {
  const { code, exitCode, signal, stderr, isMaxBuffer } = ended
  if (isMaxBuffer === true) return tooLarge(tool, 'outputOfTool')
  if (code === 'ENOENT') return fail('tool-missing', { tool, package: ofPackage })
  const said = textOf(stderr instanceof Uint8Array ? stderr : new Uint8Array())
    .trim()
    .split('\n')
    .at(-1)
    ?.trim()
  const how = exitCode === undefined ? (signal ?? inWords(code ?? 'killed')) : `exit ${exitCode}`
  return fail('tool-failed', { tool, reason: said ? `${how}: ${said}` : how })
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
