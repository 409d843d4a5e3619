// The two scripts of each executable: the files in each, the files that must not be in them, and the files that a boot does not
// evaluate.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bundle, bundleProduct, gitVersion, products, root } from '../../../build/bundle.ts'
import { mockMarker } from '../../../src/keys/mock.ts'

// Bundled anew, as build.ts does, so that a stale dist/ cannot pass.
const identity = { project: '0.0.0', git: 'test' }
const production = await bundleProduct(products.production, identity)
const mock = await bundleProduct(products.mock, identity)
const scripts = Object.values(production)

/** What a Node without files around it says to a module. */
const run = (input: string) => {
  const args = ['--input-type=module', '--disable-warning=ExperimentalWarning', '-']
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', input })
  return { stdout, stderr, status }
}

test('neither production script contains a file of the mock', () => {
  for (const { meta } of scripts) {
    const inputs = Object.keys(meta.inputs)
    assert.ok(inputs.includes('src/editions/production.ts'))
    assert.equal(
      inputs.filter((path) => path.startsWith('src/') && path.includes('mock')),
      [],
    )
  }
})

test("the production scripts lack the mock's marker, and those of the mock have it", () => {
  for (const { text } of scripts) assert.not.ok(text.includes(mockMarker))
  for (const { text } of Object.values(mock)) assert.ok(text.includes(mockMarker))
})

test('no file of src/ other than keys/mock.ts carries the marker', () => {
  const carry = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && readFileSync(join(root, 'src', path), 'utf8').includes(mockMarker),
  )
  assert.equal(carry, ['keys/mock.ts'])
})

test('a boot loads neither the verbs nor node:crypto, zlib and child processes before it needs them', () => {
  const watch = `{
    const real = process.getBuiltinModule
    const loaded = new Set()
    process.getBuiltinModule = (name) => { loaded.add(name); return real.call(process, name) }
    process.on('exit', () => process.stdout.write([...loaded].sort().join(' ')))
    process.argv.splice(1, Infinity, 'cvmboot', 'boot')
  }`
  const { stdout, stderr } = run(`${watch}\n${production.boot.text}`)
  // Refused only once all of the boot's modules are there.
  assert.match(stderr, /environment-not-init/)
  // Not node:sea either, which alone could read the verbs.
  assert.is(stdout, 'node:ffi node:os')
})

test('the script of the boot holds the boot alone', () => {
  const inputs = Object.keys(production.boot.meta.inputs)
  assert.ok(inputs.includes('src/boot.ts') && inputs.includes('src/verbs/asset.ts'))
  for (const path of inputs)
    assert.not.match(path, /node_modules|^src\/(?:verbs\/(?!asset)|setup|pack|install|runtime|owner|inspect)/)
})

test('the script of the verbs takes nothing but its words: no module of the boot, no `require`, no import', () => {
  const { text, meta } = production.verbs
  assert.not.ok(Object.keys(meta.inputs).includes('src/cli.ts'))
  assert.not.match(text, /(?<!_)\brequire\(|^import /m)
  const evaluate = `
    const { compileFunction } = process.getBuiltinModule('node:vm')
    const module = {}
    compileFunction(${JSON.stringify(text)}, ['module'])(module)
    await module.exports.runVerbOrExit(['--version'])
    await module.exports.runVerbOrExit(['owner', 'fly'])`
  const { stdout, stderr, status } = run(evaluate)
  assert.match(stdout, /^cvmboot 0\.0\.0 \(git test, /)
  assert.match(stderr, /^cvmboot: usage: /)
  assert.is(status, 2)
})

test('each script is one file that asks nothing of the file system', () => {
  for (const { text, meta } of scripts) {
    const [output, ...more] = Object.values(meta.outputs)
    assert.equal(more, [])
    assert.equal(output?.imports, [])
    assert.not.match(text, /^import /m)
  }
})

test('the scripts name no path of the machine they were built on', () => {
  for (const { text, meta } of scripts) {
    assert.not.ok(text.includes(root))
    assert.not.ok(JSON.stringify(meta).includes(root))
  }
})

test('execa is evaluated only when a process is spawned', () => {
  const { text } = production.verbs
  assert.match(text, /^var init_execa\w* = __esm\(/m)
  assert.match(text, /import\("execa"\)|Promise\.resolve\(\)\.then\(\(\) => \(init_execa\w*\(\)/)
})

test('age-encryption is evaluated only when an owner unwraps', () => {
  const { text } = production.verbs
  assert.match(text, /await Promise\.resolve\(\)\.then\(\(\) => \(init_dist\d*\(\), dist_exports\d*\)\)/)
  assert.not.match(text, /^(?:var|const|let) \w* = (?:hkdf|chacha20poly1305)\b/m)
})

test('bundling twice gives the same text', async () => {
  const again = await bundleProduct(products.production, identity)
  assert.is(again.boot.text, production.boot.text)
  assert.is(again.verbs.text, production.verbs.text)
})

test('the npm package has no boot', async () => {
  const { meta } = await bundle('src/main-npm.ts', identity)
  for (const path of ['src/cli.ts', 'src/boot.ts', 'src/machine/libc.ts'])
    assert.is(meta.inputs[path] !== undefined, path === 'src/machine/libc.ts', path)
})

test('the git version is one word', async () => {
  assert.match(await gitVersion(), /^\S+$/)
})

test.run()
