// The shape of the source, held by tests: who may touch the world, which way imports go, that every test runs.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const top = join(import.meta.dirname, '../..')
const files = (dir: string): string[] =>
  readdirSync(join(top, dir), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(top.length + 1))
    .sort()

/** Modules a file imports: `./x.ts` made relative to the top; types do not count. */
const imports = (file: string): string[] =>
  [
    ...readFileSync(join(top, file), 'utf8').matchAll(
      /(?:^import (?!type )[^'"]*?from |\bimport\()'([^']+)'/gm,
    ),
  ]
    .map((match) => match[1] ?? '')
    .map((name) => (name.startsWith('.') ? normalize(join(dirname(file), name)) : name))

/** Everything a file reaches through static and dynamic imports. */
const reachable = (file: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(file) || !file.startsWith('src/')) return seen
  seen.add(file)
  for (const name of imports(file)) reachable(name, seen)
  return seen
}

const sources = files('src')
const world = /^(?:node:(?:fs|fs\/promises|child_process|ffi|net|http|https|dns|worker_threads)|execa)$/

test('what the boot reaches touches the world in src/machine/ only', () => {
  const reached = [...reachable('src/boot.ts'), ...reachable('src/machine/linux.ts')]
  assert.ok(reached.includes('src/steps/open-verity.ts'))
  for (const file of reached.filter((f) => !f.startsWith('src/machine/')))
    assert.equal(
      imports(file).filter((name) => world.test(name)),
      [],
      file,
    )
})

test('the boot reaches nothing of the build host, nor of the verbs for people', () => {
  const others = /^src\/(?:(?:setup|pack|runtime|owner|install)\/|config\/(?:diff|example|migrate)\.ts$)/
  for (const file of [...reachable('src/boot.ts'), ...reachable('src/machine/linux.ts')])
    assert.not.ok(others.test(file), file)
  for (const file of ['diff', 'example', 'migrate']) assert.ok(sources.includes(`src/config/${file}.ts`))
})

test('execa and age-encryption are imported where they are used, and at no start', () => {
  for (const [file, name] of [
    ['src/machine/exec.ts', 'execa'],
    ['src/owner/age.ts', 'age-encryption'],
  ] as const) {
    const text = readFileSync(join(top, file), 'utf8')
    assert.ok(text.includes(`await import('${name}')`), file)
    assert.not.match(text, new RegExp(`^import (?!type ).*'${name}'`, 'm'), file)
  }
})

test('the boot cannot read a verity superblock: nothing it reaches knows how', () => {
  const reached = [...reachable('src/boot.ts'), ...reachable('src/machine/linux.ts')]
  assert.not.ok(reached.includes('src/layout/verity-superblock.ts'))
  assert.ok(reachable('src/inspect/inspect.ts').has('src/layout/verity-superblock.ts'))
})

test('only libc.ts and libcrypto.ts import node:ffi, only exec.ts execa, only age.ts age-encryption', () => {
  for (const file of sources) {
    if (!/^src\/machine\/libc(?:rypto)?\.ts$/.test(file))
      assert.not.ok(imports(file).includes('node:ffi'), file)
    if (file !== 'src/machine/exec.ts') assert.not.ok(imports(file).includes('execa'), file)
    if (file !== 'src/owner/age.ts') assert.not.ok(imports(file).includes('age-encryption'), file)
  }
})

test('the boot reaches no npm package', () => {
  for (const file of [...reachable('src/boot.ts'), ...reachable('src/machine/linux.ts')])
    for (const name of imports(file)) assert.match(name, /^(?:src\/|node:)/, `${file} imports ${name}`)
})

const allowed: [string, RegExp][] = [
  ['src/secret/', /^(?:src\/secret\/|node:)/],
  ['src/fault/', /^(?:src\/fault\/|node:util$)/],
  ['src/layout/', /^(?:src\/(?:layout|secret|fault)\/|node:(?:crypto|zlib)|@sindresorhus\/is$)/],
  ['src/system/', /^(?:src\/system\/|node:crypto$)/],
  ['src/config/', /^src\/(?:layout|system|cmdline|config|fault)\//],
  ['src/cmdline/', /^src\/(?:layout|system|cmdline|fault)\//],
  ['src/proof/', /^(?:src\/(?:layout|system|proof|fault)\/|node:crypto$)/],
  ['src/steps/', /^src\/(?:(?:layout|system|proof|steps|fault)\/|version\.ts|keys\/lasting\.ts)/],
  // What the firmware's messages hold is pure; who asks it is not. X25519 is arithmetic, as all of node:crypto is.
  [
    'src/keys/',
    /^(?:src\/(?:layout\/|system\/|keys\/|secret\/|fault\/|machine\/(?:snp-report|sev-guest|libcrypto)\.ts)|node:(?:crypto|util)$)/,
  ],
  ['src/setup/', /^(?!src\/(?:steps|plan|boot))/],
  ['src/pack/', /^(?!src\/(?:steps|plan|boot))/],
  ['src/install/', /^(?!src\/(?:steps|plan|boot))/],
  ['src/runtime/', /^(?!src\/(?:steps|plan|boot))/],
  ['src/owner/', /^(?!src\/(?:steps|plan|boot))/],
]
for (const [folder, pattern] of allowed)
  test(`${folder} imports only what lies below it`, () => {
    for (const file of sources.filter((f) => f.startsWith(folder)))
      for (const name of imports(file)) assert.match(name, pattern, `${file} imports ${name}`)
  })

test('the mock is reached from its own entry only', () => {
  assert.not.ok(reachable('src/main.ts').has('src/keys/mock.ts'))
  assert.ok(reachable('src/main-mock.ts').has('src/keys/mock.ts'))
})

test('there are no default exports and no silenced errors', () => {
  for (const file of sources) {
    const text = readFileSync(join(top, file), 'utf8')
    assert.not.match(text, /export default|@ts-(?:ignore|expect-error)|biome-ignore/, file)
  }
})

test('every source file opens by saying what lives there', () => {
  for (const file of sources) assert.match(readFileSync(join(top, file), 'utf8'), /^\/\/ \S/, file)
})

test('every test file runs its tests: without test.run() uvu counts none and exits 0', () => {
  const tests = files('test').filter((file) => file.endsWith('.test.ts'))
  assert.ok(tests.length > 10)
  for (const file of tests) assert.match(readFileSync(join(top, file), 'utf8'), /^test\.run\(\)$/m, file)
})

test.run()
