// install and uninstall on roots that the test makes. Each root has the files of a generator's package, and nothing else.

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
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig, parseConfig } from '../../../src/config/config.ts'
import type { Edition } from '../../../src/edition.ts'
import { production } from '../../../src/editions/production.ts'
import { BootFault } from '../../../src/fault/index.ts'
import { changeOf } from '../../../src/install/changes.ts'
import { type Framework, filesFor, unitFiles } from '../../../src/install/frameworks.ts'
import { parseRecord, printRecord, recordPath } from '../../../src/install/record.ts'
import { helpFiles } from '../../../src/verbs/made.ts'
import { listen } from '../../with/listen.ts'
import { verbOf } from '../../with/verb.ts'

const uninstall = verbOf('uninstall')

const install = verbOf('install')

const place = mkdtempSync(join(tmpdir(), 'cvmboot-install-'))
process.on('exit', () => rmSync(place, { recursive: true, force: true }))
const mock: Edition = { ...production, name: 'cvmboot-mock' }

/** An executable as far as it says its name. */
const executable = (name: string, says: string): string => {
  const path = join(place, name)
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`)
  chmodSync(path, 0o755)
  return path
}
const agent = executable('agent', 'cvmboot 1 (git x, node y)')
const newer = executable('newer', 'cvmboot 2 (git x, node y)')
const mockAgent = executable('mock-agent', 'cvmboot-mock 1 (git x, node y)')

const signs = {
  dracut: 'usr/lib/dracut/dracut-functions.sh',
  'initramfs-tools': 'usr/share/initramfs-tools/hook-functions',
} as const

let count = 0
/** A root with these generators, usr-merged as Debian is. */
const rootWith = (...generators: readonly Framework[]): string => {
  const root = join(place, `root-${count++}`)
  for (const path of ['etc/hostname', 'usr/bin/true', ...generators.map((one) => signs[one])]) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), `${path}\n`)
  }
  symlinkSync('usr/bin', join(root, 'bin'))
  return root
}

/** All that is in a tree: kind, permissions, content. */
const seen = (root: string): string[] => {
  if (lstatSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return []
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const stats = lstatSync(path)
      const content = stats.isFile()
        ? readFileSync(path, 'latin1')
        : stats.isSymbolicLink()
          ? readlinkSync(path)
          : ''
      return `${path.slice(root.length)} ${stats.mode.toString(8)} ${content}`
    })
}

const installed = (root: string, ...more: readonly string[]) =>
  listen(() => install(['--root', root, '--executable', agent, ...more], production))
const uninstalled = (root: string, ...more: readonly string[]) =>
  listen(() => uninstall(['--root', root, ...more]))
const refusal = (act: () => Promise<unknown>): Promise<string> =>
  act().then(
    () => 'no fault',
    (thrown) => (thrown instanceof BootFault ? thrown.message : `${thrown.stack}`),
  )

for (const generators of [['dracut'], ['initramfs-tools'], ['dracut', 'initramfs-tools']] as const)
  test(`into ${generators.join(' and ')}: every file as it is, said, and undone to the byte`, async () => {
    const root = rootWith(...generators)
    const before = seen(root)
    const said = await installed(root)
    const paths = [...unitFiles(), ...helpFiles(), ...generators.flatMap((one) => [...filesFor(one)])]
    for (const [path, { kind, text, mode }] of paths) {
      const stats = lstatSync(join(root, path))
      assert.is(kind === 'link', stats.isSymbolicLink(), path)
      const at = join(root, path)
      assert.is(kind === 'link' ? readlinkSync(at) : readFileSync(at, 'utf8'), text)
      assert.is(stats.mode & 0o7777, mode)
      assert.ok(said.includes(`created: ${path}\n`), path)
    }
    assert.ok(readFileSync(join(root, 'usr/sbin/cvmboot')).equals(readFileSync(agent)))
    assert.is(lstatSync(join(root, 'usr/sbin/cvmboot')).mode & 0o7777, 0o755)
    assert.equal(parseConfig(readFileSync(join(root, 'etc/cvmboot/partition.conf'), 'utf8')), defaultConfig)
    assert.is(
      said.includes('update-initramfs -u'),
      generators.some((one) => one === 'initramfs-tools'),
    )
    assert.is(
      said.includes('dracut --force'),
      generators.some((one) => one === 'dracut'),
    )
    // Nothing for the generator that is not there.
    const all = [
      ...paths.map(([path]) => path),
      '/usr/sbin/cvmboot',
      '/etc/cvmboot/partition.conf',
      recordPath,
    ]
    assert.is(
      seen(root).filter((line) => / 1[02]0\d+ /.test(line)).length,
      before.filter((line) => / 1[02]0\d+ /.test(line)).length + all.length,
    )
    const gone = await uninstalled(root)
    for (const [path] of paths) assert.ok(gone.includes(`removed: ${path}\n`), path)
    assert.equal(seen(root), before)
  })

for (const generators of [[], ['dracut'], ['initramfs-tools']] as const)
  test(`--generator none into a root with ${generators[0] ?? 'no generator'}: the running VM's half alone, undone to the byte`, async () => {
    const root = rootWith(...generators)
    const before = seen(root)
    const said = await installed(root, '--generator', 'none')
    const files = [...unitFiles(), ...helpFiles()]
    for (const [path, { kind, text }] of files)
      assert.is(
        kind === 'link' ? readlinkSync(join(root, path)) : readFileSync(join(root, path), 'utf8'),
        text,
      )
    const made = [...said.matchAll(/^created: (.*)$/gm)].map(([, path]) => path)
    assert.equal(made.sort(), ['/usr/sbin/cvmboot', ...files.map(([path]) => path)].sort())
    for (const path of ['man8/cvmboot.8', 'man5/partition.conf.5', 'man7/cvmboot-cmdline.7'])
      assert.ok(made.includes(`/usr/share/man/${path}`), path)
    assert.match(said, /^note: .* has no systemd, so nothing there starts the units$/m)
    assert.is(await installed(root, '--generator', 'none'), 'nothing to change\n')
    const gone = await uninstalled(root)
    for (const path of made) assert.ok(gone.includes(`removed: ${path}\n`), path)
    assert.equal(seen(root), before)
  })

