// `pack` on a small tree of modules: the files in the archive, and each refusal.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { zstdDecompressSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig, printConfig } from '../../../src/config/config.ts'
import { BootFault } from '../../../src/fault/index.ts'
import { parseModuleIndex, resolveModules } from '../../../src/machine/modules.ts'
import { parseCpio } from '../../../src/pack/cpio.ts'
import { configPath, manifestPath, parseManifest } from '../../../src/system/initramfs.ts'
import { listen } from '../../with/listen.ts'
import { release, temporary, writeTree } from '../../with/pack-tree.ts'
import { verbOf } from '../../with/verb.ts'

const pack = verbOf('pack')

const modules = writeTree()
const place = temporary()
let next = 0
const fresh = (): string => join(place, `initramfs-${next++}`)

/** Runs the verb; what it says is left out of the tests' output. */
const quietly = (args: readonly string[]): Promise<string> => listen(() => pack(args))

const small = ['--modules', modules, '--executable', '/bin/true', '--mke2fs', '/bin/false']
const packed = async (...more: string[]) => {
  const output = fresh()
  await quietly([...small, '--compress', 'none', '--output', output, ...more])
  const entries = parseCpio(readFileSync(output)) ?? []
  const text = (path: string) =>
    Buffer.from(entries.find((entry) => `/${entry.path}` === path)?.content ?? []).toString('latin1')
  return { output, entries, text, paths: entries.map((entry) => `/${entry.path}`) }
}

const message = (args: readonly string[]): Promise<string> =>
  quietly(args).then(
    () => 'no fault',
    (thrown) => (thrown instanceof BootFault ? thrown.message : `${thrown.stack}`),
  )

test('the archive holds what the boot looks for, parents before what is in them', async () => {
  const { paths, entries } = await packed()
  for (const path of ['/init', '/usr/sbin/mke2fs', configPath, manifestPath, '/lib64/ld-linux-x86-64.so.2'])
    assert.ok(paths.includes(path), path)
  for (const path of ['/proc', '/sys', '/dev', '/run', '/sysroot', '/tmp', '/etc'])
    assert.is((entries[paths.indexOf(path)]?.mode ?? 0) & 0o170000, 0o040000, path)
  for (const [i, path] of paths.entries())
    assert.ok(dirname(path) === '/' || paths.indexOf(dirname(path)) < i, `${path} before its parent`)
  assert.is(new Set(paths).size, paths.length)
})

test('Node finds its console and null device', async () => {
  const { entries } = await packed()
  const device = (path: string) => entries.find((entry) => entry.path === path)
  assert.equal(device('dev/console')?.device, { major: 5, minor: 1 })
  assert.equal(device('dev/null')?.device, { major: 1, minor: 3 })
})

test('the manifest is last and lists every file with its size', async () => {
  const { entries, text, paths } = await packed()
  assert.is(paths.at(-1), manifestPath)
  const files = entries.filter(({ mode }) => (mode & 0o170000) === 0o100000).slice(0, -1)
  assert.equal(
    parseManifest(text(manifestPath)),
    files.map(({ path, bytes }) => ({ path: `/${path}`, bytes })),
  )
})

test('an archive that was unpacked without its tail is noticed', async () => {
  const manifest = (await packed()).text(manifestPath)
  for (let length = 0; length < manifest.length; length++)
    assert.is(parseManifest(manifest.slice(0, length)), undefined, `${length} bytes`)
})

