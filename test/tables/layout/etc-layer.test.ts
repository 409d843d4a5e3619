// The paths that may lie over /etc: only the paths of a list. The file dangerous-etc.txt has one path a line that runs code,
// decides who is root, or steers the kernel or a service.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type LayerEntry, refusedOf } from '../../../src/system/etc-layer.ts'
import { etcLine, etcNames } from '../../../src/system/etc-names.ts'
import { cautionAt, cautions, guardAt, guardOver, guards } from '../../../src/system/shadows.ts'

const entry = (path: string, change: Partial<LayerEntry> = {}): LayerEntry => ({
  path,
  kind: 'file',
  target: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  marks: [],
  ...change,
})
const directory = (path: string, change: Partial<LayerEntry> = {}) =>
  entry(path, { kind: 'directory', mode: 0o755, ...change })
const link = (path: string, target: string) => entry(path, { kind: 'link', target, mode: 0o777 })

/** A tree of these: their directories first, as they are read. */
const tree = (...entries: readonly (LayerEntry | string)[]): LayerEntry[] => {
  const all = new Map<string, LayerEntry>([['', directory('')]])
  for (const one of entries) {
    const last = typeof one === 'string' ? entry(one) : one
    const parts = last.path.split('/')
    for (let i = 1; i < parts.length; i++) {
      const path = parts.slice(0, i).join('/')
      if (!all.has(path)) all.set(path, directory(path))
    }
    all.set(last.path, last)
  }
  return [...all.values()]
}

const refused = (names: string, ...entries: readonly (LayerEntry | string)[]): string[] =>
  refusedOf(tree(...entries), names.split(' ').filter(Boolean)).map(({ path, why }) => `${path}: ${why}`)

const dangerous = readFileSync(join(import.meta.dirname, 'dangerous-etc.txt'), 'utf8')
  .trim()
  .split('\n')

test('the table of dangerous paths is long, and each is there once', () => {
  assert.ok(dangerous.length > 180, `${dangerous.length}`)
  assert.is(new Set(dangerous).size, dangerous.length)
})

test('nothing comes by default, and a list lets in none of the others', () => {
  for (const path of [...dangerous, 'hostname', 'never/heard/of', 'a'])
    for (const names of ['', 'site.conf nvflare/'])
      for (const kind of ['file', 'link', 'directory', 'whiteout', 'special'] as const)
        assert.ok(
          refusedOf(tree(entry(path, { kind, target: '/usr/x' })), names.split(' ').filter(Boolean)).length >
            0,
          `${path} as ${kind} with ${names}`,
        )
})

test('of each dangerous path something is known: no list lets it in, or migrate says what it does', () => {
  const plain = ['systemd/network/10.network']
  const unknown = dangerous.filter((path) => guardOver(path) === undefined && cautionAt(path) === undefined)
  assert.equal(unknown, plain)
})

test('each guarded path is refused as whatever it is, and so is what lies below it, with the list that names it', () => {
  for (const { path, reason } of guards) {
    for (const kind of ['directory', 'file', 'link', 'whiteout'] as const) {
      const [first] = refusedOf([entry(path, { kind })], [path])
      assert.equal(first, { path, reason, why: 'guarded' })
    }
    assert.equal(refused(`${path}/below`, entry(`${path}/below`)).slice(-1), [`${path}/below: guarded`])
  }
})

test('a name lets in the file, or the directory with all below it, and nothing that only begins alike', () => {
  const names = 'hostname nvflare systemd/network/ ssl/certs/site.pem'
  const good = ['hostname', 'nvflare/a', 'nvflare/b/c', 'systemd/network/1.network', 'ssl/certs/site.pem']
  assert.equal(refused(names, ...good), [])
  assert.equal(refused(names, directory('hostname'), 'hostname/x'), [])
  for (const path of [
    'hostname2',
    'nvflare.d/a',
    'ssl/certs/other.pem',
    'ssl/openssl.cnf',
    'systemd/x',
    'host',
  ])
    assert.equal(refused(names, path).slice(-1), [`${path}: unnamed`], path)
})

test('a directory that no name needs is refused: the one on top decides who may enter', () => {
  assert.equal(refused('hostname', directory('ssl', { mode: 0o700 })), ['ssl: unnamed'])
  assert.equal(refused('ssl/certs/x', directory('ssl')), [])
})

test('a name with a slash is of a directory', () => {
  assert.equal(refused('nvflare/', directory('nvflare')), [])
  assert.equal(refused('nvflare/', 'nvflare'), ['nvflare: faulty'])
  assert.equal(refused('nvflare/', link('nvflare', '/usr/share/nvflare')), ['nvflare: faulty'])
})

test('a directory that leads to a name is a directory, and root alone writes to it', () => {
  for (const kind of ['file', 'link', 'special', 'whiteout'] as const)
    assert.equal(refused('systemd/network/', entry('systemd', { kind })), ['systemd: faulty'])
  for (const loose of [{ uid: 1000 }, { mode: 0o757 }, { mode: 0o775, gid: 1000 }]) {
    assert.equal(refused('systemd/network/', directory('systemd', loose)), ['systemd: faulty'])
    assert.equal(refused('hostname', directory('', loose)), [': faulty'])
  }
  assert.equal(refused('systemd/network/', directory('systemd', { mode: 0o775 })), [])
  // In its own place os-config decides who writes.
  assert.equal(refused('nvflare/', directory('nvflare', { uid: 1000, mode: 0o777 })), [])
})

