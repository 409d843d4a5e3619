// The verb `config`: show, diff and migrate, as a person calls them.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { defaultConfig, parseConfig, printConfig } from '../../../src/config/config.ts'
import { BootFault } from '../../../src/fault/index.ts'
import { suite } from '../../with/suite.ts'
import { verbOf } from '../../with/verb.ts'

const config = verbOf('config')

const test = suite<{ directory: string; old: string }>('cvmboot config')
const main = join(import.meta.dirname, '../../../src/main.ts')
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'config', ...args], {
    encoding: 'utf8',
  })

test.before((desk) => {
  desk.directory = mkdtempSync(join(tmpdir(), 'cvmboot-config-'))
  desk.old = join(desk.directory, 'old.conf')
  const lines = ['TMP_FS_SIZE=4G', 'SWAP_ENABLED=true', 'ROOT_FS_TYPE=verity', 'CRYPT_HASH=sha256']
  writeFileSync(desk.old, `${lines.join('\n')}\n`)
})

test.after(({ directory }) => {
  rmSync(directory, { recursive: true })
})

test('show says all that holds', () => {
  assert.is(run('show').stdout, printConfig(defaultConfig))
})

test('migrate writes the file, and beside it what changed, like reasons together', ({ old, directory }) => {
  const { stdout, stderr, status } = run('migrate', old)
  assert.is(status, 0)
  assert.is(parseConfig(stdout).size['tmp-fs'], 4n << 30n)
  assert.equal(stderr.trim().split('\n'), [
    'line 1: TMP_FS_SIZE=4G: now TMPFS_SIZE=4G: that is its name here',
    'line 2: SWAP_ENABLED=true: left out: swap is forbidden: the host could read memory and play it back',
    'line 3, 4: ROOT_FS_TYPE=verity, CRYPT_HASH=sha256: left out: it confirms a constant of cvmboot',
  ])
  const file = join(directory, 'partition.conf')
  writeFileSync(file, stdout)
  assert.is(run('show', file).stdout, stdout)
  assert.is(run('diff', file).stdout, 'TMPFS_SIZE  8G -> 4G\n')
  assert.is(run('diff', file, file).stdout, '')
})

test('migrate lists what is in a tree for os-config', ({ directory }) => {
  const tree = join(directory, 'tree')
  mkdirSync(join(tree, 'etc/ssh'), { recursive: true })
  writeFileSync(join(tree, 'etc/hostname'), '')
  writeFileSync(join(tree, 'etc/ssh/sshd_config'), '')
  const file = join(directory, 'over.conf')
  writeFileSync(file, 'CONFIG_OVER_ETC=yes\n')
  const { stdout, stderr, status } = run('migrate', file, '--os-config', tree)
  assert.is(status, 0, stderr)
  assert.match(stdout, /^CONFIG_OVER_ETC="hostname ssh\/sshd_config"$/m)
  assert.match(stderr, /^line 1: CONFIG_OVER_ETC=yes: now CONFIG_OVER_ETC="hostname ssh\/sshd_config": /m)
  assert.match(stderr, /^etc\/ssh\/sshd_config: may now lie over \/etc, and it decides who gets in/m)
  assert.not.match(stderr, /hostname: may/)
  writeFileSync(file, '')
  assert.match(run('migrate', file, '--os-config', tree).stderr, /^CONFIG_OVER_ETC is not set: now /m)
  for (const [bad, why] of [
    [join(tree, 'etc/hostname'), /source-missing: .*hostname for os-config: its etc: /],
    [directory, /source-missing: .* for os-config: its etc: /],
  ] as const)
    assert.match(run('migrate', file, '--os-config', bad).stderr, why)
})

test('the others read as the boot does, and say who would read such a file', ({ old }) => {
  assert.match(run('show', old).stderr, /config-value: .*old.conf:2: SWAP_ENABLED=true: expected false/)
  writeFileSync(old, 'DEVICE=$X\n')
  const { stderr, status } = run('diff', old)
  assert.is(status, 11)
  assert.match(stderr, /config-syntax: .*:1: .*cvmboot config migrate/)
})

test('anything else is refused', async () => {
  for (const args of [[], ['toString'], ['diff'], ['migrate'], ['show', 'a', 'b'], ['diff', 'a', 'b', 'c']]) {
    const thrown: unknown = await config(args).catch((error: unknown) => error)
    assert.instance(thrown, BootFault, args.join(' '))
    assert.is((thrown as BootFault).fault.code, 'usage')
  }
})

test.run()
