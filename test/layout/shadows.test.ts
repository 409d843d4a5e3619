import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { firstShadow, guards, type LayerEntry } from '../../src/layout/shadows.ts'

const entry = (path: string, change: Partial<LayerEntry> = {}): LayerEntry => ({
  path,
  kind: 'other',
  mode: 0o644,
  uid: 0,
  gid: 0,
  marks: [],
  ...change,
})
const directory = (path: string, change: Partial<LayerEntry> = {}) =>
  entry(path, { kind: 'directory', mode: 0o755, ...change })
const refused = (...entries: LayerEntry[]): string | undefined => firstShadow(entries)?.path

test('what only adds or replaces files of no account passes', () => {
  const good = [
    directory(''),
    entry('hostname'),
    directory('nvflare', { mode: 0o777, uid: 1000 }),
    entry('nvflare/site.conf', { uid: 1000, mode: 0o666 }),
    directory('systemd'),
    directory('systemd/network'),
    entry('systemd/network/10-eth.network'),
    entry('fstab.d'),
    entry('nvflare/fstab'),
  ]
  assert.is(refused(...good), undefined)
})

test('each guarded path is refused as file, directory and whiteout, and so is what lies below it', () => {
  for (const { path, reason } of guards) {
    for (const kind of ['directory', 'other', 'whiteout'] as const)
      assert.equal(firstShadow([directory(''), entry(path, { kind })]), { path, reason })
    assert.is(refused(entry(`${path}/below/it`)), `${path}/below/it`)
  }
})

test('what systemd and Debian run as root by themselves is guarded, by whichever way it gets there', () => {
  const ways = [
    ...['systemd/system/x.service', 'tmpfiles.d/x.conf', 'credstore/tmpfiles.extra', 'extensions/x.raw'],
    ...['credstore.encrypted/sysctl.extra', 'cron.daily/x', 'logrotate.d/x', 'apt/apt.conf.d/x'],
    ...['systemd/user-generators/x', 'dhcp/dhclient-exit-hooks.d/x', 'perl/strict.pm'],
  ]
  for (const path of ways) assert.is(refused(entry(path)), path)
})

test('the table names each path once, relative and plain', () => {
  assert.is(new Set(guards.map(({ path }) => path)).size, guards.length)
  for (const { path } of guards) assert.match(path, /^[A-Za-z0-9][A-Za-z0-9.-]*(?:\/[A-Za-z0-9.-]+)*$/)
})

test('a link or file where a guarded path leads through would stand for the whole directory', () => {
  for (const kind of ['other', 'whiteout'] as const) assert.is(refused(entry('systemd', { kind })), 'systemd')
})

test('a directory that leads to a guarded path is writable by root alone', () => {
  for (const loose of [{ uid: 1000 }, { mode: 0o757 }, { mode: 0o775, gid: 1000 }])
    assert.is(refused(directory('systemd', loose)), 'systemd')
  assert.is(refused(directory('systemd', { mode: 0o775 })), undefined)
})

test('nothing of the root is taken away: no whiteout, no attribute of overlayfs, at any depth', () => {
  assert.is(refused(entry('nvflare/gone', { kind: 'whiteout' })), 'nvflare/gone')
  assert.is(refused(directory('', { marks: ['trusted.overlay.opaque'] })), '')
  assert.is(refused(directory('a/b/c', { marks: ['trusted.overlay.redirect'] })), 'a/b/c')
})

test.run()
