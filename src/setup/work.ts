// One run of setup: its temporary directories, its tools, and how it stops half-way with nothing left behind.

import { readdirSync, readFileSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { type Directory, removeBelow } from '../machine/beneath.ts'
import { run } from '../machine/exec.ts'
import { type Scratch, scratchIn } from '../machine/scratch.ts'
import type { Progress } from '../terminal/progress.ts'

export type Work = {
  /**
   * Makes a directory in `parent` that is gone at the end, whatever the end is. `path` is the path of `parent`, for words.
   * Fault: `target-write`.
   */
  readonly temporary: (parent: Directory, path: string) => string
  /** As `run`, but starts nothing once the run is to stop. */
  readonly tool: typeof run
  /** Throws once the run is to stop; long loops ask. */
  readonly check: () => void
  /** Does all at the same time. The first failure stops the others, and is thrown when they have ended. */
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

/** Runs `body`. After a signal it cleans up like after a failure, then dies of that signal as a shell expects. */
export const withWork = async <T>(progress: Progress, body: (work: Work) => Promise<T>): Promise<T> => {
  const scratches: Scratch[] = []
  let caught: Signal | undefined
  let stopping: NodeJS.Timeout | undefined
  const stop = () => {
    // Again and again, since a child may only now be starting another.
    stopping ??= setInterval(stopChildren, 50)
    stopChildren()
  }
  const onSignal = (signal: Signal) => {
    caught ??= signal
    stop()
  }
  const check = () => {
    if (stopping !== undefined) throw fail('internal', { reason: 'setup went on after it was stopped' })
  }
  const work: Work = {
    progress,
    check,
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
      check()
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

/** A copied tree may hold directories that not even their owner may write. */
const removeScratch = async (scratch: Scratch): Promise<void> => {
  const { path } = scratch.directory
  try {
    removeBelow(scratch.directory)
  } catch {
    await run('chmod', ['-R', 'u+rwX', '--', `${path}/.`], { package: 'coreutils' })
  }
  scratch[Symbol.dispose]()
}

/** Ends the tools of this process, whichever shells are between. */
const stopChildren = (): void => {
  const parents = new Map<number, number>()
  const shells = new Set<number>()
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
      // A script that has to live on to end its daemon; it ends when its tool has.
      if (stat.includes('(fakeroot)')) shells.add(Number(name))
    } catch {
      // It ended between the two calls.
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
      // It ended by itself.
    }
  }
}
