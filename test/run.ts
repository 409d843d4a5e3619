// `npm test`: types, style, the unit rings with coverage, the build, the real boots. Ends with a plain count.
// `npm run unit` (--unit) stops before the boots: under a minute, for use between two edits.

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { ensurePackages } from '../build/packages.ts'

const top = join(import.meta.dirname, '..')
const bin = join(top, 'node_modules/.bin')

type Run = { readonly output: string; readonly status: number }

/** Runs a program in the project's directory; returns all it printed. `show` gets it as it comes. */
const run = (
  command: string,
  args: readonly string[],
  { environment = {}, show }: { environment?: NodeJS.ProcessEnv; show?: (chunk: Buffer) => void } = {},
): Promise<Run> =>
  new Promise((resolve) => {
    const env = { ...process.env, ...environment }
    const child = spawn(command, args, { cwd: top, stdio: ['ignore', 'pipe', 'pipe'], env })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk
        show?.(chunk)
      })
    child.on('close', (status) => resolve({ output, status: status ?? 1 }))
  })

const show = (chunk: Buffer | string): void => void process.stdout.write(chunk)

let passed = 0
let failed = 0

/** One check that is not made of tests: it counts as one. */
const check = async (what: string, command: string, args: readonly string[]): Promise<boolean> => {
  show(`\n== ${what}\n`)
  const { status } = await run(command, args, { show })
  if (status === 0) passed++
  else failed++
  return status === 0
}

/** Counts a test file by uvu's summary. One without a summary, or with one of no tests, has failed. */
const count = ({ output, status }: Run): void => {
  const total = Number(/^ {2}Total: +(\d+)/m.exec(output)?.[1] ?? 0)
  const good = Number(/^ {2}Passed: +(\d+)/m.exec(output)?.[1] ?? 0)
  passed += good
  failed += Math.max(total - good, status === 0 && total > 0 ? 0 : 1)
}

/** Test files, each in a process of its own; what they print is shown as it comes. */
const suites = async (files: readonly string[]): Promise<void> => {
  for (const file of files) {
    show(`\n== ${file}\n`)
    const started = Date.now()
    count(await run(process.execPath, [file], { show }))
    show(`   ${file}: ${seconds(started)}\n`)
  }
}

/** The same, one a core at a time, in the order given. */
const suitesAtOnce = async (files: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<void> => {
  const started = Date.now()
  const left = [...files]
  const lane = async (): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const from = Date.now()
      const done = await run(process.execPath, [file], { environment })
      show(`\n== ${file}\n${done.output}   ${file}: ${seconds(from)}\n`)
      count(done)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  show(`   ${files.length} files: ${seconds(started)}\n`)
}

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`

const testFiles = (pattern: RegExp): string[] =>
  readdirSync(join(top, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(top, join(entry.parentPath, entry.name)))
    .filter((file) => pattern.test(file))
    .sort()

const unitOnly = process.argv.includes('--unit')
ensurePackages((line) => show(`${line}\n`))
await check('types', join(bin, 'tsc'), ['-p', '.'])
await check('style', join(bin, 'biome'), ['check', '--error-on-warnings', '.'])
const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-unit-'))
const coverage = join(scratch, 'coverage')
try {
  await suitesAtOnce(testFiles(/^test\/(?!vm\/|tools\/)/), {
    NODE_V8_COVERAGE: coverage,
    // The tests start cvmboot from its sources dozens of times.
    NODE_COMPILE_CACHE: join(scratch, 'compiled'),
  })
  const sources = ['--src', 'src', '--all', '--include', 'src/**']
  const report = ['report', '--temp-directory', coverage, ...sources, '--reporter', 'text']
  await check('coverage', join(bin, 'c8'), [...report, '--check-coverage', '--lines', '90'])
} finally {
  rmSync(scratch, { recursive: true })
}
if (!unitOnly) {
  await suites(testFiles(/^test\/tools\//))
  // The first makes what all boots share, alone. A guest has one processor; the longest file begins first.
  const boots = testFiles(/^test\/vm\//)
  const [first, longest] = ['test/vm/boot.test.ts', 'test/vm/matrix.test.ts']
  await suites([first])
  const others = boots.filter((file) => file !== first && file !== longest)
  await suitesAtOnce([longest, ...others], { CVMBOOT_TEST_LANES: '1' })
}
show(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
