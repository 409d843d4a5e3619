// One archive with real programs in it, unpacked by cpio and run where there is nothing else.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bundle } from '../../../build/bundle.ts'
import { makeExecutable } from '../../../build/executable.ts'
import { manifestPath, parseManifest } from '../../../src/system/initramfs.ts'
import { temporary, writeTree } from '../../with/pack-tree.ts'

const place = temporary()
const executable = join(place, 'cvmboot')
const archive = join(place, 'initramfs')
const tree = join(place, 'tree')

// The verb runs inside the executable, as it will: it packs itself.
const entry = 'test/with/pack-stand-in.ts'
await makeExecutable((await bundle(entry, { project: '1', git: 'test' })).text, executable)

test('the executable packs itself', () => {
  const args = ['pack', '--modules', writeTree(), '--compress', 'none', '--output', archive]
  const { stdout, stderr, status } = spawnSync(executable, args, { env: {}, encoding: 'utf8' })
  assert.equal({ stderr, status }, { stderr: '', status: 0 })
  assert.match(stdout, /for kernel 6\.1\.0-test-amd64: 8 modules/)
})

const cpio = existsSync('/usr/bin/cpio') && process.getuid?.() === 0
const unpacked = cpio ? test : test.skip

unpacked('cpio unpacks it to what the manifest says', () => {
  mkdirSync(tree)
  execFileSync('cpio', ['-id', '--quiet'], {
    cwd: tree,
    stdio: [openSync(archive, 'r'), 'ignore', 'inherit'],
  })
  const entries = parseManifest(readFileSync(tree + manifestPath, 'utf8')) ?? []
  assert.ok(entries.length > 20)
  for (const { path, bytes } of entries) assert.is(readFileSync(tree + path).length, bytes, path)
})

const inside = (...command: string[]) =>
  spawnSync('/usr/sbin/chroot', [tree, ...command], { env: {}, encoding: 'utf8' })

unpacked('the executable runs on what the archive holds, and nothing else', () => {
  assert.is(inside('/init', '--version').stdout, `cvmboot 1 (git test, node ${process.version})\n`)
})

unpacked('mke2fs makes a file system on what the archive holds, and nothing else', () => {
  writeFileSync(join(tree, 'tmp/disk'), '')
  truncateSync(join(tree, 'tmp/disk'), 16 * 1024 ** 2)
  const { status, stderr } = inside('/usr/sbin/mke2fs', '-q', '-t', 'ext4', '/tmp/disk')
  assert.is(status, 0, stderr)
  assert.is(readFileSync(join(tree, 'tmp/disk')).readUInt16LE(1024 + 0x38), 0xef53)
})

test.run()
