// `inspect` on initramfs images.

import { execFileSync } from 'node:child_process'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as assert from 'uvu/assert'
import { inspectAny, printInspection } from '../../../src/inspect/inspect.ts'
import { manifestPath, printManifest } from '../../../src/system/initramfs.ts'
import { suite } from '../../with/suite.ts'

const test = suite<{ scratch: string; tree: string; image: string }>('inspect an initramfs image')

test.before.each((context) => {
  context.scratch = mkdtempSync(join(tmpdir(), 'cvmboot-image-'))
  context.tree = join(context.scratch, 'tree')
  context.image = join(context.scratch, 'image')
})
test.after.each(({ scratch }) => rmSync(scratch, { recursive: true, force: true }))

const put = (tree: string, path: string, content: string | Buffer): void => {
  mkdirSync(dirname(join(tree, path)), { recursive: true })
  writeFileSync(join(tree, path), content)
}

const masked = '/etc/systemd/system/emergency.service'
const listed = [
  { path: '/usr/sbin/cvmboot', bytes: 5000 },
  { path: '/lib/libc.so.6', bytes: 300 },
  { path: '/usr/lib/twin', bytes: 300 },
  { path: masked, bytes: 0 },
]

/** As dracut makes one: /lib is a link, a library is one, one file has two names, a unit is masked. */
const writeTree = (tree: string): void => {
  put(tree, '/usr/sbin/cvmboot', Buffer.alloc(5000, 1))
  put(tree, '/usr/lib/libc.so.6.1', Buffer.alloc(300, 2))
  symlinkSync('libc.so.6.1', join(tree, 'usr/lib/libc.so.6'))
  linkSync(join(tree, 'usr/lib/libc.so.6.1'), join(tree, 'usr/lib/twin'))
  symlinkSync('usr/lib', join(tree, 'lib'))
  mkdirSync(join(tree, dirname(masked)), { recursive: true })
  symlinkSync('/dev/null', join(tree, masked))
  put(tree, manifestPath, printManifest(listed))
}

const archive = (tree: string): Buffer =>
  execFileSync('sh', ['-c', 'find . | sort | cpio -o -H newc --quiet'], { cwd: tree, maxBuffer: 1 << 26 })

const compressors = {
  none: ['cat'],
  gzip: ['gzip', '-c'],
  zstd: ['zstd', '-c', '-q'],
  lz4: ['lz4', '-l', '-c', '-q'],
  xz: ['xz', '-c', '--check=crc32'],
} as const

const compress = (bytes: Buffer, [tool, ...args]: readonly [string, ...string[]]): Buffer =>
  execFileSync(tool, args, { input: bytes, maxBuffer: 1 << 26 })

for (const [name, command] of Object.entries(compressors))
  test(`behind an archive of its own for early files, compressed by ${name}`, async ({
    scratch,
    tree,
    image,
  }) => {
    writeTree(tree)
    const early = join(scratch, 'early')
    put(early, '/kernel/x86/microcode', 'early')
    const whole = Buffer.concat([archive(early), Buffer.alloc(512), compress(archive(tree), command)])
    writeFileSync(image, whole)
    const inspection = await inspectAny(image, 'claimed')
    assert.is(inspection.refused, undefined, printInspection(inspection))
    assert.match(printInspection(inspection), / initramfs entries=\d+ manifest=4\n$/)
  })

const refusal = async (image: string): Promise<string> => {
  const { refused } = await inspectAny(image, 'claimed')
  return refused?.code === 'initramfs-incomplete' ? `${refused.path}: ${refused.reason}` : `${refused?.code}`
}

test('what is missing, stripped, a link to nowhere or masked no more is named', async ({ tree, image }) => {
  const spoil: [string, () => void, string][] = [
    ['missing', () => rmSync(join(tree, '/usr/sbin/cvmboot')), 'no bytes instead of 5000'],
    ['stripped', () => truncateSync(join(tree, '/usr/sbin/cvmboot'), 40), '40 bytes instead of 5000'],
    ['dangling', () => rmSync(join(tree, 'usr/lib/libc.so.6.1')), 'no bytes instead of 300'],
    ['unmasked', () => rmSync(join(tree, masked)), 'no bytes instead of 0'],
  ]
  for (const [what, change, expected] of spoil) {
    rmSync(tree, { recursive: true, force: true })
    writeTree(tree)
    change()
    writeFileSync(image, archive(tree))
    assert.ok((await refusal(image)).endsWith(expected), `${what}: ${await refusal(image)}`)
  }
})

test('an image without a manifest, with half of one, or cut off is refused', async ({ tree, image }) => {
  writeTree(tree)
  const whole = archive(tree)
  writeFileSync(image, whole.subarray(0, 2000))
  assert.match(await refusal(image), /cut off|no cpio entry/)
  writeFileSync(image, compress(whole, compressors.gzip).subarray(0, 300))
  assert.match(await refusal(image), /unexpected end/)
  put(tree, manifestPath, readFileSync(join(tree, manifestPath)).subarray(0, 30))
  writeFileSync(image, archive(tree))
  assert.is(await refusal(image), `${manifestPath}: it is cut off`)
  rmSync(join(tree, manifestPath))
  writeFileSync(image, archive(tree))
  assert.is(await refusal(image), `${manifestPath}: it is not in the image`)
})

test.run()
