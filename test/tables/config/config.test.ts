// partition.conf: print / parse, and each bad file with its code and line.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig, parseConfig, printConfig } from '../../../src/config/config.ts'
import { configKeys } from '../../../src/config/keys.ts'
import { parseSize, printSize } from '../../../src/config/values.ts'
import { BootFault, type FaultCode } from '../../../src/fault/index.ts'
import { printBech32 } from '../../../src/layout/bech32.ts'
import { changedConfig } from '../../with/config-sample.ts'

const refused = (text: string, code: FaultCode, line: number): string => {
  try {
    parseConfig(text, 'some.conf')
  } catch (thrown) {
    assert.instance(thrown, BootFault)
    const { fault, message } = thrown as BootFault
    assert.is(fault.code, code, message)
    assert.ok(message.includes(`some.conf:${line}`), message)
    return message
  }
  return assert.unreachable(`accepted: ${text}`) as never
}

test('an empty file is all defaults', () => {
  assert.equal(parseConfig(''), defaultConfig)
  assert.equal(parseConfig('# nothing\n\n   \n\t# more'), defaultConfig)
})

test("the old scripts' file is read", () => {
  const config = parseConfig(`
# Base paths
ROOT_MOUNT="/mnt/flare"
DEVICE=/dev/sdb            # the disk
ROOT_FS_SIZE=20G
ROOT_FS_TYPE=verity
ROOT_FS_ENCRYPTION="none"
OEM_LAUNCHER_SIZE='512M'
LAUNCHER_MOUNT=/opt/launcher
WORKSPACE_SIZE=50G
WORKSPACE_TYPE=crypt
WORKSPACE_ENCRYPTION=required
JOB_STORE_SIZE=100G
JOBSTORE_ENCRYPTION=optional
TMP_FS_SIZE=8G
TMPFS_MODE=1777
TMPFS_UID=0
TMPFS_GID=5
CRYPT_CIPHER="aes-xts-plain64"
CRYPT_KEYSIZE=512
CRYPT_HASH=sha256
VERITY_HASH=sha256
VERITY_DATABLOCK=4096
VERITY_HASHBLOCK=4096
SWAP_ENABLED=false
PORTS="8002 8003"
PORT_RANGES="9000-9010"
`)
  assert.is(config.device, '/dev/sdb')
  assert.is(config.mount['workspace'], '/mnt/flare/workspace')
  assert.is(config.mount['oem-launcher'], '/opt/launcher')
  assert.is(config.mount['root-fs'], '/')
  assert.is(config.size['oem-launcher'], 512n << 20n)
  assert.is(config.size['job-store'], 100n << 30n)
  assert.is(config.jobStore, 'crypt') // optional is read the safe way
  assert.equal(config.tmp, { mode: 0o1777, uid: 0, gid: 5 })
})

test('what is printed reads back to the same, defaults and all else', () => {
  for (const given of [defaultConfig, changedConfig]) assert.equal(parseConfig(printConfig(given)), given)
})

test('sizes are whole MiB with a unit, and print back', () => {
  for (const good of ['1M', '20G', '1T', '1023M']) assert.is(printSize(parseSize(good) ?? 0n), good)
  assert.is(parseSize('2048K'), 2n << 20n)
  for (const bad of ['', '0', '20', '20g', 'G', '1.5G', '-1G', '0G', '1000K', '20GB', '1025T', '9999999999G'])
    assert.is(parseSize(bad), undefined, bad)
})

test('an unknown key is refused by name, with file and line', () => {
  assert.ok(refused('ROOT_FS_SIZE=1G\nROOT_SIZE=1G', 'config-unknown', 2).includes('ROOT_SIZE'))
})

test('a key that is set twice is refused, under either of its names', () => {
  assert.ok(refused('TMPFS_UID=0\n\nTMPFS_UID=0', 'config-duplicate', 3).includes('line 1'))
  refused('LAUNCHER_SIZE=1G\nOEM_LAUNCHER_SIZE=1G', 'config-duplicate', 2)
})

