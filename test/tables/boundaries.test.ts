// The shape of the source, held by tests: who may touch the world, which way imports go, that every test runs.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const top = join(import.meta.dirname, '../..')
const files = (dir: string): string[] =>
  readdirSync(join(top, dir), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(top.length + 1))
    .sort()

const sources = files('src')

/** One import of a file. `path` is relative to the project, or the name of a builtin or a package. */
type Import = { readonly path: string; readonly external: boolean; readonly dynamic: boolean }
type Graph = ReadonlyMap<string, readonly Import[]>

/** esbuild drops an import or export for types alone. Without the word `type` it resolves the statement like any other. */
const typesToo: Plugin = {
  name: 'types-too',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8')
        .replace(/^import type (?=[{*])/gm, 'import ')
        .replace(/^export type (?=(?:\{[^}]*\}|\*) from )/gm, 'export '),
    })),
}

/** What each file of src/ imports, as esbuild resolves it. */
const graphOf = async (plugins: Plugin[]): Promise<Graph> => {
  const { metafile } = await build({
    absWorkingDir: top,
    stdin: { contents: sources.map((file) => `import './${file}'\n`).join(''), resolveDir: top },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    packages: 'external',
    logLevel: 'error',
    plugins,
  })
  return new Map(
    Object.entries(metafile.inputs).map(([file, { imports }]) => [
      file,
      imports.map(({ path, external = false, kind }) => ({
        path,
        external,
        dynamic: kind === 'dynamic-import',
      })),
    ]),
  )
}

const values = await graphOf([])
const withTypes = await graphOf([typesToo])

/** Modules a file imports, but for types. */
const imports = (file: string): string[] => (values.get(file) ?? []).map(({ path }) => path)

/** Everything a file reaches through static and dynamic imports. */
const reachable = (file: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(file) || !file.startsWith('src/')) return seen
  seen.add(file)
  for (const name of imports(file)) reachable(name, seen)
  return seen
}

