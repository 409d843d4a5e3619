// The real machine's verbs on this machine, as far as they can be had without device-mapper and PID 1; the rest is
// shown by the boots in test/vm. Verbs that mount run in a child with mounts of its own.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault, type FaultCode } from '../../src/fault/index.ts'
import { readDevice, writeDevice } from '../../src/machine/block.ts'
import { run } from '../../src/machine/exec.ts'
import { linux } from '../../src/machine/linux.ts'
import { piecesOf } from '../../src/machine/log.ts'
import { runTool } from '../../src/machine/spawn.ts'
import { channelRefuses, snpExtendedReport } from '../../src/machine/tee.ts'
import { Secret } from '../../src/secret/secret.ts'

const isRoot = process.getuid?.() === 0
const dir = mkdtempSync(join(tmpdir(), 'cvmboot-linux-'))
test.after(() => rmSync(dir, { recursive: true }))

const refused = async (code: FaultCode, use: () => unknown): Promise<string> => {
  try {
    await use()
  } catch (thrown) {
    assert.instance(thrown, BootFault, String(thrown))
    assert.is((thrown as BootFault).fault.code, code)
    return (thrown as BootFault).message
  }
  return assert.unreachable(`expected ${code}`) as never
}

test('what is asked of the kernel is what it says', async () => {
  assert.is(linux.isInit(), false)
  assert.is(linux.isInitramfs(), false)
  assert.is(linux.cmdline(), readFileSync('/proc/cmdline', 'latin1').trimEnd())
  assert.ok(linux.environment().includes('PATH'))
  assert.match(linux.kernel(), /^\d+\.\d+/)
  const before = linux.now()
  await linux.sleep(20)
  assert.ok(linux.now() - before >= 19)
  assert.ok(Math.abs(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000 - linux.now()) < 1000)
  assert.is(linux.cvm(), undefined)
  assert.ok(linux.mounts().some((m) => m.target === '/'))
})

test('files are read, measured and written whole', () => {
  const file = join(dir, 'new/state.json')
  linux.writeText(file, 'text')
  assert.is(linux.readText(file), 'text')
  assert.is(linux.fileBytes(file), 4)
  assert.is(linux.fileBytes(`${file}.new`), undefined)
  assert.is(linux.readText(join(dir, 'none')), undefined)
  assert.is(statSync(file).mode & 0o777, 0o644)
})

test('text is written through no link, and takes the place of one', () => {
  const [file, aside] = [join(dir, 'written'), join(dir, 'aside')]
  writeFileSync(aside, 'as it was')
  for (const name of [file, `${file}.new`]) symlinkSync(aside, name)
  linux.writeText(file, 'text')
  assert.is(readFileSync(aside, 'utf8'), 'as it was')
  assert.ok(lstatSync(file).isFile())
  assert.is(readFileSync(file, 'utf8'), 'text')
})

test('of a path in the new root it is told what is there, and whether a link leads to it', () => {
  const root = join(dir, 'new-root')
  mkdirSync(join(root, 'etc/ssh'), { recursive: true })
  writeFileSync(join(root, 'etc/machine-id'), '')
  symlinkSync('machine-id', join(root, 'etc/linked'))
  symlinkSync('/etc', join(root, 'usr'))
  symlinkSync('etc', join(root, 'var'))
  for (const [path, kind] of [
    ['etc', 'directory'],
    ['etc/machine-id', 'file'],
    ['etc/linked', 'link'],
    ['var', 'link'],
    ['var/machine-id', 'link'],
    ['etc/none', 'absent'],
    ['etc/machine-id/below', 'absent'],
  ] as const)
    assert.is(linux.kind(join(root, path)), kind, path)
  assert.is(linux.kind('/dev/null'), 'other')
  assert.equal([...linux.names(root, '/etc')].sort(), ['linked', 'machine-id', 'ssh'])
  // As it will lead once that root is the root.
  assert.equal([...linux.names(root, '/usr')].sort(), ['linked', 'machine-id', 'ssh'])
  for (const path of ['/etc/ssh', '/etc/machine-id', '/none']) assert.equal(linux.names(root, path), [], path)
})