test('nothing is expanded, run or joined', () => {
  for (const bad of [
    'ROOT_MOUNT=$HOME/x',
    `ROOT_MOUNT="$\{X}"`,
    'ROOT_MOUNT=`id`',
    'ROOT_MOUNT="$(id)"',
    'ROOT_MOUNT=/a\\',
    'ROOT_MOUNT=/a;id',
    'ROOT_MOUNT="/a',
    "ROOT_MOUNT='/a",
    'ROOT_MOUNT=/a /b',
    'ROOT_MOUNT="/a""/b"',
    'ROOT_MOUNT=/a#b',
    'ROOT_MOUNT="/a"#b',
    'ROOT_MOUNT = /a',
    'export ROOT_MOUNT=/a',
    'root_mount=/a',
    'PORTS=(1 2)',
    'source /etc/passwd',
    'ROOT_MOUNT=/a\x00',
    'ROOT_MOUNT=/a\r',
    'ROOT_MOUNT=/ä',
  ])
    refused(`\n${bad}`, 'config-syntax', 2)
})

test('keys that last are bound and made as is said, and say nothing where none lasts', () => {
  const config = parseConfig(
    'JOBSTORE_KEY=snp\nWORKSPACE_BLANK=halt\nWORKSPACE_BIND=id-block\nWORKSPACE_KEY=snp\n',
  )
  assert.equal(config.keys, {
    workspace: { provider: 'snp', binding: 'id-block', blank: 'halt', leastTcb: undefined },
    'job-store': { provider: 'snp', binding: 'measurement', blank: 'format', leastTcb: undefined },
  })
  assert.not.match(printConfig(defaultConfig), /_(?:BIND|BLANK)=/)
  // What cannot be provisioned, has no key, or has none that lasts.
  refused('WORKSPACE_KEY=snp\nWORKSPACE_BLANK=halt', 'config-value', 2)
  refused('WORKSPACE_BLANK=format', 'config-value', 1)
  refused('WORKSPACE_KEY=ephemeral\nWORKSPACE_BIND=id-block', 'config-value', 2)
  refused('JOBSTORE_ENCRYPTION=none\nJOBSTORE_KEY=snp', 'config-value', 2)
  refused('WORKSPACE_KEY=snp\nTEE_MIN_TCB=D315000000000003', 'config-value', 2)
  refused('WORKSPACE_KEY=snp\nTEE_MIN_TCB=3', 'config-value', 2)
  refused('JOBSTORE_ENCRYPTION=none\nJOBSTORE_INTEGRITY=hmac-sha256', 'config-value', 2)
})

const srk = `000b${'5a'.repeat(32)}`

test('a TPM alone is refused unless it is said to be inside, with the reason and the alternatives', () => {
  const message = refused('\nWORKSPACE_KEY=tpm2', 'config-value', 2)
  assert.match(
    message,
    /snp\+tpm2 or ephemeral, or TPM_TRUST=inside .*: a TPM that the host runs knows what it seals/,
  )
  refused('JOB_STORE_KEY=tpm2\nTPM_TRUST=outside', 'config-value', 1)
  const { keys } = parseConfig(`TPM_TRUST=inside\nTPM_PCRS="0 7 11"\nTPM_SRK=${srk}\nWORKSPACE_KEY=tpm2`)
  const own = { trust: 'inside', pcrs: [0, 7, 11], srk }
  assert.equal(keys.workspace, { provider: 'tpm2', binding: 'measurement', blank: 'format', ...own })
  assert.equal(keys['job-store'], { provider: 'ephemeral' })
})

test('a TPM as second factor needs no trust, and prints back', () => {
  const config = parseConfig(`JOBSTORE_KEY=snp+tpm2\nTPM_PCRS=11\nTPM_SRK=${srk}`)
  const policy = config.keys['job-store']
  assert.is(policy.provider, 'snp+tpm2')
  if (policy.provider !== 'snp+tpm2') return
  assert.equal([policy.second.trust, policy.second.pcrs, policy.second.srk], ['outside', [11], srk])
  assert.equal(parseConfig(printConfig(config)), config)
  assert.not.match(printConfig(defaultConfig), /TPM/)
})

