// `config migrate`: the old files that shell scripts ran, and the notes about each line that changes.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig, parseConfig, printConfig } from '../../../src/config/config.ts'
import { diffConfig } from '../../../src/config/diff.ts'
import { migrateConfig } from '../../../src/config/migrate.ts'
import type { LayerEntry } from '../../../src/system/etc-layer.ts'
import { changedConfig } from '../../with/config-sample.ts'

const notesOf = (text: string): string[] =>
  migrateConfig(text).notes.map(({ line, was, becomes, why }) => `${line} ${was} -> ${becomes}: ${why}`)
const migrated = (text: string) => parseConfig(migrateConfig(text).text)

test('a file that is ours already stays what it is, without a word', () => {
  for (const config of [defaultConfig, changedConfig]) {
    assert.equal(migrated(printConfig(config)), config)
    assert.equal(notesOf(printConfig(config)), [])
  }
})

test('what a shell expanded is written out', () => {
  const text = [
    `export ROOT_MOUNT="$\{NVFLARE_ROOT:-/mnt/flare}"  # base`,
    `JOBSTORE_MOUNT="$\{ROOT_MOUNT}/jobs"`,
    'TMPFS_MOUNT=$ROOT_MOUNT/tmp',
    `DEVICE="$\{NVFLARE_DEVICE:-/dev/sdb}"`,
  ].join('\n')
  const { mount, device } = migrated(text)
  assert.is(mount['job-store'], '/mnt/flare/jobs')
  assert.is(mount['tmp-fs'], '/mnt/flare/tmp')
  assert.is(mount['workspace'], '/mnt/flare/workspace')
  assert.is(device, '/dev/sdb')
  assert.ok(
    notesOf(text).some((note) => /^3 .* -> TMPFS_MOUNT=\/mnt\/flare\/tmp: nothing is expanded/.test(note)),
  )
  assert.ok(notesOf(text).some((note) => /^4 .* -> DEVICE=\/dev\/sdb: the default is taken/.test(note)))
})

test('what cannot be known from the file is left out, and said', () => {
  for (const value of ['$MODE', '$(umask)', '`umask`', `$\{A:?}`, "'$TMPFS_UID'"]) {
    const line = `TMPFS_MODE=${value}`
    assert.equal(migrated(`TMPFS_UID=0\n${line}`), defaultConfig, line)
    assert.match(
      notesOf(line).join(),
      /^1 .* -> : this file does not have the value to which the line expands/,
    )
  }
  assert.match(notesOf('mkdir -p /x').join(), /only a shell would run this line/)
  assert.match(notesOf('TMPFS_MODE=(1 2)').join(), /only a shell has lists/)
  assert.match(notesOf('LOG_DIR=/var/log').join(), /no part of cvmboot reads it/)
})

test('of two lines the last counts, as it did', () => {
  const text = 'WORKSPACE_SIZE=1G\nWORKSPACE_SIZE=2G\nTMP_FS_SIZE=1G\nTMPFS_SIZE=3G\n'
  assert.is(migrated(text).size.workspace, 2n << 30n)
  assert.is(migrated(text).size['tmp-fs'], 3n << 30n)
  assert.ok(notesOf(text).some((note) => note.startsWith('1 WORKSPACE_SIZE=1G -> : line 2 sets it again')))
})

for (const [line, why] of [
  ['SWAP_ENABLED=true', /swap is forbidden/],
  ['ROOT_FS_MOUNT=/mnt/nvflare/root', /the root of the booted system/],
  ['WORKSPACE_ENCRYPTION=none', /always encrypted/],
  ['WORKSPACE_TYPE=verity', /workspace is always crypt/],
  ['CRYPT_CIPHER=aes-cbc-essiv', /constant here: aes-xts-plain64/],
  ['VERITY_HASH=sha1', /constant here: sha256/],
  ['ROOT_FS_SIZE=20GB', /takes a whole number of MiB/],
  ['PORTS=(8002 8003)', /set your firewall/],
  ['PORT_RANGES="1-2"', /set your firewall/],
  ['ROOT_FS_TYPE=verity', /confirms a constant/],
] as const)
  test(`${line} is left out with the reason`, () => {
    assert.equal(migrated(line), defaultConfig)
    assert.is(notesOf(line).length, 1)
    assert.match(notesOf(line).join(), why)
  })

