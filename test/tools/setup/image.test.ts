// The images of `setup`: they are reproducible, and have the files of the tree.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  argsOf,
  childArgs,
  extract,
  isRoot,
  place,
  scratch,
  setUp,
  sources,
  tool,
} from '../../with/setup-rig.ts'

const formats = ['erofs', 'squashfs', 'ext4'] as const

/** The same content: written in another order, elsewhere, at another time. */
const sameAgain = (from: string, to: string): string => {
  cpSync(join(from, 'usr'), join(to, 'usr'), { recursive: true })
  for (const name of ['sbin', 'etc']) cpSync(join(from, name), join(to, name), { recursive: true })
  for (const name of ['sbin/init', 'etc', '.']) utimesSync(join(to, name), 1e9, 1.1e9)
  return to
}

test('the same content gives the same disk in each format, from elsewhere, at another time', async () => {
  const [one, two] = [place(), place()]
  const both = (at: string, format: string) => ({
    disk: join(at, format),
    out: join(at, `${format}.d`),
    format,
  })
  for (const format of formats) await setUp(both(one, format))
  // ext4 keeps whole seconds, so the second images are made in another one.
  await new Promise((resolve) => setTimeout(resolve, 1050 - (Date.now() % 1000)))
  const root = sameAgain(sources['root-fs'], join(two, 'tree'))
  for (const format of formats) {
    await setUp({ ...both(two, format), 'root-fs': root })
    for (const name of ['roothashes.json', 'cmdline', 'partition.conf'])
      assert.is(
        readFileSync(join(one, `${format}.d`, name), 'utf8'),
        readFileSync(join(two, `${format}.d`, name), 'utf8'),
        `${format} ${name}`,
      )
    assert.ok(readFileSync(join(one, format)).equals(readFileSync(join(two, format))), format)
  }
})

test('a mount point is made in a copy, never in the tree it was missing from', async () => {
  const at = place()
  await setUp({ disk: join(at, 'disk.img'), format: 'ext4' })
  const image = extract(join(at, 'disk.img'), 'root-fs', join(at, 'root'))
  const shown = tool('debugfs', '-R', 'stat /mnt/nvflare/workspace', image)
  assert.match(shown, /Type: directory +Mode: +0755/)
  assert.match(tool('debugfs', '-R', 'stat /tmp', image), /Type: directory +Mode: +01777/)
  assert.throws(() => statSync(join(sources['root-fs'], 'mnt')), /ENOENT/)
})

test('SOURCE_DATE_EPOCH is the time of everything in the image', async () => {
  const at = place()
  process.env['SOURCE_DATE_EPOCH'] = '1234567890'
  try {
    for (const format of formats)
      await setUp({ disk: join(at, format), out: join(at, `${format}.d`), format })
  } finally {
    delete process.env['SOURCE_DATE_EPOCH']
  }
  const image = (format: string) => extract(join(at, format), 'root-fs', join(at, `${format}.root`))
  assert.match(tool('dump.erofs', '--path=/sbin/init', image('erofs')), /2009-02-13 23:31:30/)
  assert.match(tool('unsquashfs', '-UTC', '-lls', image('squashfs'), 'sbin/init'), /2009-02-13 23:31 .*init/)
  const shown = tool('debugfs', '-R', 'stat /sbin/init', image('ext4'))
  for (const field of ['ctime', 'atime', 'mtime', 'crtime'])
    assert.match(shown, `${field}: 0x499602d2:00000000`)
})

test('an ext4 image passes its own check and is not much larger than its content', async () => {
  const at = place()
  const tree = join(at, 'tree')
  mkdirSync(tree)
  for (let i = 0; i < 300; i++)
    cpSync(join(sources['root-fs'], 'sbin'), join(tree, `${i}`), { recursive: true })
  await setUp({ disk: join(at, 'disk.img'), format: 'ext4', 'os-config': tree })
  const image = extract(join(at, 'disk.img'), 'os-config', join(at, 'image'))
  tool('e2fsck', '-fn', image)
  // 300 directories and 300 files of a block each.
  assert.ok(statSync(image).size < 2 * 600 * 4096, `${statSync(image).size} bytes`)
})

// As root the owners of a tree are kept; the second half runs without root, under another user where need be.
const withoutRoot = (args: readonly string[]): string => {
  const node = [process.execPath, ...childArgs(args)]
  // It may still read what root may: a clone below /root is closed to everybody else.
  const read = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
  const drop = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...read] : []
  const [command = '', ...rest] = [...drop, ...node]
  const env = { PATH: process.env['PATH'] ?? '' }
  const ran = spawnSync(command, rest, { encoding: 'utf8', env, cwd: scratch })
  return ran.status === 0 ? ran.stdout : ran.stderr
}
const openPlace = (): string => {
  const at = place()
  chmodSync(scratch, 0o755)
  chmodSync(at, 0o777)
  return at
}