test('what a TPM does not go with is refused', () => {
  // PCRs do not survive an upgrade, and the word that provisions is measured into them.
  refused('WORKSPACE_KEY=snp+tpm2\nWORKSPACE_BIND=id-block', 'config-value', 2)
  refused('WORKSPACE_KEY=snp+tpm2\nWORKSPACE_BLANK=halt', 'config-value', 2)
  refused('JOBSTORE_ENCRYPTION=none\nJOBSTORE_KEY=snp+tpm2', 'config-value', 2)
  for (const line of ['TPM_TRUST=inside', 'TPM_PCRS=11', `TPM_SRK=${srk}`])
    refused(`WORKSPACE_KEY=snp\n${line}`, 'config-value', 2)
  for (const bad of [
    ...[
      'TPM_TRUST=yes',
      'TPM_PCRS=4',
      'TPM_PCRS="11 4"',
      'TPM_PCRS="11 11"',
      'TPM_PCRS="11 16"',
      'TPM_PCRS="11 23"',
    ],
    ...[
      'TPM_PCRS="4  11"',
      'TPM_PCRS=""',
      'TPM_PCRS="04 11"',
      'TPM_PCRS="0 1 2 3 4 5 6 7 11"',
      'TPM_PCRS="4,11"',
    ],
    ...[`TPM_SRK=${srk.slice(2)}`, `TPM_SRK=${srk.toUpperCase()}`, `TPM_SRK=000c${srk.slice(4)}`],
  ])
    refused(`WORKSPACE_KEY=snp+tpm2\n${bad}`, 'config-value', 2)
})

const badValues = [
  'ROOT_FS_SIZE=20',
  'ROOT_FS_TYPE=crypt',
  'ROOT_FS_MOUNT=/mnt/root',
  'WORKSPACE_MOUNT=/',
  'WORKSPACE_MOUNT=relative',
  'WORKSPACE_MOUNT=/a/../b',
  'WORKSPACE_MOUNT=/a//b',
  'WORKSPACE_MOUNT=/a/',
  'WORKSPACE_MOUNT=/run/x',
  'WORKSPACE_MOUNT=/proc',
  'WORKSPACE_ENCRYPTION=none',
  'ROOT_FS_ENCRYPTION=required',
  'JOBSTORE_ENCRYPTION=maybe',
  'WORKSPACE_INTEGRITY=hmac-sha1',
  'WORKSPACE_INTEGRITY=yes',
  'TEE_MIN_TCB=d315000000000003',
  'JOBSTORE_OWNER=age1',
  'JOB_STORE_OWNER=MIIB',
  'CRYPT_CIPHER=cipher_null-ecb',
  'CRYPT_KEYSIZE=256',
  'VERITY_HASH=sha1',
  'VERITY_DATABLOCK=512',
  'TMPFS_MODE=999',
  'TMPFS_UID=65535',
  'TMPFS_GID=-1',
  'SWAP_ENABLED=true',
  'CONFIG_OVER_ETC=yes',
  'CONFIG_OVER_ETC=true',
  'CONFIG_OVER_ETC="hostname yes"',
  'CONFIG_OVER_ETC="no hostname"',
  'CONFIG_OVER_ETC=/hostname',
  'CONFIG_OVER_ETC=.',
  'CONFIG_OVER_ETC=../hostname',
  'CONFIG_OVER_ETC=nvflare/../fstab',
  'CONFIG_OVER_ETC=nvflare/./x',
  'CONFIG_OVER_ETC=nvflare//x',
  'CONFIG_OVER_ETC=nvflare//',
  'CONFIG_OVER_ETC=nvflare/*',
  'CONFIG_OVER_ETC="hostname hostname"',
  'CONFIG_OVER_ETC="nvflare nvflare/"',
  'CONFIG_OVER_ETC="nvflare/ nvflare/site.conf"',
  'CONFIG_OVER_ETC=ld.so.preload',
  'CONFIG_OVER_ETC=systemd/system/x.service',
  'CONFIG_OVER_ETC=systemd',
  'CONFIG_OVER_ETC="hostname shadow/"',
  'VERITY_ON_CORRUPTION=ignore',
  'OVERLAYS="/etc etc"',
  'OVERLAYS="/etc /etc"',
  'OVERLAYS="/var /var/lib"',
  'OVERLAYS=/',
  'OVERLAY_SIZE=all',
  'INIT=init',
  'MIN_DISK=0',
  'MIN_MEMORY=16',
  'DEVICE=sda',
  'PORTS=http',
  'PORT_RANGES=1',
]
for (const bad of badValues)
  test(`${bad} is refused with what is expected`, () => {
    assert.ok(refused(bad, 'config-value', 1).includes(': expected '))
  })

test("an owner's key reads and prints back, and is refused where it would get no keyslot", () => {
  const word = printBech32('age', Buffer.alloc(32, 9)).toString('latin1')
  for (const name of ['JOBSTORE_OWNER', 'JOB_STORE_OWNER']) {
    const config = parseConfig(`${name}=${word}\nJOBSTORE_KEY=snp\n`)
    assert.equal(config.jobStoreOwner, { alg: 'age-x25519', text: word })
    assert.match(printConfig(config), new RegExp(`^JOBSTORE_OWNER=${word}$`, 'm'))
    const ephemeral = refused(`\n${name}=${word}\nWORKSPACE_KEY=snp`, 'config-value', 2)
    assert.ok(ephemeral.includes(`${name}=${word}: expected nothing: the job-store's key ends with the boot`))
    const plain = refused(`${name}=${word}\nJOBSTORE_ENCRYPTION=none`, 'config-value', 1)
    assert.match(plain, /expected nothing: a job-store without encryption has no keyslot/)
  }
})

