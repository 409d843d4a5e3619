// The Debian packages as the build makes them. The test test/vm/packages.test.ts installs them.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import * as assert from 'uvu/assert'
import { root } from '../../../build/bundle.ts'
import { makePackages } from '../../../build/package/package.ts'
import { defaultConfig, parseConfig } from '../../../src/config/config.ts'
import { printExample } from '../../../src/config/example.ts'
import { filesFor, unitFiles } from '../../../src/install/frameworks.ts'
import { completions } from '../../../src/verbs/made.ts'
import { build } from '../../vm/world.ts'
import { tinyElf } from '../../with/elf.ts'
import { suite } from '../../with/suite.ts'

type Made = { place: string; files: readonly string[] }
const test = suite<Made>('the packages')

const release = { version: '1.2.3', time: 1_700_000_000, maintainer: 'Nobody <nobody@cvmboot.invalid>' }

test.before(async (made) => {
  await build(() => {})
  made.place = mkdtempSync(join(tmpdir(), 'cvmboot-packages-'))
  made.files = await makePackages(join(made.place, 'real'), release)
})

test.after(({ place }) => rmSync(place, { recursive: true, force: true }))

const named = ({ files }: Made, start: string): string =>
  files.find((path) => basename(path).startsWith(start)) ?? ''
const field = (deb: string, name: string): string =>
  execFileSync('dpkg-deb', ['--field', deb, name], { encoding: 'utf8' }).trim()
const unpacked = (made: Made, start: string): string => {
  const to = join(made.place, `unpacked-${start}`)
  execFileSync('dpkg-deb', ['--extract', named(made, start), to])
  return to
}

test('there are three for Debian and one for npm', ({ files }) => {
  assert.equal(
    files.map((path) => basename(path)),
    [
      'cvmboot_1.2.3_amd64.deb',
      'cvmboot-dracut_1.2.3_all.deb',
      'cvmboot-initramfs-tools_1.2.3_all.deb',
      'cvmboot-1.2.3.tgz',
    ],
  )
})

test('lintian has nothing to say but what the overrides have a reason for', ({ files }) => {
  for (const deb of files.filter((path) => path.endsWith('.deb'))) {
    const { stdout, stderr } = spawnSync('lintian', ['--no-cfg', '--allow-root', '--fail-on=none', deb], {
      encoding: 'utf8',
    })
    // Its own Perl may be older than what it runs on.
    assert.equal([stdout, stderr.replace(/^.*(?:running with root|locale).*\n/gm, '')], ['', ''], deb)
  }
})

test('the same files give the same bytes, whoever packs them and when', async ({ place }) => {
  const executable = join(place, 'executable')
  copyFileSync('/bin/true', executable)
  const [one, two] = [join(place, 'one'), join(place, 'two')]
  const first = await makePackages(one, release, executable)
  const before = process.umask(0o077)
  chmodSync(executable, 0o700)
  const second = await makePackages(two, release, executable)
  process.umask(before)
  for (const [i, path] of first.entries())
    assert.ok(readFileSync(path).equals(readFileSync(second[i] ?? '')), basename(path))
})

test('the executable is as it was built: not stripped, and it runs', (made) => {
  const file = join(unpacked(made, 'cvmboot_'), 'usr/sbin/cvmboot')
  assert.ok(readFileSync(file).equals(readFileSync(join(root, 'dist/cvmboot'))))
  assert.match(execFileSync(file, ['--version'], { encoding: 'utf8' }), /^cvmboot /)
})

test('it depends on the libraries that ld.so loads for it, and on what it runs in a boot', (made) => {
  const depends = field(named(made, 'cvmboot_'), 'Depends')
  assert.is(depends, 'e2fsprogs, libatomic1, libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 5)')
  const listed = execFileSync('/lib64/ld-linux-x86-64.so.2', ['--list', join(root, 'dist/cvmboot')], {
    encoding: 'utf8',
  })
  for (const [, path = ''] of listed.matchAll(/=> (\/\S+) /g)) {
    // Installed under /usr, whichever way the loader went.
    const { stdout } = spawnSync('dpkg', ['--search', `*${basename(path)}`], { encoding: 'utf8' })
    const owners = stdout.split('\n').map((line) => line.split(':')[0] ?? '')
    assert.ok(
      owners.some((owner) => owner !== '' && depends.includes(owner)),
      path,
    )
  }
})

test("each generator's package has its files as they are, and has every initramfs made anew", (made) => {
  for (const framework of ['dracut', 'initramfs-tools'] as const) {
    const start = `cvmboot-${framework}_`
    const tree = unpacked(made, start)
    for (const [path, { text, mode }] of filesFor(framework)) {
      assert.is(readFileSync(join(tree, path), 'utf8'), text)
      const listed = execFileSync('stat', ['-c', '%a', join(tree, path)], { encoding: 'utf8' }).trim()
      assert.is(listed, mode.toString(8), path)
    }
    const triggers = execFileSync('dpkg-deb', ['--ctrl-tarfile', named(made, start)])
    const text = execFileSync('tar', ['--extract', '--to-stdout', './triggers'], {
      input: triggers,
      encoding: 'utf8',
    })
    assert.is(text, 'activate-noawait update-initramfs\n')
    assert.is(field(named(made, start), 'Depends'), `cvmboot (= 1.2.3), ${framework}-core`)
  }
})