test('a root with systemd gets no note', async () => {
  for (const directory of ['usr/lib/systemd', 'lib/systemd']) {
    const root = rootWith()
    mkdirSync(join(root, directory), { recursive: true })
    writeFileSync(join(root, directory, 'systemd'), '')
    assert.not.match(await installed(root, '--generator', 'none'), /^note/m)
  }
})

test('from a generator to none: what the generator had is taken away', async () => {
  const root = rootWith('dracut')
  const before = seen(root)
  await installed(root)
  const said = await installed(root, '--generator', 'none')
  assert.match(said, /^removed: .*module-setup\.sh$/m)
  assert.match(said, /^removed: \/etc\/cvmboot\/partition\.conf$/m)
  await uninstalled(root)
  assert.equal(seen(root), before)
})

test('a repeat changes nothing, and says so', async () => {
  const root = rootWith('dracut')
  await installed(root)
  const before = seen(root)
  const times = (): number[] =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map(
      (name) => lstatSync(join(root, name)).mtimeMs,
    )
  const then = times()
  assert.is(await installed(root), 'nothing to change\n')
  assert.equal(seen(root), before)
  assert.equal(times(), then)
})

test('a dry run says the same and changes nothing', async () => {
  const root = rootWith('initramfs-tools')
  const before = seen(root)
  const dry = await installed(root, '--dry-run')
  assert.equal(seen(root), before)
  assert.is(dry.replaceAll('to be created', 'created'), await installed(root))
  const after = seen(root)
  const dryAgain = await uninstalled(root, '--dry-run')
  assert.equal(seen(root), after)
  assert.is(dryAgain.replaceAll('to be removed', 'removed'), await uninstalled(root))
})

test('a newer cvmboot replaces what the older left, and takes away what is no longer part of it', async () => {
  const root = rootWith('dracut', 'initramfs-tools')
  const before = seen(root)
  await installed(root)
  rmSync(join(root, signs['initramfs-tools']))
  const said = await listen(() => install(['--root', root, '--executable', newer], production))
  assert.match(said, /^replaced: \/usr\/sbin\/cvmboot$/m)
  assert.match(said, /^removed: \/usr\/share\/initramfs-tools\/scripts\/cvmboot$/m)
  assert.ok(readFileSync(join(root, 'usr/sbin/cvmboot')).equals(readFileSync(newer)))
  writeFileSync(join(root, signs['initramfs-tools']), `${signs['initramfs-tools']}\n`)
  await uninstalled(root)
  assert.equal(seen(root), before)
})

