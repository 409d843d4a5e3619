// Runs the tests.
//
//   npm run unit                  types, style, and the rings that need Node alone: no package, no root, under a minute
//   npm test                      all: types, style, all rings, and the share of lines that the tests run
//   npm test -- tools             one ring of test/rings.ts, or several; `unit tools` also measures the lines
//   npm test -- test/fake         the files below a directory
//   npm test -- test/vm/tpm.test.ts   one file, or several; what the file prints is shown as it comes
//
// A ring whose tests start programs installs their Debian packages first. The run ends with the files that failed, the
// slowest files, the minutes of each ring, and a plain count.

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { ensurePackages } from '../build/packages.ts'
import { orderOf, type Stage } from './rings.ts'
import { countTests, printTally, type Result } from './tally.ts'

const top = join(import.meta.dirname, '..')
const bin = join(top, 'node_modules/.bin')

type Run = { readonly output: string; readonly status: number; readonly seconds: number }

/** Runs a program in the project's directory; returns all it printed. `show` gets it as it comes. */
const run = (
  command: string,
  args: readonly string[],
  { environment = {}, show }: { environment?: NodeJS.ProcessEnv; show?: (chunk: Buffer) => void } = {},
): Promise<Run> =>
  new Promise((resolve) => {
    const started = performance.now()
    const env = { ...process.env, ...environment }
    const child = spawn(command, args, { cwd: top, stdio: ['ignore', 'pipe', 'pipe'], env })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk
        show?.(chunk)
      })
    child.on('close', (status) =>
      resolve({ output, status: status ?? 1, seconds: (performance.now() - started) / 1000 }),
    )
  })

const show = (chunk: Buffer | string): void => void process.stdout.write(chunk)

const results: Result[] = []

/** One check that is not made of tests. */
const check = async (name: string, command: string, args: readonly string[]): Promise<void> => {
  show(`\n== ${name}\n`)
  const { status, seconds } = await run(command, args, { show })
  results.push({ name, seconds, passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1 })
}

/** Test files, each in a process of its own: one a core, in the order given. A file that runs alone is shown as it goes. */
const runFiles = async (files: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> => {
  const live = files.length === 1 ? { show } : {}
  const left = [...files]
  const lane = async (): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      if (live.show !== undefined) show(`\n== ${file}\n`)
      const { output, status, seconds } = await run(process.execPath, [file], { environment, ...live })
      if (live.show === undefined) show(`\n== ${file}\n${output}`)
      show(`   ${file}: ${seconds.toFixed(1)} s\n`)
      results.push({ name: file, seconds, ...countTests(output, status) })
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
}

/** This file makes what most boots share; it runs alone. */
const firstBoot = 'test/vm/boot.test.ts'

const runStage = async (stage: Stage, files: readonly string[], environment: NodeJS.ProcessEnv) => {
  if (stage !== 'unit') ensurePackages((line) => show(`${line}\n`))
  if (stage !== 'vm' || files.length === 1) return runFiles(files, environment)
  await runFiles(
    files.filter((file) => file === firstBoot),
    environment,
  )
  // A guest has one processor, so a core has one file, and a file has one guest.
  await runFiles(
    files.filter((file) => file !== firstBoot),
    { ...environment, CVMBOOT_TEST_LANES: '1' },
  )
}

const main = async (): Promise<void> => {
  const all = readdirSync(join(top, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(top, join(entry.parentPath, entry.name)))
  const { files, sources, coverage } = orderOf(process.argv.slice(2), all)
  const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-run-'))
  const lines = join(scratch, 'coverage')
  const clock = new Map<Stage, number>()
  try {
    if (sources === 'check') {
      await check('types', join(bin, 'tsc'), ['-p', '.'])
      await check('style', join(bin, 'biome'), ['check', '--error-on-warnings', '.'])
    }
    for (const [stage, ofStage] of files) {
      // The tests start cvmboot from its sources dozens of times.
      const compiled = { NODE_COMPILE_CACHE: join(scratch, 'compiled') }
      const measured = coverage === 'measure' && stage !== 'vm' ? { NODE_V8_COVERAGE: lines } : {}
      const started = performance.now()
      await runStage(stage, ofStage, stage === 'vm' ? {} : { ...compiled, ...measured })
      clock.set(stage, (performance.now() - started) / 1000)
      if (coverage === 'measure' && stage === 'tools') {
        const report = ['report', '--temp-directory', lines, '--src', 'src', '--all', '--include', 'src/**']
        const gate = ['--reporter', 'text', '--check-coverage', '--lines', '90']
        await check('coverage', join(bin, 'c8'), [...report, ...gate])
      }
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
  show(`\n${printTally(results, clock)}`)
  process.exitCode = results.every(({ failed }) => failed === 0) ? 0 : 1
}

try {
  await main()
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n`)
  process.exitCode = 1
}