test('nothing of the root is taken away: no whiteout, no attribute of overlayfs, named or not', () => {
  assert.equal(refused('nvflare/', entry('nvflare/gone', { kind: 'whiteout' })), ['nvflare/gone: faulty'])
  assert.equal(refused('a', directory('', { marks: ['trusted.overlay.opaque'] })), [': faulty'])
  assert.equal(refused('a/', directory('a/b/c', { marks: ['trusted.overlay.redirect'] })), ['a/b/c: faulty'])
})

test('a file in a named place is plain: no device, no socket, no rights of its owner', () => {
  assert.equal(refused('x', entry('x', { kind: 'special' })), ['x: faulty'])
  for (const mode of [0o4755, 0o2755, 0o6755])
    assert.equal(refused('x/', entry('x/y', { mode })), ['x/y: faulty'])
  assert.equal(refused('x', entry('x', { uid: 1000, mode: 0o666 })), [])
})

test('a link in a named place stays in /usr, in the list, or leads to nothing', () => {
  const names = 'localtime nvflare/ resolv.conf'
  for (const [path, target] of [
    ['localtime', '/usr/share/zoneinfo/UTC'],
    ['localtime', '../usr/share/zoneinfo/UTC'],
    ['nvflare/a', 'b'],
    ['nvflare/a/b', '../../nvflare/c'],
    ['nvflare/a', '/etc/resolv.conf'],
    ['nvflare/a', '/dev/null'],
    ['resolv.conf', '../run/systemd/resolve/stub-resolv.conf'],
  ] as const)
    assert.equal(refused(names, link(path, target)), [], `${path} -> ${target}`)
  for (const [path, target] of [
    ['localtime', '/mnt/nvflare/workspace/tz'],
    ['localtime', '/usr/../tmp/tz'],
    ['localtime', '../usr/share/../../tmp/tz'],
    ['localtime', '/usr'],
    ['localtime', ''],
    ['nvflare/a', '../shadow'],
    ['nvflare/a', '/etc/shadow'],
    ['nvflare/a', '/etc'],
    ['nvflare/a', '../../proc/self/environ'],
    ['nvflare/a', '../nvflare2/x'],
    ['nvflare/a', 'b/../../shadow'],
    // Where b is a link, its .. is not this directory.
    ['nvflare/a', 'b/../c'],
    ['nvflare/a', '/run/systemd/resolve/stub-resolv.conf'],
    ['resolv.conf', '/run/user/1000/x'],
    ['nvflare/a', '../../../../../../etc/passwd'],
  ] as const)
    assert.equal(refused(names, link(path, target)), [`${path}: faulty`], `${path} -> ${target}`)
})

test('the tables name each path once, relative and plain, and no path twice in both', () => {
  const all = [...guards, ...cautions].map(({ path }) => path)
  assert.is(new Set(all).size, all.length, all.filter((p, i) => all.indexOf(p) !== i).join(' '))
  for (const path of all) assert.match(path, /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9._-]+)*\*?$/)
})

test('what leads to a guarded path is guarded for a name, and a caution counts above and below it', () => {
  assert.is(guardAt('systemd')?.path.startsWith('systemd/'), true)
  assert.is(guardAt('systemd/network'), undefined)
  for (const path of [
    'ssl',
    'ssl/openssl.cnf',
    'ssl/openssl.cnf.d/x',
    'python3.13',
    'python3.13/a/b',
    'default/x',
  ])
    assert.ok(cautionAt(path), path)
  for (const path of ['hostname', 'nvflare/site.conf', 'localtime', 'sshx', 'defaults'])
    assert.is(cautionAt(path), undefined, path)
})

test('the list that a tree needs is short, narrow where code may be, and lets the tree in', () => {
  const list = (...entries: readonly (LayerEntry | string)[]) => etcNames(tree(...entries)).names.join(' ')
  assert.is(list('hostname', 'nvflare/a', 'nvflare/b/c'), 'hostname nvflare/')
  assert.is(list('nvflare/site.conf'), 'nvflare/site.conf')
  assert.is(
    list('systemd/network/1', 'systemd/network/2', 'systemd/resolved.conf'),
    'systemd/network/ systemd/resolved.conf',
  )
  assert.is(list('ssl/certs/a.pem', 'ssl/certs/b.pem'), 'ssl/certs/a.pem ssl/certs/b.pem')
  assert.is(list(directory('empty')), 'empty/')
  assert.is(list('odd/a b'), 'odd/')
  assert.is(list(), '')
  for (const entries of [
    tree(
      'hostname',
      'nvflare/a',
      'nvflare/b',
      'ssl/certs/x',
      'odd/x\xff',
      directory('e'),
      link('localtime', '/usr/x'),
    ),
    tree('systemd/network/1', 'systemd/network/2', 'profile.d/x.sh', 'default/ssh', directory('default/x')),
  ])
    assert.equal(refusedOf(entries, etcNames(entries).names), [])
})

test('what no list lets in is said once, at its highest', () => {
  const of = tree(
    'fstab',
    'systemd/system/x.service',
    'systemd/system/y.service',
    link('motd', '/tmp/x'),
    'a b',
  )
  const { names, left } = etcNames([...of, directory('selinux'), entry('gone', { kind: 'whiteout' })])
  assert.equal(names, [])
  assert.equal(left.map(({ path }) => path).sort(), [
    'a b',
    'fstab',
    'gone',
    'motd',
    'selinux',
    'systemd/system',
  ])
})

test('a line too long for a message is none', () => {
  assert.is(etcLine(['a', 'b/']), 'CONFIG_OVER_ETC="a b/"')
  assert.is(etcLine(Array.from({ length: 100 }, (_, i) => `name-${i}`)), undefined)
})

test.run()
