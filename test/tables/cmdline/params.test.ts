// The cvmboot.* parameters: print / parse, and each bad line with its code.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  hostData,
  type Params,
  parameters,
  printParams,
  type VerityParams,
} from '../../../src/cmdline/params.ts'
import { BootFault, type FaultCode, say } from '../../../src/fault/index.ts'
import { fixedSalt, type Salt } from '../../../src/layout/verity.ts'
import { goodCmdline, hashes } from '../../fake/machine.ts'
import { named, onFailureOf, parseParams } from '../../with/params.ts'

const refused = (cmdline: string, code: FaultCode): string => {
  try {
    parseParams(cmdline)
  } catch (thrown) {
    assert.instance(thrown, BootFault)
    assert.is((thrown as BootFault).fault.code, code, say((thrown as BootFault).fault))
    return (thrown as BootFault).message
  }
  return assert.unreachable(`accepted: ${cmdline}`) as never
}

const params: Params = parseParams(goodCmdline)

const site = 'cvmboot.roothash.os-config=host-data'
const siteCmdline = [
  ...goodCmdline.split(' ').filter((word) => !/^cvmboot\.[a-z-]+\.os-config=/.test(word)),
  site,
].join(' ')

test('host-data stands for all values of os-config, and for no other volume', () => {
  const { verity } = parseParams(siteCmdline)
  assert.is(verity['os-config'], hostData)
  assert.equal(parseParams(printParams(parseParams(siteCmdline))), parseParams(siteCmdline))
  assert.match(
    refused(`${siteCmdline} cvmboot.data-blocks.os-config=1000`, 'cmdline-value'),
    'cvmboot.data-blocks.os-config',
  )
  assert.match(refused(`${siteCmdline} cvmboot.salt.os-config=-`, 'cmdline-value'), 'cvmboot.salt.os-config')
  for (const volume of ['root-fs', 'oem-launcher'] as const)
    refused(goodCmdline.replace(hashes[volume], 'host-data'), 'cmdline-value')
  const noBlocks = goodCmdline.replace('cvmboot.data-blocks.os-config=1000', '')
  assert.match(refused(noBlocks, 'cmdline-missing'), 'cvmboot.data-blocks.os-config')
})

test('a line as long as what the kernel leaves of a longer one is refused', () => {
  const line = (bytes: number) => goodCmdline.padEnd(bytes)
  assert.equal(parseParams(line(2046)), params)
  assert.match(refused(line(2047), 'cmdline-too-long'), 'of 2047 bytes')
})

test('a good command line is read whole', () => {
  assert.is(params.verity['root-fs'].rootHash, hashes['root-fs'])
  assert.is(named(params.verity['os-config']).blocks, 1000n)
  assert.is(params.verity['oem-launcher'].salt, fixedSalt('oem-launcher'))
  assert.is(params.onFailure, 'halt')
  assert.is(params.deviceTimeout, 30)
})

const eachVolume = (change: (volume: VerityParams) => VerityParams): Params['verity'] => ({
  'root-fs': change(params.verity['root-fs']),
  'oem-launcher': change(params.verity['oem-launcher']),
  'os-config': change(named(params.verity['os-config'])),
})

test('what is printed reads back to the same, defaults and all else', () => {
  const changed: Params = {
    verity: {
      ...params.verity,
      'root-fs': { ...params.verity['root-fs'], blocks: 1n << 42n, salt: '' as Salt },
    },
    onFailure: 'poweroff',
    deviceTimeout: 3600,
    provision: ['workspace', 'job-store'],
  }
  for (const given of [params, changed]) assert.equal(parseParams(printParams(given)), given)
  // Each record prints a value that is no default, and `setup` emits the word of each.
  const salts = { ...changed, verity: eachVolume((volume) => ({ ...volume, salt: '' as Salt })) }
  const words = printParams(salts).split(' ')
  for (const { name, print } of parameters) assert.ok(words.includes(`${name}=${print(salts)}`), name)
  assert.equal(parseParams(words.join(' ')), salts)
  assert.is(printParams(params), goodCmdline)
})

test('words of others, and any order, change nothing', () => {
  const shuffled = goodCmdline.split(' ').reverse().join('  ')
  assert.equal(parseParams(`BOOT_IMAGE=/x quiet ${shuffled} console=ttyS0 rd.shell=0`), params)
})