test('what may come over /etc is a list of names; no, an empty value and no line at all are none', () => {
  for (const text of ['', 'CONFIG_OVER_ETC=\n', 'CONFIG_OVER_ETC=no\n', 'CONFIG_OVER_ETC=false\n'])
    assert.equal(parseConfig(text).configOverEtc, [])
  const { configOverEtc } = parseConfig('CONFIG_OVER_ETC="hostname  nvflare/ systemd/network"\n')
  assert.equal(configOverEtc, ['hostname', 'nvflare/', 'systemd/network'])
  assert.match(
    printConfig({ ...defaultConfig, configOverEtc }),
    /^CONFIG_OVER_ETC="hostname nvflare\/ systemd\/network"$/m,
  )
  assert.match(
    refused('CONFIG_OVER_ETC=yes', 'config-value', 1),
    /cvmboot config migrate FILE --os-config TREE writes the list/,
  )
  assert.match(
    refused('\nCONFIG_OVER_ETC="hostname systemd"', 'config-value', 2),
    /expected no systemd\/\S+, so no systemd: it .*, so that only root-fs may bring it/,
  )
})

test('a volume too small for its key and its tags is refused, not made', () => {
  const message = refused('\nWORKSPACE_SIZE=9M\nWORKSPACE_KEY=snp', 'config-value', 2)
  assert.match(message, 'expected 10M or more with its KEY and INTEGRITY')
  refused('WORKSPACE_SIZE=47M\nWORKSPACE_INTEGRITY=hmac-sha256', 'config-value', 1)
  refused('JOB_STORE_SIZE=49M\nJOBSTORE_INTEGRITY=hmac-sha256\nJOBSTORE_KEY=snp', 'config-value', 1)
  for (const good of [
    ...[
      'WORKSPACE_SIZE=1M',
      'JOBSTORE_SIZE=1M\nJOBSTORE_ENCRYPTION=none',
      'WORKSPACE_SIZE=10M\nWORKSPACE_KEY=snp',
    ],
    ...['WORKSPACE_SIZE=48M\nWORKSPACE_INTEGRITY=hmac-sha256', 'TMPFS_SIZE=1M\nROOT_FS_SIZE=1M'],
    'JOBSTORE_SIZE=50M\nJOBSTORE_INTEGRITY=hmac-sha256\nJOBSTORE_KEY=snp',
  ])
    parseConfig(good)
})

test('a layer over what is mounted further down, which it would hide, is refused', () => {
  const message = refused('\nOVERLAYS="/var /mnt"', 'config-value', 2)
  assert.match(message, 'no layer over /mnt, which would hide /mnt/nvflare/oem-launcher')
  refused('WORKSPACE_MOUNT=/srv/ws\nOVERLAYS=/srv', 'config-value', 2)
  assert.match(refused('WORKSPACE_MOUNT=/etc/ws\nCONFIG_OVER_ETC=hostname', 'config-value', 2), '/etc/ws')
  refused('OVERLAYS=/etc/ssl\nCONFIG_OVER_ETC=hostname', 'config-value', 2)
  const good = 'OVERLAYS="/etc /mnt/nvflare/os-config /mnt/nvflare/os-config2"\nCONFIG_OVER_ETC=hostname'
  assert.is(parseConfig(good).overlays.length, 3)
})

test('a path below the layer that there is by default is refused where the file sets it', () => {
  for (const line of ['ROOT_MOUNT=/var/flare', 'WORKSPACE_MOUNT=/var/lib/ws', 'TMPFS_MOUNT=/var/tmp']) {
    const message = refused(`\n${line}`, 'config-value', 2)
    assert.match(message, 'a path outside /var, over which a layer lies, or OVERLAYS=none')
    parseConfig(`${line}\nOVERLAYS=none`)
  }
  refused('\nOVERLAYS=/var\nWORKSPACE_MOUNT=/var/ws', 'config-value', 2)
})

