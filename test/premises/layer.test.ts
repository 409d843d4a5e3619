// The entries that the reader finds in os-config's etc, compared with the files that overlayfs shows. The second half needs
// root, since only root can make whiteouts and attributes of overlayfs.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readLayer } from '../../src/machine/layer.ts'
import { refusedOf } from '../../src/system/etc-layer.ts'

const isRoot = process.getuid?.() === 0
const dir = mkdtempSync(join(tmpdir(), 'cvmboot-layer-'))
test.after(() => rmSync(dir, { recursive: true }))

/** Runs a script of the shell in `dir`, with mounts of its own; what it printed, or undefined where it failed. */
const shell = (script: string): string | undefined => {
  const ran = spawnSync('unshare', ['--mount', 'sh', '-ec', script], { cwd: dir, encoding: 'utf8' })
  return ran.status === 0 ? ran.stdout : undefined
}

test('everything is listed by its path, links as links, names that are no text too', () => {
  const etc = join(dir, 'plain')
  mkdirSync(join(etc, 'a/b'), { recursive: true })
  writeFileSync(join(etc, 'a/b/file'), '')
  symlinkSync('/', join(etc, 'link'))
  assert.is(spawnSync('mkfifo', [join(etc, 'pipe')]).status, 0)
  writeFileSync(Buffer.concat([Buffer.from(`${etc}/x`), Buffer.from([0xff])]), '')
  assert.equal(
    readLayer(etc)
      .map(({ path, kind }) => `${path} ${kind}`)
      .sort(),
    [
      ' directory',
      'a directory',
      'a/b directory',
      'a/b/file file',
      'link link',
      'pipe special',
      'x\xff file',
    ],
  )
})

test('a link has where it leads, byte by byte', () => {
  const etc = join(dir, 'links')
  mkdirSync(etc)
  symlinkSync(Buffer.from([0x2f, 0xff, 0x20]), join(etc, 'link'))
  assert.equal(
    readLayer(etc).map(({ target }) => target),
    ['', '/\xff '],
  )
})

/** Takes one directory as the root's /etc with a unit in it, and one as os-config's, changed by the script. */
const hides = (name: string, change: string) => {
  const at = join(dir, name)
  mkdirSync(join(at, 'root/systemd/system'), { recursive: true })
  mkdirSync(join(at, 'root/other'), { recursive: true })
  writeFileSync(join(at, 'root/systemd/system/masked.service'), '')
  mkdirSync(join(at, 'config/systemd'), { recursive: true })
  mkdirSync(join(at, 'merged'))
  const mark = (path: string, what: string) =>
    `tar -C ${path} --format=posix --no-recursion '--pax-option=SCHILY.xattr.trusted.overlay.${what}' -cf m.tar . && tar -C ${path} --xattrs --xattrs-include='*' -xf m.tar`
  const script = change.replace(/mark (\S+) (\S+)/, (_, path, what) => mark(path, what))
  const seen = shell(`cd ${name}
    ${script}
    mount -t overlay overlay -o redirect_dir=follow,lowerdir=config:root merged
    ls -d merged/systemd/system/masked.service 2>/dev/null || echo hidden`)
  return { seen: seen?.trim(), ...refusedOf(readLayer(join(at, 'config')), ['systemd/network'])[0] }
}

if (isRoot && shell('mkdir l u m && mount -t overlay overlay -o lowerdir=l:u m') !== undefined) {
  test('a plain layer hides nothing, and is taken', () => {
    const { seen, path } = hides('good', 'true')
    assert.is(seen, 'merged/systemd/system/masked.service')
    assert.is(path, undefined)
  })

  for (const [what, change, why] of [
    ['a whiteout', 'rmdir config/systemd && mknod config/systemd c 0 0', /whiteout/],
    ['a link', 'rmdir config/systemd && ln -s /tmp config/systemd', /place of/],
    ['an opaque directory', 'mark config/systemd opaque:=y', /overlay\.opaque/],
    ['a directory that leads elsewhere', 'mark config/systemd redirect:=/other', /overlay\.redirect/],
  ] as const)
    test(`overlayfs hides the root's own behind ${what}, and it is refused`, () => {
      const { seen, path, reason } = hides(what.replaceAll(' ', '-'), change)
      assert.is(seen, 'hidden')
      assert.is(path, 'systemd')
      assert.match(reason ?? '', why)
    })
}

test.run()