test('roothash= stands for the root, and may repeat it', () => {
  const alias = goodCmdline.replace('cvmboot.roothash.root-fs', 'roothash')
  assert.equal(parseParams(alias), params)
  assert.equal(parseParams(`${goodCmdline} roothash=${hashes['root-fs']}`), params)
  refused(`${goodCmdline} roothash=${hashes['os-config']}`, 'cmdline-conflict')
  refused(`${alias} roothash=${hashes['root-fs']}`, 'cmdline-duplicate')
})

test("the kernel's other spellings of a name are the same name", () => {
  assert.equal(parseParams(goodCmdline.replaceAll('root-fs', 'root_fs')), params)
  refused(`${goodCmdline} cvmboot.roothash.root_fs=${hashes['root-fs']}`, 'cmdline-duplicate')
  assert.equal(parseParams(goodCmdline.replace(/(\S+roothash.root-fs=)(\S+)/, '$1"$2"')), params)
  assert.equal(parseParams(goodCmdline.replace(/(\S+roothash.root-fs=\S+)/, '"$1"')), params)
})

for (const name of Object.keys(hashes)) {
  const given = new RegExp(`cvmboot.roothash.${name}=\\S+`)
  const hash = hashes[name as keyof typeof hashes]
  const replaced = (value: string) => goodCmdline.replace(given, `cvmboot.roothash.${name}=${value}`)
  test(`the root hash of ${name} is needed, once, and exact`, () => {
    refused(goodCmdline.replace(given, ''), 'cmdline-missing')
    refused(`${goodCmdline} cvmboot.roothash.${name}=${hash}`, 'cmdline-duplicate')
    for (const bad of ['', hash.slice(1), `${hash}0`, `A${hash.slice(1)}`, `0x${hash.slice(2)}`])
      refused(replaced(bad), 'cmdline-value')
    refused(goodCmdline.replace(given, `cvmboot.roothash.${name}`), 'cmdline-value')
  })
}

test('two volumes cannot have one root hash', () => {
  refused(goodCmdline.replace(hashes['os-config'], hashes['root-fs']), 'cmdline-value')
})

test('data blocks are needed and counted in plain decimal', () => {
  refused(goodCmdline.replace('cvmboot.data-blocks.root-fs=1000', ''), 'cmdline-missing')
  for (const bad of ['0', '-1', '01', '1e3', '0x10', '', `${(1n << 42n) + 1n}`, '9'.repeat(40)])
    refused(goodCmdline.replace('data-blocks.root-fs=1000', `data-blocks.root-fs=${bad}`), 'cmdline-value')
})

test('optional values are exact too', () => {
  for (const bad of [
    'on-failure=',
    'on-failure=shell',
    'on-failure=Halt',
    'device-timeout=0',
    'device-timeout=3601',
  ])
    refused(`${goodCmdline} cvmboot.${bad}`, 'cmdline-value')
  for (const bad of ['salt.root-fs=', 'salt.root-fs=abc', 'salt.root-fs=AB'])
    refused(`${goodCmdline} cvmboot.${bad}`, 'cmdline-value')
})

test('a parameter that does not exist is refused by name', () => {
  for (const name of ['cvmboot', 'cvmboot.', 'cvmboot.x', 'cvmboot.roothash', 'cvmboot.roothash.workspace'])
    assert.ok(refused(`${goodCmdline} ${name}=1`, 'cmdline-unknown').includes(name))
  assert.ok(
    refused(`${goodCmdline} "cvmboot.verity=no thanks"`, 'cmdline-unknown').includes('cvmboot.verity'),
  )
})

test('ours are not read, nor overlooked, behind --', () => {
  refused(`${goodCmdline} -- cvmboot.on-failure=reboot`, 'cmdline-forbidden')
})