const owned = join(scratch, 'owned')
mkdirSync(join(owned, 'etc'), { recursive: true })
cpSync(join(sources['os-config'], 'etc'), join(owned, 'etc'), { recursive: true })
const tar = join(scratch, 'owned.tar.gz')
tool('tar', '-C', owned, '--owner=1234', '--group=4321', '--mode=u+s', '--sort=name', '-czf', tar, '.')

test('a tar keeps its owners and modes, with root and without', async () => {
  const at = openPlace()
  const given = { 'os-config': tar, format: 'ext4' }
  const said = withoutRoot(argsOf({ ...given, disk: join(at, 'a'), out: join(at, 'a.d') }))
  assert.match(said, /^wrote/, said)
  const image = extract(join(at, 'a'), 'os-config', join(at, 'image'))
  const shown = tool('debugfs', '-R', 'stat /etc/motd', image)
  assert.match(shown, /User: +1234 +Group: +4321/)
  assert.match(shown, /Mode: +04/)
  if (!isRoot) return
  await setUp({ ...given, disk: join(at, 'b'), out: join(at, 'b.d') })
  const rootHash = (d: string) =>
    JSON.parse(readFileSync(join(at, d, 'roothashes.json'), 'utf8'))['os-config']
  assert.equal(rootHash('b.d'), rootHash('a.d'))
})

test('a directory belongs to root in an image made without root', () => {
  const at = openPlace()
  const look = {
    erofs: (image: string) => /Uid: 0 +Gid: 0/.test(tool('dump.erofs', '--path=/etc/motd', image)),
    squashfs: (image: string) => / 0\/0 /.test(tool('unsquashfs', '-lln', image, 'etc/motd')),
    ext4: (image: string) => /User: +0 +Group: +0/.test(tool('debugfs', '-R', 'stat /etc/motd', image)),
  }
  if (isRoot) tool('chown', '-R', '65534:65534', owned)
  for (const format of formats) {
    const said = withoutRoot(
      argsOf({ 'os-config': owned, format, disk: join(at, format), out: join(at, `${format}.d`) }),
    )
    assert.match(said, /^wrote/, said)
    const image = extract(join(at, format), 'os-config', join(at, `${format}.image`))
    assert.ok(look[format](image), format)
  }
})

test('without root, a tar with attributes that would get lost is refused', () => {
  const at = openPlace()
  const tree = join(at, 'tree')
  mkdirSync(tree)
  cpSync(join(owned, 'etc/motd'), join(tree, 'motd'))
  const archive = join(at, 'attributes.tar')
  tool('tar', '-C', tree, '--format=posix', '--pax-option=SCHILY.xattr.user.note:=kept', '-cf', archive, '.')
  const said = withoutRoot(argsOf({ 'os-config': archive, disk: join(at, 'disk.img') }))
  assert.match(said, /^source-missing: .*os-config.*needs root/, said)
})

test('a root with podman and no modules is told what it lacks, and a directory on workspace is made in it', async () => {
  const at = place()
  const withPodman = sameAgain(sources['root-fs'], join(at, 'tree'))
  mkdirSync(join(withPodman, 'usr/bin'), { recursive: true })
  writeFileSync(join(withPodman, 'usr/bin/podman'), '')
  const given = { 'root-fs': withPodman, disk: join(at, 'disk'), out: join(at, 'out') }
  const said = await setUp(given)
  assert.match(said, /^note: the root has no modules of the kernel that boots/m)
  assert.match(
    said,
    /^note: podman keeps images in .*: set WORKSPACE_DIRECTORIES="\/var\/lib\/containers" and MODULES="overlay /m,
  )
  const [config, tree] = [join(at, 'conf'), join(at, 'tree')]
  mkdirSync(join(tree, 'usr/lib/modules/6.1'), { recursive: true })
  mkdirSync(join(tree, 'lib'), { recursive: true })
  symlinkSync('../usr/lib/modules', join(tree, 'lib/modules'))
  writeFileSync(config, 'WORKSPACE_SIZE=3M\nJOBSTORE_SIZE=2M\nWORKSPACE_DIRECTORIES=/var/lib/containers\n')
  const quiet = await setUp({ ...given, config, force: true })
  assert.not.match(quiet, /^note: /m)
  const image = extract(given.disk, 'root-fs', join(at, 'image'))
  assert.match(tool('dump.erofs', '--path=/var/lib/containers', image), /Size: .* directory/)
})

test.run()
