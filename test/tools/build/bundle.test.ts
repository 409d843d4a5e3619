import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bundle, gitVersion, root } from '../../../build/bundle.ts'
import { mockMarker } from '../../../src/keys/mock.ts'

// Bundled anew, as build.ts does, so that a stale dist/ cannot pass.
const identity = { project: '0.0.0', git: 'test' }
const production = await bundle('src/main.ts', identity)
const mock = await bundle('src/main-mock.ts', identity)
const inputs = Object.keys(production.meta.inputs)

test('the production bundle contains no file of the mock', () => {
  assert.ok(inputs.includes('src/main.ts'))
  assert.equal(
    inputs.filter((path) => path.startsWith('src/') && path.includes('mock')),
    [],
  )
})

test("the production bundle lacks the mock's marker, and the mock has it", () => {
  assert.not.ok(production.text.includes(mockMarker))
  assert.ok(mock.text.includes(mockMarker))
})

test('no file of src/ other than those named for it carries the marker', () => {
  const named = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.includes('mock'),
  )
  assert.equal(named.toSorted(), ['keys/mock.ts', 'main-mock.ts'])
})

test('what a boot may not need is loaded when it does: node:crypto, zlib, child processes', () => {
  const watch = `{
    const real = process.getBuiltinModule
    const loaded = new Set()
    process.getBuiltinModule = (name) => { loaded.add(name); return real.call(process, name) }
    process.on('exit', () => process.stdout.write([...loaded].sort().join(' ')))
    process.argv.splice(1, Infinity, 'cvmboot', 'boot')
  }`
  const args = ['--input-type=module', '--disable-warning=ExperimentalWarning', '-']
  const input = `${watch}\n${production.text}`
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', input })
  // Refused only once all of the boot's modules are there.
  assert.match(stderr, /environment-not-init/)
  assert.is(stdout, 'node:ffi node:os')
})

test('the bundle is one file that asks nothing of the file system', () => {
  const [output, ...more] = Object.values(production.meta.outputs)
  assert.equal(more, [])
  assert.equal(output?.imports, [])
  assert.not.match(production.text, /^import /m)
})

test('the bundle names no path of the machine it was built on', () => {
  assert.not.ok(production.text.includes(root))
  assert.not.ok(JSON.stringify(production.meta).includes(root))
})

test('execa is evaluated only when a process is spawned', () => {
  assert.match(production.text, /^var init_execa\w* = __esm\(/m)
  assert.match(production.text, /import\("execa"\)|Promise\.resolve\(\)\.then\(\(\) => \(init_execa\w*\(\)/)
})

test('age-encryption is evaluated only when an owner unwraps', () => {
  assert.match(
    production.text,
    /await Promise\.resolve\(\)\.then\(\(\) => \(init_dist\d*\(\), dist_exports\d*\)\)/,
  )
  assert.not.match(production.text, /^(?:var|const|let) \w* = (?:hkdf|chacha20poly1305)\b/m)
})

test('bundling twice gives the same text', async () => {
  assert.is((await bundle('src/main.ts', identity)).text, production.text)
})

test('the git version is one word', async () => {
  assert.match(await gitVersion(), /^\S+$/)
})

test.run()
