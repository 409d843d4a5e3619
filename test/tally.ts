// Counts the tests in the output of uvu, and writes the lines that end a run.

import { type RingName, ringNames, ringOf, type Stage } from './rings.ts'

/** One test file, or one check that is not made of tests, such as the types: that counts as one. */
export type Result = {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly seconds: number
}

/** Counts a test file by uvu's summary. A file without a summary, or with a summary of no tests, has failed. */
export const countTests = (output: string, status: number): { passed: number; failed: number } => {
  const total = Number(/^ {2}Total: +(\d+)/m.exec(output)?.[1] ?? 0)
  const passed = Number(/^ {2}Passed: +(\d+)/m.exec(output)?.[1] ?? 0)
  return { passed, failed: Math.max(total - passed, status === 0 && total > 0 ? 0 : 1) }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
const minutes = (seconds: number): string => `${(seconds / 60).toFixed(1)} min`

const ringLine = (ring: RingName, results: readonly Result[]): string[] => {
  const files = results.filter(({ name }) => ringOf(name) === ring)
  const spent = minutes(sum(files.map(({ seconds }) => seconds)))
  return files.length === 0 ? [] : [`  ${ring.padEnd(8)} ${`${files.length}`.padStart(3)} files  ${spent}`]
}

/**
 * The end of a run: the names of what failed, the ten slowest files, the minutes of each ring (its files one after the other)
 * and of each stage (by the clock), and last `N passed, N failed`.
 */
export const printTally = (results: readonly Result[], clock: ReadonlyMap<Stage, number>): string => {
  const bad = results.filter(({ failed }) => failed > 0)
  const slowest = results
    .filter(({ name }) => ringOf(name) !== undefined)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 10)
  const list = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : [title, ...lines, ''])
  const ofRings = ringNames.flatMap((ring) => ringLine(ring, results))
  const byClock = [...clock].map(([stage, seconds]) => `${stage} ${minutes(seconds)}`)
  return [
    ...list(
      'failed:',
      bad.map(({ name, failed }) => `  ${name}: ${failed}`),
    ),
    ...list(
      'slowest files:',
      slowest.map(({ name, seconds }) => `  ${seconds.toFixed(1).padStart(7)} s  ${name}`),
    ),
    ...list('rings, one file after the other:', ofRings),
    ...(byClock.length === 0 ? [] : [`by the clock: ${byClock.join(', ')}`, '']),
    `${sum(results.map(({ passed }) => passed))} passed, ${sum(results.map(({ failed }) => failed))} failed`,
    '',
  ].join('\n')
}
