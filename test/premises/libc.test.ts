// Ring 4: each libc function does what its declaration says, with the arguments we give it. A misspelt key in a
// node:ffi declaration is silently "no arguments, void", so a function that is not called here is not trusted.

import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  addLogonKey,
  attributeNames,
  chroot,
  deleteModule,
  detachMount,
  finitModule,
  getrandom,
  invalidateKey,
  ioctl,
  ioctlPointing,
  mount,
} from '../../src/machine/libc.ts'

const libc = join(import.meta.dirname, '../../src/machine/libc.ts')
const isRoot = process.getuid?.() === 0

const codeOf = (use: () => unknown): string => {
  try {
    use()
  } catch (thrown) {
    return (thrown as { code: string }).code
  }
  return 'no error'
}

/** Runs code in a child that has mounts of its own, and returns what it printed. */
const child = (code: string, ...wrap: string[]): string => {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--disable-sigusr1', '-e', code]
  const [command = '', ...args] = [...wrap, ...node]
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', timeout: 30_000 })
  assert.is(status, 0, stderr)
  return stdout
}
const own = ['unshare', '--mount', ...(isRoot ? [] : ['--map-root-user'])]

// The kernel looks a path up before it asks who calls, so root and other users get the same answer.
test('errno is the one of the failed call, every time', () => {
  for (let i = 0; i < 2000; i++) {
    assert.is(
      codeOf(() => chroot('/nonexistent')),
      'ENOENT',
    )
    assert.is(
      codeOf(() => detachMount('/proc/version')),
      isRoot ? 'EINVAL' : 'EPERM',
    )
  }
})

test('after neverDump a crash leaves no core, whatever the limit', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-core-'))
  try {
    const crash = (before: string): { dumpable: string; cores: number } => {
      const code = `
        const { functions: c } = process.getBuiltinModule('node:ffi').dlopen('libc.so.6', {
          prctl: { arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'], return: 'int32' },
        })
        const { neverDump } = await import(${JSON.stringify(libc)})
        ${before}
        // PR_GET_DUMPABLE
        console.log(c.prctl(3, 0n, 0n, 0n, 0n))
        process.kill(process.pid, 'SIGSEGV')`
      const node = [
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        code,
      ]
      const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -c unlimited && exec "$@"', 'sh', ...node], {
        encoding: 'utf8',
        cwd: scratch,
        timeout: 30_000,
      })
      assert.match(stdout, /^[01]$/m, stderr)
      return { dumpable: stdout.trim(), cores: readdirSync(scratch).length }
    }
    assert.equal(crash('neverDump()'), { dumpable: '0', cores: 0 })
    // Where the machine writes cores beside the program, it would have here.
    const writes = /^[^/|]/.test(readFileSync('/proc/sys/kernel/core_pattern', 'latin1'))
    assert.equal(crash(''), { dumpable: '1', cores: writes ? 1 : 0 })
  } finally {
    rmSync(scratch, { recursive: true })
  }
})

test('getrandom fills the whole buffer', () => {
  const bytes = Buffer.alloc(64)
  getrandom(bytes)
  assert.not.equal(bytes.subarray(0, 32), Buffer.alloc(32))
  assert.not.equal(bytes.subarray(32), Buffer.alloc(32))
})

test('ioctl hands over the descriptor, the request and the buffer', () => {
  const fd = openSync('/dev/null', 'r')
  assert.is(
    codeOf(() => ioctl(fd, 0xc138fd00, Buffer.alloc(312))),
    'ENOTTY',
  )
  closeSync(fd)
  assert.is(
    codeOf(() => ioctl(fd, 0xc138fd00, Buffer.alloc(312))),
    'EBADF',
  )
})

test('an ioctl follows the addresses that a struct holds, for buffers of any size', async () => {
  // SIOCGIFCONF (0x8912) of include/uapi/linux/if.h: struct ifconf { int length; char *buffer }.
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  try {
    // A buffer as small as 40 bytes might lie where the garbage collector moves it.
    for (const to of [Buffer.alloc(40), Buffer.allocUnsafeSlow(40).fill(0), Buffer.alloc(40_000)]) {
      const argument = Buffer.alloc(16)
      argument.writeInt32LE(to.length, 0)
      ioctlPointing(fd, 0x8912, argument, [{ from: argument, at: 8, to }])
      assert.ok(argument.readInt32LE(0) >= 40)
      assert.match(to.toString('latin1', 0, 16), /^[a-z][a-z0-9]*\0/)
      assert.is(argument.readBigUInt64LE(8), 0n, 'the address is left behind')
    }
    const argument = Buffer.alloc(16)
    assert.is(
      codeOf(() =>
        ioctlPointing(1 << 20, 0x8912, argument, [{ from: argument, at: 8, to: Buffer.alloc(40) }]),
      ),
      'EBADF',
    )
    assert.is(argument.readBigUInt64LE(8), 0n, 'the address is left behind')
  } finally {
    server.close()
  }
})

