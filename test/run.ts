// `npm test`: types, style, the unit rings with coverage, the build, the real boots. Ends with a plain count.
// `npm run unit` (--unit) stops before the boots: under a minute, for use between two edits.

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ensurePackages } from '../build/packages.ts'

const top = join(import.meta.dirname, '..')
const bin = join(top, 'node_modules/.bin')

/** Runs a program, shows what it prints, and returns it with the exit status. */
const run = (command: string, args: readonly string[]): Promise<{ output: string; status: number }> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: top, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const [stream, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const)
      stream.on('data', (chunk: Buffer) => {
        output += chunk
        to.write(chunk)
      })
    child.on('close', (status) => resolve({ output, status: status ?? 1 }))
  })

let passed = 0
let failed = 0

/** One check that is not made of tests: it counts as one. */
const check = async (what: string, command: string, args: readonly string[]): Promise<boolean> => {
  process.stdout.write(`\n== ${what}\n`)
  const { status } = await run(command, args)
  if (status === 0) passed++
  else failed++
  return status === 0
}

/** Test files through uvu, counted by its own summary. A run without a summary has failed. */
const suite = async (what: string, command: string, args: readonly string[]): Promise<void> => {
  process.stdout.write(`\n== ${what}\n`)
  const started = Date.now()
  const { output, status } = await run(command, args)
  const total = Number(/^ {2}Total: +(\d+)/m.exec(output)?.[1] ?? 0)
  const good = Number(/^ {2}Passed: +(\d+)/m.exec(output)?.[1] ?? 0)
  passed += good
  failed += Math.max(total - good, status === 0 && total > 0 ? 0 : 1)
  process.stdout.write(`   ${what}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
}

const testFiles = (pattern: RegExp): string[] =>
  readdirSync(join(top, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(top, join(entry.parentPath, entry.name)))
    .filter((file) => pattern.test(file))
    .sort()

/** One process for all of these; the boots run one file after the other, each with its own summary. */
const together = (pattern: RegExp): string[] => ['test/together.ts', ...testFiles(pattern)]

const unitOnly = process.argv.includes('--unit')
ensurePackages((line) => process.stdout.write(`${line}\n`))
await check('types', join(bin, 'tsc'), ['-p', '.'])
await check('style', join(bin, 'biome'), ['check', '--error-on-warnings', '.'])
await suite('unit', join(bin, 'c8'), [
  ...[
    '--src',
    'src',
    '--all',
    '--include',
    'src/**',
    '--reporter',
    'text',
    '--check-coverage',
    '--lines',
    '90',
  ],
  process.execPath,
  ...together(/^test\/(?!vm\/|build\/)/),
])
if (!unitOnly) {
  await suite('build', process.execPath, together(/^test\/build\//))
  for (const file of testFiles(/^test\/vm\//)) await suite(file, process.execPath, [file])
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