test('what was changed since is kept by uninstall, and named', async () => {
  const root = rootWith('dracut')
  await installed(root)
  const path = '/usr/lib/dracut/dracut.conf.d/50-cvmboot.conf'
  writeFileSync(join(root, path), 'mine\n')
  chmodSync(join(root, 'etc/cvmboot/partition.conf'), 0o600)
  const said = await uninstalled(root)
  for (const one of [path, '/etc/cvmboot/partition.conf'])
    assert.ok(said.includes(`kept, since it was there before or was changed: ${one}\n`), one)
  assert.is(readFileSync(join(root, path), 'utf8'), 'mine\n')
  assert.not.ok(existsSync(join(root, 'usr/sbin/cvmboot')))
  assert.not.ok(existsSync(join(root, recordPath)))
})

test('a configuration that is there is kept, by install and uninstall', async () => {
  const root = rootWith('dracut')
  mkdirSync(join(root, 'etc/cvmboot'))
  writeFileSync(join(root, 'etc/cvmboot/partition.conf'), 'TMPFS_SIZE=1G\n')
  const before = seen(root)
  assert.match(await installed(root), /^kept, .*: \/etc\/cvmboot\/partition\.conf$/m)
  await uninstalled(root)
  assert.equal(seen(root), before)
})

test('a configuration that is given is put there, and not taken back by a repeat without it', async () => {
  const root = rootWith('dracut')
  const before = seen(root)
  const config = join(place, 'given.conf')
  writeFileSync(config, 'TMPFS_SIZE=1G\n')
  await installed(root, '--config', config)
  assert.is(readFileSync(join(root, 'etc/cvmboot/partition.conf'), 'utf8'), 'TMPFS_SIZE=1G\n')
  assert.is(await installed(root), 'nothing to change\n')
  writeFileSync(config, 'TMPFS_SIZE=2G\n')
  assert.match(await installed(root, '--config', config), /^replaced: \/etc\/cvmboot\/partition\.conf$/m)
  await uninstalled(root)
  assert.equal(seen(root), before)
})

test('an install that was cut off is finished by the next, and undone whole', async () => {
  const root = rootWith('dracut')
  const before = seen(root)
  await installed(root)
  // The record is written first: of what follows any part may be missing.
  rmSync(join(root, 'usr/lib/dracut/modules.d/50cvmboot'), { recursive: true })
  assert.match(await installed(root), /^created: .*module-setup\.sh$/m)
  rmSync(join(root, 'usr/sbin/cvmboot'))
  await uninstalled(root)
  assert.equal(seen(root), before)
})

test('links in the root lead where they will once it is the root', async () => {
  const root = rootWith('dracut')
  mkdirSync(join(root, 'elsewhere/sbin'), { recursive: true })
  symlinkSync('/elsewhere/sbin', join(root, 'usr/sbin'))
  const before = seen(root)
  await installed(root)
  assert.ok(existsSync(join(root, 'elsewhere/sbin/cvmboot')))
  assert.not.ok(existsSync('/elsewhere'))
  await uninstalled(root)
  assert.equal(seen(root), before)
})

test('the mock goes only where it is asked for, by the build that has it', async () => {
  const root = rootWith('dracut')
  const before = seen(root)
  const args = ['--root', root, '--executable', mockAgent]
  assert.match(
    await refusal(() => install([...args, '--mock'], production)),
    /^install-mock: .*production build/,
  )
  assert.match(await refusal(() => install(args, production)), /^install-mock: .*pass --mock/)
  assert.match(await refusal(() => install(args, mock)), /^install-mock: .*pass --mock/)
  assert.equal(seen(root), before)
  await listen(() => install([...args, '--mock'], mock))
  assert.ok(readFileSync(join(root, 'usr/sbin/cvmboot')).equals(readFileSync(mockAgent)))
})