test('a setting is one write, and a link takes the place of what was there', () => {
  const file = join(dir, 'setting')
  writeFileSync(file, 'as it was')
  linux.writeSetting(file, '1')
  assert.is(linux.readText(file), '1')
  for (const _ of [1, 2]) linux.writeLink(join(dir, 'units/swap.target'), '/dev/null')
  assert.is(readlinkSync(join(dir, 'units/swap.target')), '/dev/null')
  linux.writeLink(file, '/dev/null')
  assert.is(linux.fileBytes(file), 0)
})

test('a directory counts only where no link leads to it', () => {
  const as = { mode: 0o750, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  linux.makeDirectory(join(dir, 'a/b'), as)
  assert.equal(linux.directory(join(dir, 'a/b')), as)
  symlinkSync('a', join(dir, 'link'))
  assert.is(linux.directory(join(dir, 'link/b')), undefined)
  assert.is(linux.directory(join(dir, 'link')), undefined)
  assert.is(linux.directory(join(dir, 'none')), undefined)
  writeFileSync(join(dir, 'a/file'), '')
  symlinkSync('circle', join(dir, 'circle'))
  for (const way of ['a/file/b', 'circle/b']) assert.is(linux.directory(join(dir, way)), undefined, way)
})

test('an init is looked for as it will look once its root is the root', () => {
  const root = join(dir, 'root')
  mkdirSync(join(root, 'usr/lib/systemd'), { recursive: true })
  mkdirSync(join(root, 'usr/sbin'))
  writeFileSync(join(root, 'usr/lib/systemd/systemd'), '')
  chmodSync(join(root, 'usr/lib/systemd/systemd'), 0o755)
  writeFileSync(join(root, 'usr/sbin/plain'), '')
  symlinkSync('usr/sbin', join(root, 'sbin'))
  symlinkSync('/usr/lib', join(root, 'lib'))
  symlinkSync('../../lib/systemd/systemd', join(root, 'usr/sbin/init'))
  symlinkSync('/../../../bin/sh', join(root, 'usr/sbin/outside'))
  symlinkSync('loop', join(root, 'usr/sbin/loop'))
  const table: [string, boolean][] = [
    ['/sbin/init', true],
    ['/usr/lib/systemd/systemd', true],
    ['/sbin/plain', false],
    ['/sbin/outside', false],
    ['/sbin/loop', false],
    ['/sbin/none', false],
    ['/sbin/init/none', false],
    ['/usr/sbin', false],
  ]
  for (const [path, expected] of table) assert.is(linux.isExecutable(root, path), expected, path)
})

test('a device is read exactly, or the fault says why', async () => {
  const file = join(dir, 'device')
  writeFileSync(file, 'abcdefgh')
  assert.is(readDevice(file, 2n, 3).toString(), 'cde')
  assert.ok((await refused('device-read', () => readDevice(file, 6n, 4))).includes('ends after 8 bytes'))
  assert.ok(
    (await refused('device-read', () => readDevice(join(dir, 'none'), 0n, 4))).includes(
      'there is no such file or directory',
    ),
  )
})

test('a device is written where it is said, whole, or a fault', async () => {
  const file = join(dir, 'written')
  writeFileSync(file, 'abcdefgh')
  writeDevice(file, 2n, Buffer.from('XYZ'))
  assert.is(readDevice(file, 0n, 8).toString(), 'abXYZfgh')
  assert.ok(
    (await refused('device-write', () => writeDevice(join(dir, 'none'), 0n, Buffer.alloc(1)))).includes(
      'there is no such file or directory',
    ),
  )
  assert.ok(
    (await refused('device-write', () => writeDevice('/dev/full', 0n, Buffer.alloc(1)))).includes(
      'no space is left on the device',
    ),
  )
})

test('without a TEE there is no driver to remove', () => {
  assert.is(linux.closeTee(), 'absent')
})

test('random bytes are secret and differ', () => {
  using a = linux.random(64)
  using b = linux.random(64)
  assert.not.equal(a.bytes, b.bytes)
})

test('a key is in the keyring while it is used, and not afterwards', () => {
  // /proc/keys shows an invalidated key, flagged `i`, until it is collected.
  const held = () => /^\S+ [^ i]+ .*cvmboot:linux-test/m.test(readFileSync('/proc/keys', 'utf8'))
  using key = new Secret(Buffer.alloc(64, 1))
  const during = linux.withKey('cvmboot:linux-test', key, held)
  assert.ok(during)
  assert.not.ok(held())
  assert.throws(() =>
    linux.withKey('cvmboot:linux-test', key, () => {
      throw new Error('use failed')
    }),
  )
  assert.not.ok(held())
})

test('what the boot runs and is missing, or fails, is named', async () => {
  assert.ok((await refused('tool-missing', () => runTool('no-such-tool', [], 'pkg'))).includes('pkg'))
  const said = await refused('tool-failed', () =>
    runTool('sh', ['-c', 'echo first >&2; echo why >&2; exit 3'], 'p'),
  )
  assert.ok(said.includes('exit 3: why'), said)
  assert.ok(
    (await refused('tool-failed', () => runTool('sh', ['-c', 'kill -9 $$'], 'p'))).includes('SIGKILL'),
  )
  // Node itself hands NODE_V8_COVERAGE on to every child, whatever environment it was asked for.
  runTool(
    'sh',
    [
      '-c',
      'test "$(env | cut -d= -f1 | sort | grep -v "^_$\\|PWD\\|SHLVL\\|^NODE_V8_COVERAGE$" | tr "\\n" " ")" = "HOME LC_ALL PATH "',
    ],
    'p',
  )
})

test('a tool that is missing, or fails, is named', async () => {
  assert.ok(
    (await refused('tool-missing', () => run('no-such-tool', [], { package: 'pkg' }))).includes(
      'install pkg',
    ),
  )
  const said = await refused('tool-failed', () =>
    run('sh', ['-c', 'echo first >&2; echo last words >&2; exit 3']),
  )
  assert.ok(said.includes('sh failed: exit 3: last words'), said)
  assert.ok((await refused('tool-failed', () => run('sh', ['-c', 'kill -9 $$']))).includes('SIGKILL'))
  assert.is(await run('cat', [], { input: Buffer.from('in') }), 'in')
  const env = await run('env', [], { env: { EXTRA: '1' } })
  assert.equal(
    env
      .trim()
      .split('\n')
      .map((l) => l.split('=')[0])
      .filter((name) => name !== 'NODE_V8_COVERAGE') // Node hands it to its children while coverage is measured
      .sort(),
    ['EXTRA', 'HOME', 'LC_ALL', 'PATH'],
  )
})

test('without its device the TEE is not asked', async () => {
  if (existsSync('/dev/sev-guest')) return
  const request = { reportData: Buffer.alloc(64), vmpl: linux.snpVmpl() }
  assert.is(request.vmpl, 0)
  const key = { root: 'vcek', fields: 0x29, vmpl: 0, guestSvn: 0, tcb: 0n } as const
  for (const use of [
    () => linux.snpReport(request),
    () => snpExtendedReport(request),
    () => linux.snpDerivedKey(key),
  ])
    assert.ok(
      (await refused('tee-device', use)).includes('/dev/sev-guest: there is no such file or directory;'),
    )
  // Without a device nothing was wiped.
  assert.is(channelRefuses(), false)
})

/** In a mount namespace of its own, and with `more` in others. */
const child = (code: string, ...more: readonly string[]): string => {
  const wrap = ['--mount', ...(isRoot ? [] : ['--map-root-user']), ...more]
  const source = `import { linux } from '${join(import.meta.dirname, '../../src/machine/linux.ts')}'\n${code}`
  const args = [...wrap, process.execPath, '--disable-warning=ExperimentalWarning', '-e', source]
  const { stdout, stderr, status } = spawnSync('unshare', args, { encoding: 'utf8', cwd: dir })
  assert.is(status, 0, stderr)
  return stdout
}

test('PID 1 of a container is no init', () => {
  const out = child('console.log(process.pid, linux.isInit())', '--pid', '--fork', '--mount-proc')
  assert.is(out, '1 false\n')
})

test("options are flags or the file system's own, and the mount shows both", () => {
  const out = child(`
    linux.start() // all mounted already: nothing to do
    linux.mount({ source: 'tmpfs', target: '/mnt', type: 'tmpfs', options: ['ro', 'nosuid', 'nodev', 'noexec', 'mode=0700'] })
    console.log(JSON.stringify(linux.mounts().findLast((m) => m.target === '/mnt')))`)
  const mount = JSON.parse(out)
  for (const option of ['ro', 'nosuid', 'nodev', 'noexec']) assert.ok(mount.options.includes(option), option)
  assert.ok(mount.superOptions.includes('mode=700'))
})

test('a file lies read-only over another, with the options of the second call', () => {
  const out = child(`
    import { writeFileSync } from 'node:fs'
    linux.mount({ source: 'tmpfs', target: '/mnt', type: 'tmpfs', options: ['nosuid'] })
    for (const [name, text] of [['id', 'new'], ['under', 'old']]) writeFileSync('/mnt/' + name, text)
    const bind = { source: '/mnt/id', target: '/mnt/under', type: '' }
    linux.mount({ ...bind, options: ['bind'] })
    linux.mount({ ...bind, options: ['bind', 'remount', 'ro', 'nosuid', 'nodev', 'noexec'] })
    let refused = ''
    try { writeFileSync('/mnt/under', 'evil') } catch ({ code }) { refused = code }
    const mount = linux.mounts().findLast((m) => m.target === '/mnt/under')
    console.log(JSON.stringify([linux.readText('/mnt/under'), refused, mount]))`)
  const [text, refused, mount] = JSON.parse(out)
  assert.equal([text, refused, mount.type, mount.root], ['new', 'EROFS', 'tmpfs', '/id'])
  for (const option of ['ro', 'nosuid', 'nodev', 'noexec']) assert.ok(mount.options.includes(option), option)
})

test('from its start the boot leaves no core dump, which would have its secrets', () => {
  // PR_GET_DUMPABLE (3), include/uapi/linux/prctl.h
  const out = child(`
    import { dlopen } from 'node:ffi'
    const shape = { arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'], return: 'int32' }
    const { functions: c } = dlopen('libc.so.6', { prctl: shape })
    const asked = () => c.prctl(3, 0n, 0n, 0n, 0n)
    const before = asked()
    linux.start()
    console.log(before, asked())`)
  assert.is(out, '1 0\n')
})

test('a line that must be seen reaches the console or the kernel log, and a broken log does not stop it', () => {
  child(`
    linux.log(7, 'test line')
    linux.mount({ source: 'tmpfs', target: '/dev', type: 'tmpfs', options: [] })
    linux.log(3, 'no console and no kernel log')`)
})

test('a line that is too long for a record of the kernel log is said in pieces', () => {
  assert.equal(piecesOf('short'), ['short'])
  assert.equal(piecesOf(''), [''])
  const long = 'a long list of names '.repeat(200)
  const pieces = piecesOf(long)
  assert.is(pieces.join(''), long)
  for (const piece of pieces) assert.ok(`<7>cvmboot: ${piece}\n`.length < 976)
})

test('without a kernel log the console gets the line, and is open only while it is said', () => {
  const out = child(`
    import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
    linux.mount({ source: 'tmpfs', target: '/dev', type: 'tmpfs', options: [] })
    writeFileSync('/dev/console', '')
    linux.log(3, 'no kernel log')
    const fds = readdirSync('/proc/self/fd').map((fd) => {
      try { return readlinkSync('/proc/self/fd/' + fd) } catch { return '' }
    })
    const said = readFileSync('/dev/console', 'utf8')
    console.log(JSON.stringify([said, readdirSync('/dev'), fds.includes('/dev/console')]))`)
  assert.equal(JSON.parse(out), ['cvmboot: no kernel log\r\n', ['console'], false])
})

test('disks, swap and swap space are listed from /sys', () => {
  if (!isRoot) return
  const { partitions, seen } = linux.disks()
  const disks = readdirSync('/sys/class/block').filter((name) => /^(?:[vs]d[a-z]+|nvme\d+n\d+)$/.test(name))
  for (const disk of disks)
    assert.ok(
      seen.some((phrase) => phrase.startsWith(`${disk} with`)),
      disk,
    )
  for (const partition of partitions) assert.ok(existsSync(partition.device))
  assert.equal(
    linux.activeSwap(),
    readFileSync('/proc/swaps', 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((l) => l.split(' ')[0]),
  )
})

test('a kernel that knows no swap has none in use', () => {
  const out = child(`
    linux.mount({ source: 'tmpfs', target: '/proc', type: 'tmpfs', options: [] })
    console.log(JSON.stringify(linux.activeSwap()))`)
  assert.is(out, '[]\n')
})

test('modules that this machine cannot load are a fault, not a crash', async () => {
  await refused('module-missing', () => linux.loadModules(['cvmboot_no_such_module']))
})

test.run()