test('modules are uncompressed and the index in the archive leads to them', async () => {
  const { text, paths } = await packed()
  const read = (name: string) => text(`/lib/modules/${release}/modules.${name}`)
  const index = parseModuleIndex({
    dep: read('dep'),
    softdep: read('softdep'),
    alias: read('alias'),
    builtin: read('builtin'),
  })
  const order = resolveModules(index, [
    'dm_verity',
    'dm_crypt',
    'sha256_generic',
    'xts',
    'virtio_blk',
    'ext4',
  ])
  assert.equal(
    order.map((path) => basename(path)),
    ['dm-mod.ko', 'dm-bufio.ko', 'dm-verity.ko', 'dm-crypt.ko', 'ecb.ko', 'xts.ko', 'virtio_blk.ko'],
  )
  for (const path of order) assert.match(text(`/lib/modules/${release}/${path}`), /^module kernel\//)
  assert.not.ok(paths.some((path) => /unrelated|[.](xz|zst|gz)$/.test(path)))
  assert.is(read('softdep'), 'softdep xts pre: ecb\n')
  assert.is(read('alias'), 'alias virtio:d00000002v* virtio_blk\n')
  assert.not.match(read('builtin'), /other/)
})

test('the modules of dm-integrity are packed where a volume is configured to have it, and nowhere else', async () => {
  const config = fresh()
  writeFileSync(config, 'WORKSPACE_INTEGRITY=hmac-sha256\n')
  const names = async (...more: string[]) =>
    (await packed(...more)).paths
      .map((path) => basename(path))
      .filter((name) => /integrity|authenc/.test(name))
  assert.equal((await names('--config', config)).sort(), ['authenc.ko', 'dm-integrity.ko'])
  assert.equal(await names(), [])
  const without = writeTree({
    'modules.builtin': 'kernel/x/cryptomgr.ko\nkernel/x/sha256.ko\nkernel/x/aes.ko\n',
  })
  const said = await message([
    '--modules',
    without,
    ...small.slice(2),
    '--config',
    config,
    '--output',
    fresh(),
  ])
  assert.match(said, /^module-missing: cannot find kernel module hmac: /)
})

test('packing twice gives the same bytes', async () => {
  for (const compress of ['none', 'lz4']) {
    const [a, b] = [fresh(), fresh()]
    for (const output of [a, b]) await quietly([...small, '--compress', compress, '--output', output])
    assert.ok(readFileSync(a).equals(readFileSync(b)), compress)
  }
})

test('compressed archives hold the same as plain ones, in the form the kernel reads', async () => {
  const plain = readFileSync((await packed()).output)
  const zstd = [fresh(), fresh()]
  for (const output of zstd) await quietly([...small, '--compress', 'zstd', '--output', output])
  const [first, second] = zstd.map((output) => readFileSync(output))
  assert.ok(
    first !== undefined && second !== undefined && first.equals(second),
    'the same with any number of threads',
  )
  assert.ok(zstdDecompressSync(first ?? '').equals(plain))
  const lz4 = fresh()
  await quietly([...small, '--output', lz4])
  assert.is(readFileSync(lz4).readUInt32LE(0), 0x184c2102, 'the magic of the legacy frame')
  assert.ok(spawnSync('lz4', ['-dc', lz4], { maxBuffer: 1e9 }).stdout.equals(plain))
})

test('the configuration is stored as the parser understood it', async () => {
  const config = join(place, 'partition.conf')
  writeFileSync(config, '# a comment\nROOT_MOUNT=/srv  # moved\nTMPFS_MODE=0700\n')
  const given = (await packed('--config', config)).text(configPath)
  assert.match(given, /^WORKSPACE_MOUNT=\/srv\/workspace$/m)
  assert.not.match(given, /#|ROOT_MOUNT/)
  assert.is((await packed()).text(configPath), printConfig(defaultConfig))
})

test('the summary names size, kernel, modules and what the kernel has not', async () => {
  const said = await quietly([...small, '--output', fresh()])
  assert.match(
    said,
    /MB \(lz4, unpacks to .* MB\)\nfor kernel 6\.1\.0-test-amd64: 8 modules, \d+ files in all\n/,
  )
  assert.match(said, /this kernel has no squashfs, overlay, virtio_pci, /)
  assert.match(
    said.trimEnd().split('\n').at(-1) ?? '',
    /^launch: qemu-system-x86_64 .*sev-snp-guest,.*kernel-hashes=on .*-kernel \/boot\/vmlinuz-6\.1\.0-test-amd64 -initrd \S+ -append "\$\(cat cmdline\)"/,
  )
})

test('a file that exists is kept, and replaced when asked', async () => {
  const output = fresh()
  writeFileSync(output, 'mine')
  assert.match(await message([...small, '--output', output]), /^pack-write: .*it exists; pass --force/)
  assert.is(readFileSync(output, 'utf8'), 'mine')
  await quietly([...small, '--output', output, '--force'])
  assert.is.not(readFileSync(output, 'utf8'), 'mine')
})

const directory = join(place, 'directory')
mkdirSync(directory)
const dangling = join(place, 'dangling')
symlinkSync('/nowhere', dangling)
writeFileSync(join(place, 'bad.conf'), 'NO_SUCH_KEY=1\n')

for (const [what, args, expected] of [
  ['no output', small, /^usage: .*pack needs --output/],
  ['no modules', ['--executable', '/bin/true', '--output', fresh()], /^usage: .*pack needs --modules/],
  [
    'no executable, run from source',
    ['--modules', modules, '--output', fresh()],
    /^usage: .*--executable FILE/,
  ],
  ['an unknown option', [...small, '--output', fresh(), '--nothing'], /^usage: /],
  [
    'an option given twice',
    [...small, '--modules', modules, '--output', fresh()],
    /^usage: .*more than once/,
  ],
  [
    'another compression',
    [...small, '--compress', 'xz', '--output', fresh()],
    /^usage: .*lz4, zstd or none, not xz/,
  ],
  [
    'an output that is a directory',
    [...small, '--force', '--output', directory],
    /^pack-write: .*is no file/,
  ],
  [
    'an output in no directory',
    [...small, '--output', join(place, 'no/such')],
    /^pack-write: .*there is no such file or directory/,
  ],
  [
    'a directory without modules',
    ['--modules', directory, ...small.slice(2), '--output', fresh()],
    /^pack-input: .*modules\.dep: there is no such file or directory; pass \/lib\/modules/,
  ],
  [
    'an executable that is no program',
    [...small.slice(0, 2), '--executable', '/etc/passwd', ...small.slice(4), '--output', fresh()],
    /^pack-input: .*\/etc\/passwd/,
  ],
  [
    'an executable that is missing',
    [...small.slice(0, 2), '--executable', dangling, ...small.slice(4), '--output', fresh()],
    /^pack-input: .*dangling: there is no such file or directory/,
  ],
  [
    'an mke2fs that is a directory',
    [...small.slice(0, 4), '--mke2fs', directory, '--output', fresh()],
    /^pack-input: .*it is no file/,
  ],
  [
    'a configuration that is missing',
    [...small, '--config', dangling, '--output', fresh()],
    /^config-missing: /,
  ],
  [
    'a configuration with an unknown key',
    [...small, '--config', join(place, 'bad.conf'), '--output', fresh()],
    /^config-unknown: .*NO_SUCH_KEY/,
  ],
] as const)
  test(`${what} is refused, and nothing is left behind`, async () => {
    const before = readdirSync(place)
    assert.match(await message(args), expected)
    assert.equal(readdirSync(place), before)
  })

test('a kernel without a module that every boot needs is refused by name', async () => {
  const without = writeTree({ 'modules.builtin': 'kernel/x/cryptomgr.ko\n' })
  const said = await message(['--modules', without, ...small.slice(2), '--output', fresh()])
  assert.match(said, /^module-missing: cannot find kernel module sha256_generic\|sha256: /)
})

test('a module file that is missing or damaged is refused by name', async () => {
  const gone = writeTree()
  rmSync(join(gone, 'kernel/crypto/xts.ko'))
  assert.match(
    await message(['--modules', gone, ...small.slice(2), '--output', fresh()]),
    /^pack-input: .*xts\.ko: there is no such file or directory/,
  )
  for (const path of ['dm-mod.ko.xz', 'dm-bufio.ko.zst', 'dm-verity.ko.gz']) {
    const damaged = writeTree({ [`kernel/drivers/md/${path}`]: 'not compressed' })
    const said = await message(['--modules', damaged, ...small.slice(2), '--output', fresh()])
    assert.match(said, new RegExp(`^pack-input: .*${path}`))
  }
})

/** Its arguments, or '' for a process that has just ended. */
const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`after ${signal} nothing half-finished is left`, async () => {
    const here = temporary()
    const sleeps = `${30 + Math.random()}`
    const program = [
      `const { writeWhole } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/pack/whole.ts'))})`,
      `const { run } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/machine/exec.ts'))})`,
      `const { writeFileSync } = await import('node:fs')`,
      `await writeWhole(${JSON.stringify(join(here, 'output'))}, async (directory) => {`,
      `  writeFileSync(directory + '/half', 'x')`,
      `  await run('sleep', [${JSON.stringify(sleeps)}])`,
      `  return directory + '/half'`,
      `})`,
    ].join('\n')
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' })
    const ended = new Promise((resolve) => child.on('exit', (_, by) => resolve(by)))
    const isHalf = () => readdirSync(here).some((name) => existsSync(join(here, name, 'half')))
    for (let i = 0; i < 200 && !isHalf(); i++) await sleep(20)
    assert.ok(isHalf())
    await sleep(100)
    child.kill(signal)
    assert.is(await ended, signal)
    assert.equal(readdirSync(here), [])
    const running = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(commandOf)
    assert.not.ok(running.includes(`sleep\0${sleeps}\0`), 'the tool has ended too')
  })

const withModules = (words: string): string => {
  const file = fresh()
  writeFileSync(file, `MODULES="${words}"\n`)
  return file
}

test('modules of partition.conf are packed with what they need; one that is built in is fine', async () => {
  const unrelated = `/lib/modules/${release}/kernel/drivers/net/unrelated.ko`
  assert.not.ok((await packed()).paths.includes(unrelated))
  const more = await packed('--config', withModules('unrelated dm-integrity other'))
  assert.ok(more.paths.includes(unrelated))
  assert.ok(more.paths.some((path) => path.endsWith('/dm-integrity.ko')))
  assert.match(more.text(configPath), /^MODULES="unrelated dm-integrity other"$/m)
  assert.match(more.text(`/lib/modules/${release}/modules.builtin`), /other\.ko/)
})

test('an unknown module is refused, with the names that are nearest', async () => {
  for (const [word, near] of [
    ['ext5', /correct MODULES: it has ext4/],
    ['unrelatd', /it has unrelated/],
    ['crypto-mgr', /it has cryptomgr/],
    ['nothing_like_it', /neither has it as a file nor built in;/],
  ] as const) {
    const said = await message([...small, '--config', withModules(word), '--output', fresh()])
    assert.match(said, new RegExp(`^module-missing: cannot find kernel module ${word}: this kernel `))
    assert.match(said, near)
  }
})

test.run()