for (const word of [
  'init=/bin/sh',
  'rdinit=/bin/sh',
  'single',
  'emergency',
  'rescue',
  's',
  '1',
  'resume=/dev/sda2',
  'rd.shell',
  'rd.shell=1',
  'rd.break=pre-mount',
  'rd.cmdline=ask',
  'systemd.verity=0',
  'systemd.debug_shell',
  'rd.systemd.debug-shell=ttyS0',
  'systemd.unit=rescue.target',
  'SYSTEMD_SULOGIN_FORCE=1',
  'break=premount',
  'systemd.swap-extra=/dev/vdb',
  'boot=local',
  'boot=nfs',
  'boot',
  'cryptopts=target=root,source=/dev/vda7',
  'debug',
  'debug=1',
  'panic=',
  'panic',
  'PS4=$(sh)',
  'ENV=/x',
  'BASH_ENV=/x',
  'log_output=/scripts/cvmboot',
  'SYSTEMD_PROC_CMDLINE=systemd.unit=rescue.target',
  'SYSTEMD_UNIT_PATH=/x',
  'systemd.mask=cvmboot.service',
  'rd.systemd.mask=cvmboot.service',
  'systemd.volatile=yes',
  'rdshell',
  'rdbreak=cmdline',
  'real_init=/bin/sh',
  'rd.distroinit=/bin/sh',
  'rd.auto',
  'rd.luks.uuid=luks-0',
  'luks.name=0=results',
  'systemd.condition-first-boot=yes',
  'systemd.condition_first_boot',
  'systemd.import_credentials=yes',
  'systemd.import-credentials',
  'rootovl',
  'rd.live.overlay.overlayfs',
  'rd.overlay=LABEL=host',
  'rd.overlay.crypt=/dev/vdb',
  '--crash-shell',
  '-- --unit=rescue.target',
])
  test(`${word} is refused: it opens a way around`, () => {
    const said = refused(`${goodCmdline} ${word}`, 'cmdline-forbidden')
    assert.ok(said.includes(word.replace('-- ', '').split('=')[0] ?? ''))
  })

test('quotes hide no word from us that a shell or systemd would find', () => {
  for (const hidden of [
    'x="a break=premount b"',
    '"x break=premount"',
    "'systemd.unit=rescue.target'",
    "system'd.unit'=rescue.target",
    'system"d.unit"=rescue.target',
    'x="a panic= b"',
    '-- x="a single"',
  ])
    refused(`${goodCmdline} ${hidden}`, 'cmdline-forbidden')
  for (const harmless of ['"quiet"', 'console="ttyS0"'])
    assert.equal(parseParams(`${goodCmdline} ${harmless}`), params)
})

test('hardened spellings of the same words are let through', () => {
  for (const word of [
    'rd.shell=0',
    'systemd.debug_shell=0',
    'systemd.crash_shell=no',
    'panic=-1',
    'systemd.swap=0',
    'systemd.import_credentials=no',
    'systemd.condition-first-boot=off',
  ])
    assert.equal(parseParams(`${goodCmdline} ${word}`), params)
})

test('a refusal shows control characters, never sends them', () => {
  assert.ok(refused(`${goodCmdline} cvmboot.\x1b[2J=1`, 'cmdline-unknown').includes('\\u{1b}'))
})

test('how to end is known even where the rest is not', () => {
  assert.is(onFailureOf('cvmboot.on-failure=reboot cvmboot.nonsense'), 'reboot')
  assert.is(onFailureOf('cvmboot.on_failure=poweroff'), 'poweroff')
  for (const text of ['', 'cvmboot.on-failure=x', 'cvmboot.on-failure=reboot cvmboot.on_failure=poweroff'])
    assert.is(onFailureOf(text), 'halt')
})

test('volumes to be provisioned are named once each, in any order', () => {
  const read = (value: string) => parseParams(`${goodCmdline} cvmboot.provision=${value}`).provision
  assert.equal(read('job-store'), ['job-store'])
  assert.equal(read('job-store,workspace'), ['workspace', 'job-store'])
  for (const value of ['', 'root-fs', 'workspace,', 'workspace,workspace', 'all']) {
    try {
      read(value)
      assert.unreachable(value)
    } catch (thrown) {
      assert.is((thrown as BootFault).fault?.code, 'cmdline-value', value)
    }
  }
})

test('every parameter says what it takes and what its absence means', () => {
  assert.is(parameters.length, 12)
  assert.ok(parameters.every((p) => p.takes !== '' && p.absent !== ''))
})

test.run()