test('another name, and a choice that was left to an environment variable', () => {
  assert.equal(notesOf('OEM_LAUNCHER_SIZE=512M'), [
    '1 OEM_LAUNCHER_SIZE=512M -> LAUNCHER_SIZE=512M: that is its name here',
  ])
  assert.equal(notesOf('JOBSTORE_ENCRYPTION=optional'), [
    '1 JOBSTORE_ENCRYPTION=optional -> JOBSTORE_ENCRYPTION=required: nothing at run time chooses it',
  ])
})

test('a line that was expanded and then became something else is said once, with both reasons', () => {
  assert.equal(
    notesOf(`ROOT_MOUNT=$\{NVFLARE_ROOT:-/mnt/nvflare}\nJOBSTORE_ENCRYPTION=$\{ENCRYPT_JOBS:-optional}`),
    [
      `1 ROOT_MOUNT=$\{NVFLARE_ROOT:-/mnt/nvflare} -> : the default is taken; cvmboot setup reads the environment itself; it moved the mount points, which are each written out below`,
      `2 JOBSTORE_ENCRYPTION=$\{ENCRYPT_JOBS:-optional} -> JOBSTORE_ENCRYPTION=required: the default is taken; cvmboot setup reads the environment itself; nothing at run time chooses it`,
    ],
  )
})

const entry = (path: string, kind: LayerEntry['kind'] = 'file'): LayerEntry => ({
  path,
  kind,
  target: '',
  mode: 0o755,
  uid: 0,
  gid: 0,
  marks: [],
})
const etc = [
  ...[entry('', 'directory'), entry('hostname'), entry('nvflare', 'directory'), entry('nvflare/a')],
  ...[entry('nvflare/b'), entry('profile.d', 'directory'), entry('profile.d/x.sh'), entry('fstab')],
]

test('what may come over /etc is listed from the tree, with what runs code and what never comes', () => {
  for (const text of ['CONFIG_OVER_ETC=yes', '', 'CONFIG_OVER_ETC=hostname', 'CONFIG_OVER_ETC=true']) {
    const { text: conf, notes, files } = migrateConfig(text, { etc })
    assert.equal(parseConfig(conf).configOverEtc, ['hostname', 'nvflare/', 'profile.d/x.sh'], text)
    assert.match(
      notes.map(({ was, becomes }) => `${was} -> ${becomes}`).join(),
      /CONFIG_OVER_ETC.* -> CONFIG_OVER_ETC="hostname nvflare\/ profile\.d\/x\.sh"$/,
    )
    assert.equal(files, [
      'etc/profile.d/x.sh: may now lie over /etc, and shells of root and of users run it as they start',
      'etc/fstab: will be refused: it opens, mounts or swaps to disks after the boot; take it out of os-config',
    ])
  }
  // A list that is the tree's own already is not a change.
  const own = migrateConfig('CONFIG_OVER_ETC="hostname nvflare/ profile.d/x.sh"', { etc })
  assert.equal(own.notes, [])
})

test('a file that wants no layer gets none, and one that wants all is told how to have the list', () => {
  for (const no of ['no', 'false'])
    assert.equal(parseConfig(migrateConfig(`CONFIG_OVER_ETC=${no}`, { etc }).text).configOverEtc, [])
  assert.equal(migrated('CONFIG_OVER_ETC=yes').configOverEtc, [])
  assert.match(notesOf('CONFIG_OVER_ETC=yes').join(), /with --os-config TREE this command writes the names/)
  assert.equal(
    parseConfig(migrateConfig('CONFIG_OVER_ETC=yes', { etc: [entry('', 'directory')] }).text).configOverEtc,
    [],
  )
})

test('what fits no machine is refused, with the two that clash', () => {
  assert.throws(
    () => migrateConfig('WORKSPACE_MOUNT=/data\nJOBSTORE_MOUNT=/data/jobs'),
    /config-value: .*job-store|workspace/,
  )
})

test('differences are those of meaning, in the order of the keys', () => {
  assert.equal(diffConfig(defaultConfig, defaultConfig), [])
  const rows = diffConfig(defaultConfig, parseConfig('OVERLAYS="/etc /var"\nWORKSPACE_KEY=snp'))
  assert.equal(rows, [
    { key: 'WORKSPACE_KEY', before: 'ephemeral', after: 'snp' },
    { key: 'WORKSPACE_BIND', before: '', after: 'measurement' },
    { key: 'WORKSPACE_BLANK', before: '', after: 'format' },
    { key: 'OVERLAYS', before: '/var', after: '/etc /var' },
  ])
})

test.run()
