// One run of setup: its temporary directories, its tools, and the way it stops early and leaves nothing behind.

import { readdirSync, readFileSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { type Directory, removeBelow } from '../machine/beneath.ts'
import { run } from '../machine/exec.ts'
import { type Scratch, scratchIn } from '../machine/scratch.ts'
import type { Progress } from '../terminal/progress.ts'

export type Work = {
  /**
   * Makes a directory in `parent`, which is removed when the run ends in any way. `path` is the path of `parent`, for messages.
   * Fault: `target-write`.
   */
  readonly temporary: (parent: Directory, path: string) => string
  /** Like `run`, but throws instead of starting a tool after the run was told to stop. */
  readonly tool: typeof run
  /** Throws after the run was told to stop. Long loops call this function. */
  readonly requireGoing: () => void
  /** Runs all tasks at the same time. The first failure stops the other tasks, and is thrown when all of them have ended. */
  readonly together: <T>(tasks: readonly (() => Promise<T>)[]) => Promise<T[]>
  readonly progress: Progress
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof signals)[number]

const together = async <T>(tasks: readonly (() => Promise<T>)[], stop: () => void): Promise<T[]> => {
  const failures: unknown[] = []
  const values = await Promise.all(
    tasks.map(async (task): Promise<T[]> => {
      try {
        return [await task()]
      } catch (thrown) {
        failures.push(thrown)
        stop()
        return []
      }
    }),
  )
  if (failures.length > 0) throw failures[0]
  return values.flat(1) as T[]
}

/** Runs `body`. After a signal the process cleans up as after a failure, then dies of that signal, as a shell expects. */
export const withWork = async <T>(progress: Progress, body: (work: Work) => Promise<T>): Promise<T> => {
  const scratches: Scratch[] = []
  let caught: Signal | undefined
  let stopping: NodeJS.Timeout | undefined
  const stop = () => {
    // Repeated, since a child may be starting another program at this moment.
    stopping ??= setInterval(stopChildren, 50)
    stopChildren()
  }
  const onSignal = (signal: Signal) => {
    caught ??= signal
    stop()
  }
  const requireGoing = () => {
    if (stopping !== undefined) throw fail('internal', { reason: 'setup went on after it was stopped' })
  }
  const work: Work = {
    progress,
    requireGoing,
    temporary: (parent, path) => {
      try {
        const scratch = scratchIn(parent.path, '.cvmboot-')
        scratches.push(scratch)
        return scratch.directory.path
      } catch (thrown) {
        throw fail('target-write', { target: path, reason: reasonOf(thrown) })
      }
    },
    tool: async (...call) => {
      requireGoing()
      return run(...call)
    },
    together: (tasks) => together(tasks, stop),
  }

  for (const signal of signals) process.on(signal, onSignal)
  try {
    return await body(work)
  } finally {
    clearInterval(stopping)
    progress.end()
    for (const scratch of scratches) await removeScratch(scratch)
    for (const signal of signals) process.off(signal, onSignal)
    if (caught !== undefined) process.kill(process.pid, caught)
  }
}

/** Removes a directory, also where it holds a copied tree with directories that deny writing to their owner. */
const removeScratch = async (scratch: Scratch): Promise<void> => {
  const { path } = scratch.directory
  try {
    removeBelow(scratch.directory)
  } catch {
    await run('chmod', ['-R', 'u+rwX', '--', `${path}/.`], { package: 'coreutils' })
  }
  scratch[Symbol.dispose]()
}

/** Ends the tools that this process started, directly or through shells. */
const stopChildren = (): void => {
  const parents = new Map<number, number>()
  const shells = new Set<number>()
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
      // The script fakeroot has to stop its daemon itself, so it stays. It ends after its tool has ended.
      if (stat.includes('(fakeroot)')) shells.add(Number(name))
    } catch {
      // The process ended between the two calls.
    }
  }
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent !== undefined && (parent === process.pid || isOurs(parent))
  }
  for (const pid of parents.keys()) {
    if (shells.has(pid) || !isOurs(pid)) continue
    try {
      process.kill(pid, 'SIGTERM')
    } catch {
      // The process has ended by itself.
    }
  }
}