/** Of a link, where it leads. */
const contentAt = (path: string): string =>
  lstatSync(path).isSymbolicLink() ? readlinkSync(path) : readFileSync(path, 'utf8')

test('the executable itself has the same files, and installs itself', ({ place }) => {
  const system = join(place, 'system')
  for (const sign of ['lib/dracut/dracut-functions.sh', 'share/initramfs-tools/hook-functions']) {
    mkdirSync(join(system, 'usr', dirname(sign)), { recursive: true })
    writeFileSync(join(system, 'usr', sign), '')
  }
  const executable = join(root, 'dist/cvmboot')
  execFileSync(executable, ['install', '--root', system], { env: {} })
  for (const files of [unitFiles(), filesFor('dracut'), filesFor('initramfs-tools')])
    for (const [path, carried] of files) assert.is(contentAt(join(system, path)), carried.text, path)
  assert.ok(readFileSync(join(system, 'usr/sbin/cvmboot')).equals(readFileSync(executable)))
})

test('the units of the running system are in the package of the executable', (made) => {
  const tree = unpacked(made, 'cvmboot_')
  for (const [path, { text }] of unitFiles()) assert.is(contentAt(join(tree, path)), text, path)
})

test('the completions of bash, zsh and fish are in the package of the executable', (made) => {
  const tree = unpacked(made, 'cvmboot_')
  for (const [path, text] of completions()) assert.is(contentAt(join(tree, path)), text, path)
})

test('the configuration is the example, with the defaults', (made) => {
  const text = readFileSync(join(unpacked(made, 'cvmboot_'), 'etc/cvmboot/partition.conf'), 'utf8')
  assert.is(text, printExample())
  assert.equal(parseConfig(text), defaultConfig)
})

test('the copyright file has the licence of everything in the executable', (made) => {
  const text = readFileSync(join(unpacked(made, 'cvmboot_'), 'usr/share/doc/cvmboot/copyright'), 'utf8')
  const { packages } = JSON.parse(readFileSync(join(root, 'test/golden/size.json'), 'utf8'))
  for (const name of ['node', ...packages]) assert.match(text, new RegExp(`^${name}$`, 'm'))
})

test('npx runs the verbs of a build host, offline, from one file', (made) => {
  const project = join(made.place, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"name":"scratch","version":"1.0.0"}')
  const env = {
    // Whichever Node this machine has, this one is new enough.
    PATH: `${join(root, 'node_modules/node/bin')}:${process.env['PATH']}`,
    HOME: made.place,
    npm_config_offline: 'true',
    npm_config_audit: 'false',
  }
  const run = (command: string) => spawnSync('sh', ['-c', command], { cwd: project, env, encoding: 'utf8' })
  assert.is(run(`npm install '${named(made, 'cvmboot-1')}'`).status, 0)
  assert.equal(
    readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['cvmboot'],
  )
  const help = run('npx --offline cvmboot setup --help')
  assert.equal([help.status, help.stderr], [0, ''])
  assert.match(help.stdout, /^cvmboot setup --root-fs /m)
  for (const tree of ['root/sbin', 'root/etc', 'oem', 'config', 'out'])
    mkdirSync(join(project, tree), { recursive: true })
  writeFileSync(join(project, 'root/sbin/init'), tinyElf(), { mode: 0o755 })
  for (const tree of ['oem', 'config']) writeFileSync(join(project, tree, 'file'), `${tree}\n`)
  writeFileSync(join(project, 'partition.conf'), 'WORKSPACE_SIZE=3M\nJOBSTORE_SIZE=2M\n')
  const laidOut = run(
    'npx --offline cvmboot setup --root-fs root --oem-launcher oem --os-config config --disk out/disk.img',
  )
  assert.is(laidOut.status, 0, laidOut.stderr)
  const inspected = run('npx --offline cvmboot inspect out/disk.img')
  assert.match(inspected.stdout, /root-fs-verity .* verity readable=true usable=true/)
  assert.is(run('npx --offline cvmboot plan --cmdline "$(cat out/cmdline)"').status, 0)
})

test('from npm nothing boots, and nothing takes PID 1 of a container for an initramfs', ({ place }) => {
  const script = join(place, 'project/node_modules/cvmboot/cvmboot.mjs')
  const pretend = "data:text/javascript,Object.defineProperty(process,'pid',{value:1})"
  for (const args of [
    [script, 'boot'],
    ['--import', pretend, script, 'setup'],
  ]) {
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    assert.equal([stdout, status], ['', 1])
    assert.match(stderr, /^cvmboot: cannot boot from npm, nor run as PID 1: /)
  }
})

test('an older Node is told so', ({ place }) => {
  const script = join(place, 'project/node_modules/cvmboot/cvmboot.mjs')
  for (const old of ['20.20.2', '22.14.0']) {
    const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${old}'})`
    const { stderr, status } = spawnSync(process.execPath, ['--import', pretend, script, 'plan'], {
      encoding: 'utf8',
    })
    assert.equal([stderr, status], [`cvmboot: cannot run on Node ${old}: it takes 22.15 or newer\n`, 1])
  }
})

test.run()