test('no layers are one word, which prints and reads back', () => {
  for (const text of ['OVERLAYS=none', 'OVERLAYS=', 'OVERLAYS=""']) {
    assert.equal(parseConfig(text).overlays, [])
    assert.match(printConfig(parseConfig(text)), /^OVERLAYS=none$/m)
  }
  assert.equal(parseConfig('').overlays, ['/var'])
  refused('OVERLAYS="none /var"', 'config-value', 1)
})

test("a mount inside another volume's is refused", () => {
  refused('WORKSPACE_MOUNT=/data/ws\nJOBSTORE_MOUNT=/data', 'config-value', 1)
  refused('WORKSPACE_MOUNT=/data\nJOBSTORE_MOUNT=/data', 'config-value', 1)
  refused('WORKSPACE_MOUNT=/tmp/ws', 'config-value', 1)
  refused('TMPFS_MOUNT=/mnt', 'config-value', 1)
})

test('every key, under each of its names, refuses what is not for it', () => {
  for (const { key, aliases } of configKeys)
    for (const name of [key, ...aliases]) refused(`${name}=?`, 'config-value', 1)
})

test('directories on workspace are data of the root, apart from all that the boot mounts', () => {
  const { workspaceDirectories } = parseConfig('WORKSPACE_DIRECTORIES="/var/lib/containers  /srv"')
  assert.equal(workspaceDirectories, ['/var/lib/containers', '/srv'])
  for (const bad of [
    ...[
      '/',
      '/etc',
      '/etc/x',
      '/usr/local',
      '/bin',
      '/sbin',
      '/lib',
      '/lib64',
      '/boot',
      '/proc/x',
      '/run/x',
      '/dev',
    ],
    ...['/var/lib /var', '/srv /srv', 'var', '/a/../b', '/a=b', `/${'a'.repeat(200)}`],
    // A volume, inside one, or above one.
    ...[
      '/mnt/nvflare/workspace',
      '/mnt/nvflare/workspace/x',
      '/mnt/nvflare/job-store/x',
      '/tmp',
      '/tmp/x',
      '/mnt',
    ],
  ])
    refused(`WORKSPACE_DIRECTORIES="${bad}"`, 'config-value', 1)
  assert.match(refused('\nWORKSPACE_DIRECTORIES=/mnt', 'config-value', 2), /which would hide \/mnt\/nvflare/)
  // Over a layer it would hide the layer; in one it lies on top.
  refused('OVERLAYS="/var/lib/x"\nWORKSPACE_DIRECTORIES=/var/lib', 'config-value', 2)
  refused('OVERLAYS="/var"\nWORKSPACE_DIRECTORIES=/var', 'config-value', 2)
  parseConfig('OVERLAYS="/var"\nWORKSPACE_DIRECTORIES=/var/lib/containers')
})

test('the key that binds a key to a launch says where directories go', () => {
  assert.match(
    refused('WORKSPACE_KEY=snp\nWORKSPACE_BIND="/var/lib/containers"', 'config-value', 2),
    /directories of the root that lie on workspace are WORKSPACE_DIRECTORIES/,
  )
})

test('modules, generators, agents and settings that are left are lists of known words', () => {
  assert.equal(parseConfig('MODULES="overlay nf-tables"').modules, ['overlay', 'nf-tables'])
  for (const bad of ['a/b', '../x', 'a.ko', 'a,b', 'nf-tables nf_tables', 'x x', 'a'.repeat(65)])
    refused(`MODULES="${bad}"`, 'config-value', 1)
  refused(`MODULES="${Array.from({ length: 65 }, (_, i) => `m${i}`).join(' ')}"`, 'config-value', 1)
  assert.equal(parseConfig('GENERATORS="systemd-getty-generator my.own"').doors.generators, [
    ...['systemd-getty-generator', 'my.own'],
  ])
  for (const bad of [
    'a/b',
    '..',
    'x x',
    'systemd-gpt-auto-generator',
    'zram-generator',
    'systemd-factory-reset-generator',
  ])
    refused(`GENERATORS="${bad}"`, 'config-value', 1)
  for (const bad of ['sshd.service', 'qemu-guest-agent', 'vmtoolsd.service vmtoolsd.service'])
    refused(`HOST_AGENTS="${bad}"`, 'config-value', 1)
  for (const bad of ['kernel.sysrq', 'lockdown', 'io_uring', 'fs.protected_fifos fs.protected_fifos'])
    refused(`HARDEN_USERS_BUT="${bad}"`, 'config-value', 1)
})

test.run()
