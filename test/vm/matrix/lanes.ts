// Runs the boots of a table in its order, as many at a time as this machine can run. Where test/run.ts runs one file on each
// processor, test/run.ts tells each file that it has one processor.

import { availableParallelism } from 'node:os'

/** Starts all of them; the result of each is awaited by its own test. */
export const inLanes = <T, R>(rows: readonly T[], boot: (row: T) => Promise<R>): Map<T, Promise<R>> => {
  const waiting = rows.map((row) => ({ row, ...Promise.withResolvers<R>() }))
  const results = new Map(waiting.map(({ row, promise }) => [row, promise]))
  for (const promise of results.values()) promise.catch(() => {})
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await boot(next.row).then(next.resolve, next.reject)
  }
  const most = process.env['CVMBOOT_TEST_LANES'] === '1' ? 1 : 2
  for (let lanes = Math.min(most, availableParallelism()); lanes > 0; lanes--) void lane()
  return results
}