const owned = rootWith('dracut')
mkdirSync(join(owned, 'var/lib/dpkg/info'), { recursive: true })
writeFileSync(join(owned, 'var/lib/dpkg/info/cvmboot.list'), '/.\n/etc/cvmboot/partition.conf\n')
const foreign = rootWith('dracut')
mkdirSync(join(foreign, 'usr/sbin'))
writeFileSync(join(foreign, 'usr/sbin/cvmboot'), 'somebody else\n')
const linked = rootWith('initramfs-tools')
mkdirSync(join(linked, 'etc/cvmboot'))
symlinkSync('/nowhere', join(linked, 'etc/cvmboot/partition.conf'))
const configured = rootWith('dracut')
mkdirSync(join(configured, 'etc/cvmboot'))
writeFileSync(join(configured, 'etc/cvmboot/partition.conf'), '# mine\n')
const damaged = rootWith('dracut')
mkdirSync(join(damaged, 'var/lib/cvmboot'), { recursive: true })
writeFileSync(join(damaged, recordPath), 'cvmboot install 1\nend 7\n')
const blocked = rootWith('dracut')
writeFileSync(join(blocked, 'etc/cvmboot'), 'a file\n')
const bare = rootWith()
const empty = join(place, 'empty')
mkdirSync(empty)
const wrong = join(place, 'wrong.conf')
writeFileSync(wrong, 'NO_SUCH_KEY=1\n')

for (const [what, root, more, expected] of [
  ['no generator', bare, [], /^install-generator: .*neither dracut nor initramfs-tools.*--generator none/],
  [
    'an unknown generator',
    bare,
    ['--generator', 'mkosi'],
    /^usage: .*--generator takes dracut, initramfs-tools or none, not mkosi/,
  ],
  [
    "files of dpkg's",
    owned,
    [],
    /^install-owned: .*partition\.conf: it belongs to the package cvmboot; use apt/,
  ],
  [
    "somebody else's file",
    foreign,
    [],
    /^install-exists: .*\/usr\/sbin\/cvmboot: .*not what cvmboot install left/,
  ],
  ['a link where a file would go', linked, [], /^install-exists: .*it is no file/],
  [
    'a configuration other than --config',
    configured,
    ['--config', '/dev/null'],
    /^install-exists: .*not what --config has/,
  ],
  [
    'a configuration with an unknown key',
    bare,
    ['--generator', 'dracut', '--config', wrong],
    /^config-unknown: /,
  ],
  [
    'a configuration that is missing',
    bare,
    ['--generator', 'dracut', '--config', '/no/such'],
    /^config-missing: /,
  ],
  [
    'no such root',
    join(place, 'no-such-root'),
    ['--generator', 'none'],
    /^install-root: .*no such directory/,
  ],
  ['a root that is a file', agent, ['--generator', 'none'], /^install-root: .*no such directory/],
  ['an empty root', empty, ['--generator', 'none'], /^install-root: .*it has no directory usr/],
  ['an empty root for dracut', empty, ['--generator', 'dracut'], /^install-root: /],
  [
    'a configuration that nothing would read',
    bare,
    ['--generator', 'none', '--config', '/dev/null'],
    /^usage: .*cvmboot pack bakes partition\.conf/,
  ],
  [
    'a record that was cut off',
    damaged,
    [],
    /^install-record: .*\/var\/lib\/cvmboot\/installed: it is not whole/,
  ],
  [
    'a file for a directory',
    blocked,
    [],
    /^install-write: cannot change .*partition\.conf: a part of its path is no directory/,
  ],
] as const)
  test(`${what} is refused, and nothing is touched`, async () => {
    const before = seen(root)
    assert.match(await refusal(() => installed(root, ...more)), expected)
    assert.equal(seen(root), before)
  })

test('what is no cvmboot is not installed', async () => {
  const root = rootWith('dracut')
  const other = ['--root', root, '--executable']
  assert.match(
    await refusal(() => install([...other, executable('other', 'hello')], production)),
    /^usage: .*is no cvmboot/,
  )
  assert.match(await refusal(() => install([...other, '/no/such'], production)), /^tool-missing: /)
  assert.match(await refusal(() => install(['--root', root], production)), /^usage: .*needs --executable/)
})