test('a buffer stays where it is, whatever the garbage collector does', () => {
  const code = `
    import { getRawPointer } from 'node:ffi'
    const makers = [() => Buffer.alloc(32), () => Buffer.allocUnsafeSlow(32), () => Buffer.alloc(4000)]
    const buffers = Array.from({ length: 3000 }, (_, i) => makers[i % 3]().fill(i & 0xff))
    const before = buffers.map(getRawPointer)
    for (let i = 0; i < 3; i++) { globalThis.junk = Array.from({ length: 1e5 }, () => ({})); gc() }
    console.log(buffers.every((b, i) => getRawPointer(b) === before[i] && b.every((byte) => byte === (i & 0xff))))`
  assert.is(child(code, 'env', 'NODE_OPTIONS=--expose-gc').trim(), 'true')
})

test('a logon key is kept, needs a prefix, and is gone once invalidated', () => {
  const serial = addLogonKey('cvmboot:test', Buffer.from('secret'))
  assert.ok(serial > 0n)
  invalidateKey(serial)
  assert.ok(['ENOKEY', 'EKEYREVOKED'].includes(codeOf(() => invalidateKey(serial))))
  assert.is(
    codeOf(() => addLogonKey('without-prefix', Buffer.from('secret'))),
    'EINVAL',
  )
})

test('finit_module reads the descriptor it is given', () => {
  const fd = openSync('/dev/null', 'r')
  for (const format of ['plain', 'compressed'] as const)
    assert.ok(
      ['EPERM', 'EINVAL', 'ENOEXEC', 'ENOSYS', 'EOPNOTSUPP'].includes(codeOf(() => finitModule(fd, format))),
    )
  closeSync(fd)
})

test('delete_module knows no module of that name, or is not for us', () => {
  const code = codeOf(() => deleteModule('cvmboot_has_no_such_module'))
  assert.ok(['ENOENT', 'EPERM', 'ENOSYS'].includes(code), code)
})

test('attributes are listed by name, whatever bytes the path has', () => {
  const root = mkdtempSync(join(tmpdir(), 'cvmboot-attributes-'))
  const file = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])])
  writeFileSync(file, '')
  assert.equal(attributeNames(file), [])
  const given = ['user.one', 'user.two'].map((name) => `--pax-option=SCHILY.xattr.${name}:=1`)
  const archive = join(root, 'archive')
  for (const args of [
    ['-C', root, '--format=posix', ...given, '-cf', archive, '\\377'],
    ['-C', root, '--xattrs', '--xattrs-include=*', '-xf', archive],
  ])
    assert.is(spawnSync('tar', args, { encoding: 'utf8' }).stderr, '')
  assert.equal(attributeNames(file).sort(), ['user.one', 'user.two'])
  rmSync(root, { recursive: true })
  assert.is(
    codeOf(() => attributeNames(file)),
    'ENOENT',
  )
})

test('mount passes source, type, flags and data; detach takes it away', () => {
  const code = `
    import { mount, detachMount } from '${libc}'
    import { readFileSync } from 'node:fs'
    const line = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\\n').find((l) => l.includes(' /mnt ')) ?? 'none'
    mount('some-source', '/mnt', 'tmpfs', 1 | 2, 'size=65536,mode=0700')
    console.log(line())
    detachMount('/mnt')
    console.log(line())`
  const [mounted = '', after] = child(code, ...own).split('\n')
  assert.match(mounted, / \/mnt ro,nosuid,\S* .*- tmpfs some-source ro,size=64k,mode=700/)
  assert.is(after, 'none')
})

test('chroot changes the root of the whole process', () => {
  const root = mkdtempSync(join(tmpdir(), 'cvmboot-chroot-'))
  writeFileSync(join(root, 'inside'), '')
  const code = `
    import { chroot } from '${libc}'
    import { existsSync } from 'node:fs'
    chroot('${root}')
    process.chdir('/')
    console.log(String(existsSync('/inside')))`
  assert.is(child(code, ...own).trim(), 'true')
  rmSync(root, { recursive: true })
})

test('Node changes signals and limits of its process, and resetProcess undoes it for the next program', () => {
  const show = `process.execve('/bin/sh', ['sh', '-c', 'grep -E "^Sig(Blk|Ign)" /proc/self/status; ulimit -Sn'], { PATH: '/bin' })`
  const before = child(show, 'sh', '-c', 'ulimit -Sn 1024; exec "$0" "$@"')
  const after = child(
    `import { resetProcess } from '${libc}'; resetProcess(); ${show}`,
    ...['sh', '-c', 'ulimit -Hn 4096; exec "$0" "$@"'],
  )
  assert.not.match(before, /SigBlk:\t0{16}\nSigIgn:\t0{16}\n/)
  assert.is(after, 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n1024\n')
})

test('the next program inherits no file that Node or we have opened', () => {
  const list = 'exec ls /proc/self/fd'
  const listed = child(`
    import { getrandom } from '${libc}'
    import { openSync } from 'node:fs'
    import { setTimeout } from 'node:timers/promises'
    getrandom(Buffer.alloc(8))
    openSync('/dev/null', 'w')
    await setTimeout(5)
    process.execve('/bin/sh', ['sh', '-c', '${list}'], { PATH: '/bin' })`)
  const [command = '', ...args] = [...own, 'sh', '-c', list]
  assert.is(listed, spawnSync(command, args, { encoding: 'utf8' }).stdout)
})

test('a mount that fails says why', () => {
  assert.is(
    codeOf(() => mount('x', '/nonexistent', 'tmpfs', 0, '')),
    'ENOENT',
  )
})

test.run()
