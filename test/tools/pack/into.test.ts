// `pack --into`: the files that the boot needs, in the tree of another initramfs.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import { configPath, manifestPath, parseManifest } from '../../../src/system/initramfs.ts'
import { listen } from '../../with/listen.ts'
import { release, temporary, writeTree } from '../../with/pack-tree.ts'
import { verbOf } from '../../with/verb.ts'

const pack = verbOf('pack')

const modules = writeTree()

const quietly = (args: readonly string[]): Promise<string> => listen(() => pack(args))

const own = ['--modules', modules, '--executable', '/bin/true', '--mke2fs', '/bin/false']
const into = (root: string, ...more: string[]): Promise<string> => quietly([...own, '--into', root, ...more])
const refused = (args: readonly string[]): Promise<string> =>
  quietly(args).then(
    () => 'no fault',
    (thrown) => (thrown instanceof BootFault ? thrown.message : `${thrown.stack}`),
  )

/** As dracut begins one: /lib is a link. */
const merged = (): string => {
  const root = temporary()
  mkdirSync(join(root, 'usr/lib'), { recursive: true })
  symlinkSync('usr/lib', join(root, 'lib'))
  return root
}

const manifest = (root: string) => parseManifest(readFileSync(join(root, manifestPath), 'utf8')) ?? []

test('everything is there, listed with its size, and a link to a directory stays one', async () => {
  const root = merged()
  await into(root)
  const listed = manifest(root)
  for (const path of ['/usr/sbin/cvmboot', '/usr/sbin/mke2fs', configPath])
    assert.ok(
      listed.some((entry) => entry.path === path),
      path,
    )
  for (const { path, bytes } of listed) assert.is(statSync(join(root, path)).size, bytes, path)
  assert.is(readlinkSync(join(root, 'lib')), 'usr/lib')
  assert.is(statSync(join(root, 'usr/sbin/cvmboot')).mode & 0o777, 0o755)
  assert.equal(readFileSync(join(root, 'usr/sbin/cvmboot')), readFileSync('/bin/true'))
})

test('modules are the files that the kernel package has; their index is left to the framework', async () => {
  const root = merged()
  await into(root)
  const path = `lib/modules/${release}/kernel/drivers/md/dm-mod.ko.xz`
  assert.equal(readFileSync(join(root, path)), readFileSync(join(modules, 'kernel/drivers/md/dm-mod.ko.xz')))
  assert.ok(manifest(root).some((entry) => entry.path === `/${path}`))
  assert.equal(
    readdirSync(join(root, `lib/modules/${release}`)).filter((name) => name.startsWith('modules.')),
    [],
  )
})

test('what is there already stays if it is the same, a link to it too, and is replaced if not', async () => {
  const [root, other] = [merged(), merged()]
  await into(other)
  const libc = manifest(other).find(({ path }) => path.endsWith('/libc.so.6'))?.path ?? ''
  mkdirSync(join(root, libc, '..'), { recursive: true })
  writeFileSync(join(root, `${libc}.real`), readFileSync(libc))
  symlinkSync('libc.so.6.real', join(root, libc))
  mkdirSync(join(root, 'usr/sbin'), { recursive: true })
  writeFileSync(join(root, 'usr/sbin/mke2fs'), 'another')
  await into(root)
  assert.ok(lstatSync(join(root, libc)).isSymbolicLink())
  assert.equal(readFileSync(join(root, 'usr/sbin/mke2fs')), readFileSync('/bin/false'))
})

test('--also lists what the framework laid there, a masked unit too, and refuses what is not there', async () => {
  const root = merged()
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true })
  symlinkSync('/dev/null', join(root, 'etc/systemd/system/emergency.service'))
  writeFileSync(join(root, 'etc/unit'), '12345')
  const masked = '/etc/systemd/system/emergency.service'
  await into(root, '--also', masked, '--also', '/etc/unit')
  const bytes = (path: string) => manifest(root).find((entry) => entry.path === path)?.bytes
  assert.is(bytes(masked), 0)
  assert.is(bytes('/etc/unit'), 5)
  assert.match(
    await refused([...own, '--into', root, '--also', '/etc/none']),
    /^pack-input: cannot pack \/etc\/none: it is not in /,
  )
})

test('the same tree twice is the same tree', async () => {
  const root = merged()
  await into(root)
  const before = readFileSync(join(root, manifestPath), 'utf8')
  await into(root)
  assert.is(readFileSync(join(root, manifestPath), 'utf8'), before)
})

test('a tree that is none, a module that is missing and options that do not go together are refused', async () => {
  const root = merged()
  const none = join(root, 'none')
  assert.match(await refused([...own, '--into', none]), /^pack-write: .* it is no directory/)
  assert.not.ok(existsSync(none))
  for (const more of [['--output', '/x'], ['--compress', 'lz4'], ['--force']])
    assert.match(await refused([...own, '--into', root, ...more]), /^usage: .*--\w+ does not go with --into/)
  assert.match(await refused([...own, '--output', '/x', '--also', '/y']), /^usage: .*--also goes with --into/)
  assert.match(await refused(own), /^usage: .*pack needs --output FILE/)
  const lacking = writeTree({ 'modules.dep': '' })
  assert.match(
    await refused(['--modules', lacking, ...own.slice(2), '--into', root]),
    /^module-missing: cannot find kernel module dm_mod/,
  )
  // A directory where a file has to be.
  mkdirSync(join(root, 'usr/sbin/cvmboot/x'), { recursive: true })
  assert.match(await refused([...own, '--into', root]), /^pack-write: cannot write .*usr\/sbin\/cvmboot/)
})

test.run()