test('uninstall refuses where install was not, or dpkg is now', async () => {
  const root = rootWith('dracut')
  assert.match(await refusal(() => uninstalled(root)), /^install-absent: /)
  assert.match(await refusal(() => uninstalled(damaged)), /^install-record: /)
  await installed(root)
  mkdirSync(join(root, 'var/lib/dpkg/info'), { recursive: true })
  writeFileSync(
    join(root, 'var/lib/dpkg/info/cvmboot-dracut.list'),
    '/usr/lib/dracut/modules.d/50cvmboot/module-setup.sh\n',
  )
  const before = seen(root)
  assert.match(await refusal(() => uninstalled(root)), /^install-owned: .*cvmboot-dracut; use apt/)
  assert.equal(seen(root), before)
})

test('a record is printed as it is read, and read only whole', () => {
  const record = {
    files: new Map([
      ['/usr/sbin/cvmboot', { kind: 'file', mode: 0o755, sha256: 'ab'.repeat(32) }],
      ['/etc/a b', { kind: 'file', mode: 0o644, sha256: '01'.repeat(32) }],
      ['/etc/c', { kind: 'link', mode: 0o777, sha256: 'cd'.repeat(32) }],
    ] as const),
    directories: ['/etc/x', '/etc/x/y'],
  }
  const text = printRecord(record)
  assert.equal(parseRecord(text), record)
  for (let length = 0; length < text.length; length++)
    assert.is(parseRecord(text.slice(0, length)), undefined)
  const sum = 'ab'.repeat(32)
  for (const line of [
    `file 755 ${sum} etc/x`,
    `file 755 ${sum} /etc/../x`,
    `file 755 ${sum} /`,
    `file 9 ${sum} /x`,
    'file 755 ab /x',
    'directory ..',
    'link /x',
    `socket 755 ${sum} /x`,
  ])
    assert.is(parseRecord(`cvmboot install 1\n${line}\nend 1\n`), undefined, line)
  const twice = `file 755 ${sum} /x\n`
  assert.is(parseRecord(`cvmboot install 1\n${twice}${twice}end 2\n`), undefined)
})

test('a link that leads elsewhere is not ours any more, and of a file that was ours a link takes the place', async () => {
  const root = rootWith('dracut')
  await installed(root)
  const alias = join(root, 'usr/lib/systemd/system/nvflare-partitions.service')
  assert.is(readlinkSync(alias), 'cvmboot.service')
  rmSync(alias)
  symlinkSync('evil.service', alias)
  assert.match(
    await refusal(() => installed(root)),
    /^install-exists: .*nvflare-partitions\.service: .*not what/,
  )
  assert.match(await uninstalled(root), /^kept, .*nvflare-partitions\.service$/m)
  assert.is(readlinkSync(alias), 'evil.service')
  const file = { kind: 'file', mode: 0o644, sha256: 'a' } as const
  const link = { kind: 'link', mode: 0o777, sha256: 'b', settings: 'none' } as const
  assert.is(changeOf('/x', link, file, file).act, 'replace')
  assert.equal(changeOf('/x', link, file, undefined), { path: '/x', act: 'refuse', reason: 'it is no link' })
})

test('a file with other permissions is not the same file', () => {
  const left = { kind: 'file', mode: 0o755, sha256: 'a' } as const
  assert.is(changeOf('/x', { ...left, settings: 'none' }, { ...left, mode: 0o777 }, left).act, 'refuse')
  assert.is(changeOf('/x', undefined, { ...left, mode: 0o777 }, left).act, 'keep')
  assert.is(changeOf('/x', undefined, 'nothing', left).act, 'none')
})

test('the verbs are those of the command line', () => {
  const root = rootWith('dracut')
  const main = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../../src/main.ts')]
  const run = (...args: string[]) => spawnSync(process.execPath, [...main, ...args], { encoding: 'utf8' })
  const done = run('install', '--root', root, '--executable', agent)
  assert.is(done.status, 0, done.stderr)
  assert.is(run('uninstall', '--root', root).status, 0)
  assert.is(run('uninstall', '--root', root).status, 30)
})

test.run()