test('the graph has each file of src/, and each import that its text has', () => {
  for (const file of sources) {
    const text = readFileSync(join(top, file), 'utf8')
    const statements = text.match(/^(?:import|export) [^'"\n]*?(?:\{[^}]*\} )?from '|^import '/gm) ?? []
    const dynamic = text.match(/\bimport\('/g) ?? []
    const found = withTypes.get(file) ?? []
    assert.is(found.filter((one) => one.dynamic).length, dynamic.length, `import() in ${file}`)
    assert.is(found.filter((one) => !one.dynamic).length, statements.length, `imports of ${file}`)
  }
})

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
  const others =
    /^src\/(?:(?:setup|pack|runtime|owner|install|appraise|measure)\/|config\/(?:diff|example|migrate)\.ts$)/
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

test('only libc.ts imports node:ffi, only exec.ts execa, only age.ts age-encryption, only der.ts asn1js, only result-file.ts jose, only xml.ts xmldom', () => {
  for (const file of sources) {
    if (file !== 'src/machine/libc.ts') assert.not.ok(imports(file).includes('node:ffi'), file)
    if (file !== 'src/machine/exec.ts') assert.not.ok(imports(file).includes('execa'), file)
    if (file !== 'src/owner/age.ts') assert.not.ok(imports(file).includes('age-encryption'), file)
    if (file !== 'src/appraise/der.ts') assert.not.ok(imports(file).includes('asn1js'), file)
    if (file !== 'src/launch/xml.ts') assert.not.ok(imports(file).includes('@xmldom/xmldom'), file)
    if (file !== 'src/appraise/result-file.ts') assert.not.ok(imports(file).includes('jose'), file)
  }
})

/** The files that are evaluated when this file is: static imports only. */
const evaluated = (file: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(file) || !file.startsWith('src/')) return seen
  seen.add(file)
  for (const { path, dynamic } of values.get(file) ?? []) if (!dynamic) evaluated(path, seen)
  return seen
}

test('a verb of the build host evaluates no node:ffi at its start, since the npm package runs on a Node without it', () => {
  for (const verb of ['setup', 'pack', 'plan', 'config', 'measure', 'launch', 'appraise', 'inspect']) {
    const starts = (values.get(`src/verbs/${verb}.ts`) ?? []).filter(({ dynamic }) => dynamic)
    assert.ok(starts.length > 0, verb)
    for (const { path } of starts)
      assert.not.ok(evaluated(path).has('src/machine/libc.ts'), `${verb}: ${path}`)
  }
})

test('the boot reaches no npm package', () => {
  for (const file of [...reachable('src/boot.ts'), ...reachable('src/machine/linux.ts')])
    for (const name of imports(file)) assert.match(name, /^(?:src\/|node:)/, `${file} imports ${name}`)
})

/** Rooms of src/, the highest first: a room imports only from rooms below it. A file beside the folders is a room too. */
const rooms = [
  ...['main', 'main-mock', 'main-npm', 'verbs', 'cli', 'exit'],
  ...[
    'release',
    'install',
    'owner',
    'runtime',
    'manifest',
    'esp',
    'setup',
    'inspect',
    'appraise',
    'launch',
    'measure',
    'pack',
  ],
  // A key provider brings its keys of partition.conf along, so that config/ imports the list of providers.
  ...['boot', 'plan', 'steps', 'editions', 'edition', 'config', 'keys', 'machine'],
  ...['proof', 'cmdline', 'terminal', 'evidence', 'layout', 'system', 'secret', 'fault', 'version'],
]

const roomOf = (file: string): string => /^src\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(file)?.[1] ?? ''

/** The arrows from a file to files of other rooms. */
const arrows = (graph: Graph, file: string): string[] =>
  (graph.get(file) ?? [])
    .filter(({ path, external }) => !external && roomOf(path) !== roomOf(file))
    .map(({ path }) => path)

test('each file is in a room of the list, and each room of the list has a file', () => {
  assert.equal([...new Set(sources.map(roomOf))].sort(), [...rooms].sort())
})

test('a room imports only from rooms below it, for types too: so there is no circle of rooms', () => {
  for (const file of sources)
    for (const path of arrows(withTypes, file)) {
      const down = rooms.indexOf(roomOf(file)) < rooms.indexOf(roomOf(path))
      assert.ok(down, `${file} imports ${path}, which is in a higher room`)
    }
})

/** Fails where a file imports itself by way of others, in this graph. */
const requireNoCircle = (graph: Graph): void => {
  const done = new Set<string>()
  const visit = (file: string, on: readonly string[]): void => {
    assert.not.ok(on.includes(file), `a circle: ${[...on, file].join(' -> ')}`)
    if (done.has(file)) return
    for (const { path, external, dynamic } of graph.get(file) ?? [])
      if (!external && !dynamic) visit(path, [...on, file])
    done.add(file)
  }
  for (const file of sources) visit(file, [])
}

test('no file imports itself by way of others: each is evaluated before what needs it', () =>
  requireNoCircle(values))
test('no file imports itself by way of others for types either, so each can be read on its own', () =>
  requireNoCircle(withTypes))

test('the picture of the rooms is the golden one', () => {
  const lines = rooms.map((room) => {
    const inside = sources.filter((file) => roomOf(file) === room)
    const to = (graph: Graph) => new Set(inside.flatMap((file) => arrows(graph, file)).map(roomOf))
    const [value, all] = [to(values), to(withTypes)]
    const named = rooms.filter((one) => all.has(one)).map((one) => (value.has(one) ? one : `(${one})`))
    return `${room.padEnd(10)} ${String(inside.length).padStart(3)}  ${named.join(' ')}`.trimEnd()
  })
  const text = `# The rooms of src/, the highest first: how many files each has, and from which rooms it imports. Arrows run down only.
# A room in parentheses is imported for its types alone. UPDATE_GOLDEN=1 node test/tables/boundaries.test.ts writes this anew.

${lines.join('\n')}
`
  const file = join(top, 'test/golden/rooms.txt')
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text)
  assert.is(text, readFileSync(file, 'utf8'), 'differs; UPDATE_GOLDEN=1 writes it anew')
})

/** Which builtins of Node a pure room may use: nothing there that touches the world. X25519 is arithmetic as all of node:crypto. */
const builtins: Readonly<Record<string, RegExp>> = {
  fault: /^node:util$/,
  secret: /^node:/,
  // The reader of roothashes.json tells kinds of JSON apart by that package; no boot reads the file.
  layout: /^(?:node:(?:crypto|zlib)|@sindresorhus\/is)$/,
  system: /^node:crypto$/,
  config: /^$/,
  cmdline: /^$/,
  proof: /^node:crypto$/,
  steps: /^$/,
  plan: /^$/,
  // The reader of a manifest tells kinds of JSON apart by that package.
  measure: /^(?:node:crypto|@sindresorhus\/is)$/,
  launch: /^@xmldom\/xmldom$/,
  keys: /^node:(?:crypto|util)$/,
  evidence: /^node:crypto$/,
  appraise: /^(?:node:crypto|asn1js|jose)$/,
}
for (const [room, allowed] of Object.entries(builtins))
  test(`src/${room}/ is pure: it uses no builtin of Node that touches the world`, () => {
    for (const file of sources.filter((one) => roomOf(one) === room))
      for (const { path, external } of values.get(file) ?? [])
        if (external) assert.match(path, allowed, `${file} imports ${path}`)
  })

/** What a pure room may import of machine/: formats and arithmetic. */
const ofMachine: Readonly<Record<string, RegExp>> = {
  steps: /^$/,
  measure: /^$/,
  launch: /^$/,
  // show.ts is for the verb `plan`, and reads the command line and the configuration that it is asked about.
  plan: /^src\/machine\/(?:cmdline|config)-file\.ts$/,
  keys: /^src\/machine\/(?:snp-report|sev-guest|libcrypto)\.ts$/,
  evidence: /^node:crypto$/,
  // Only appraise.ts reads files, those that the verb is given; only result-file.ts writes one.
  appraise: /^src\/machine\/(?:snp-report|snp-certificates|bounded|output|tpm\/quote)\.ts$/,
}
for (const [room, allowed] of Object.entries(ofMachine))
  test(`src/${room}/ asks the world only through Machine`, () => {
    for (const file of sources.filter((one) => roomOf(one) === room))
      for (const path of imports(file).filter((one) => one.startsWith('src/machine/')))
        assert.match(path, allowed, `${file} imports ${path}`)
  })

test('the verbs for people run no step; a plan is made by runtime alone, which asks for each step whether it still holds', () => {
  for (const room of ['setup', 'pack', 'inspect', 'install', 'runtime', 'owner'])
    for (const file of sources.filter((one) => roomOf(one) === room))
      for (const path of imports(file))
        assert.not.match(
          path,
          room === 'runtime' ? /^src\/(?:steps|boot)/ : /^src\/(?:steps|plan|boot)/,
          file,
        )
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
