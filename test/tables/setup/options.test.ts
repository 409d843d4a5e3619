// The options of `setup`, merged with the environment and partition.conf.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultParams, printParams } from '../../../src/cmdline/params.ts'
import { defaultConfig } from '../../../src/config/config.ts'
import { production } from '../../../src/editions/production.ts'
import { fixedSalt, type RootHash } from '../../../src/layout/verity.ts'
import { type CompleteSetup, completeOptions } from '../../../src/setup/options.ts'
import { printCmdline } from '../../../src/setup/outputs.ts'
import { askedOf, options } from '../../../src/verbs/setup.ts'
import { readValues } from '../../../src/verbs/table/read.ts'
import { parseParams } from '../../with/params.ts'
import { faultFrom, scratch } from '../../with/setup-rig.ts'

const readOptions = (args: readonly string[], environment: Record<string, string>): CompleteSetup =>
  completeOptions(
    askedOf(readValues('setup', args, { options, words: {} })),
    environment,
    production.providers,
  )
const three = ['--root-fs', '/a', '--oem-launcher', '/b', '--os-config', '/c']
const disk = ['--disk', '/d/disk.img']
const file = (name: string, text: string): string => {
  writeFileSync(join(scratch, name), text)
  return join(scratch, name)
}
const read = (args: readonly string[], environment: Record<string, string> = {}): CompleteSetup =>
  readOptions([...three, ...args], environment)
const usage = async (expected: RegExp, args: readonly string[], environment: Record<string, string> = {}) => {
  const { code, said } = await faultFrom(() => readOptions(args, environment))
  assert.is(code, 'usage')
  assert.match(said, expected)
}

test('three sources and a disk are enough', () => {
  const options = read(disk)
  assert.equal(options.sources, { 'root-fs': '/a', 'oem-launcher': '/b', 'os-config': '/c' })
  assert.equal(options.config, defaultConfig)
  assert.is(options.format, 'erofs')
  assert.is(options.sectorSize, undefined)
  assert.is(read([...disk, '--sector-size', '4096']).sectorSize, 4096)
  assert.is(options.existing, 'keep')
})

test('what cannot be understood is refused by name', async () => {
  await usage(/needs --root-fs/, disk)
  await usage(/needs --os-config/, [...three.slice(0, 4), ...disk])
  await usage(/needs --disk/, three)
  await usage(/--format takes erofs, squashfs or ext4, not xfs/, [...three, ...disk, '--format', 'xfs'])
  for (const size of ['520', '4k', '', '512 '])
    await usage(/--sector-size takes 512 or 4096, not /, [...three, ...disk, '--sector-size', size])
  await usage(/--frmat/, [...three, ...disk, '--frmat=ext4'])
  await usage(/extra/, [...three, ...disk, 'extra'])
  await usage(/--disk is given more than once/, [...three, ...disk, ...disk])
  await usage(/--out is empty/, [...three, ...disk, '--out', ''])
})

test('the disk is named by --disk, then NVFLARE_DEVICE, then DEVICE', () => {
  const config = ['--config', file('device.conf', 'DEVICE=/dev/config\n')]
  assert.is(read(config).disk, '/dev/config')
  assert.is(read(config, { NVFLARE_DEVICE: '/dev/env' }).disk, '/dev/env')
  assert.is(read([...config, ...disk], { NVFLARE_DEVICE: '/dev/env' }).disk, '/d/disk.img')
})

test('NVFLARE_ROOT is the ROOT_MOUNT, over that of the file and under its *_MOUNT', () => {
  const config = file('root.conf', 'ROOT_MOUNT=/old # was\nWORKSPACE_MOUNT=/ws\n')
  const { mount } = read([...disk, '--config', config], { NVFLARE_ROOT: '/srv/nv' }).config
  assert.is(mount['os-config'], '/srv/nv/os-config')
  assert.is(mount['workspace'], '/ws')
})

test('ENCRYPT_JOBS decides the job-store over the file', () => {
  const config = ['--config', file('jobs.conf', 'JOBSTORE_ENCRYPTION=none\n')]
  assert.is(read([...disk, ...config]).config.jobStore, 'none')
  assert.is(read([...disk, ...config], { ENCRYPT_JOBS: 'true' }).config.jobStore, 'crypt')
  assert.is(read(disk, { ENCRYPT_JOBS: 'false' }).config.jobStore, 'none')
})

test('what does not go with ENCRYPT_JOBS is refused: no boot would take the partition.conf that it gives', async () => {
  const environment = { ENCRYPT_JOBS: 'false' }
  for (const line of ['JOB_STORE_ENCRYPTION=required\nJOBSTORE_KEY=snp', 'JOBSTORE_INTEGRITY=hmac-sha256']) {
    const config = ['--config', file('kept.conf', `${line}\n`)]
    assert.is(read([...disk, ...config]).config.jobStore, 'crypt')
    const { code, said } = await faultFrom(() => read([...disk, ...config], environment))
    assert.is(code, 'config-value')
    assert.match(said, `kept.conf:${line.split('\n').length}: JOBSTORE_`)
  }
})

test('anything else in the environment is refused', async () => {
  const args = [...three, ...disk]
  await usage(/ENCRYPT_JOBS takes true or false, not yes/, args, { ENCRYPT_JOBS: 'yes' })
  await usage(/ENCRYPT_JOBS/, args, { ENCRYPT_JOBS: '' })
  await usage(/NVFLARE_ROOT takes an absolute path/, args, { NVFLARE_ROOT: '/a\nINIT=/bin/sh' })
  await usage(/NVFLARE_DEVICE takes an absolute path/, three, { NVFLARE_DEVICE: 'sda' })
  await usage(/SOURCE_DATE_EPOCH/, args, { SOURCE_DATE_EPOCH: '1e9' })
  const { code } = await faultFrom(() => read(disk, { NVFLARE_ROOT: '/proc/x' }))
  assert.is(code, 'config-value')
})

test('a configuration that is absent or wrong is refused', async () => {
  const missing = await faultFrom(() => read([...disk, '--config', join(scratch, 'none')]))
  assert.is(missing.code, 'config-missing')
  const wrong = await faultFrom(() => read([...disk, '--config', file('bad.conf', 'ROOT_FS_SIZE=big\n')]))
  assert.is(wrong.code, 'config-value')
})

test('partition.conf of the current directory is read when none is named', () => {
  const before = process.cwd()
  mkdirSync(join(scratch, 'here'))
  file('here/partition.conf', 'INIT=/opt/init\n')
  process.chdir(join(scratch, 'here'))
  try {
    assert.is(read(disk).config.init, '/opt/init')
    assert.is(read(disk).configFile, 'partition.conf')
  } finally {
    process.chdir(before)
  }
})

test('time stamps are SOURCE_DATE_EPOCH, otherwise a constant', () => {
  assert.is(read(disk, { SOURCE_DATE_EPOCH: '1700000000' }).time, 1700000000)
  assert.is(read(disk).time, read(disk).time)
})

test('words are appended that the boot takes, and no others', async () => {
  const params = {
    verity: {
      'root-fs': { rootHash: 'a'.repeat(64) as RootHash, blocks: 7n, salt: fixedSalt('root-fs') },
      'oem-launcher': { rootHash: 'b'.repeat(64) as RootHash, blocks: 7n, salt: fixedSalt('oem-launcher') },
      'os-config': { rootHash: 'c'.repeat(64) as RootHash, blocks: 7n, salt: fixedSalt('os-config') },
    },
    ...defaultParams,
  } as const
  const words = 'console=ttyS0 cvmboot.device-timeout=60'
  const { appended, config } = read([...disk, '--append', ` ${words} `])
  assert.equal(appended, { words, pivot: 'own' })
  assert.is(printCmdline(params, config, appended), `${printParams(params)} ${words}\n`)
  assert.is(printCmdline(params, config, read(disk).appended), `${printParams(params)}\n`)
  const hooked = read([...disk, '--append', 'root=UUID=1 ro', '--hook'])
  assert.equal(hooked.appended, { words: 'root=UUID=1 ro', pivot: 'framework' })
  const listed = file('listed.conf', 'CMDLINE_WORDS="nosmt"\n')
  assert.is(read([...disk, '--config', listed, '--append', 'nosmt']).appended.words, 'nosmt')
  for (const [append, code] of [
    ['nosmt', 'cmdline-forbidden'],
    ['root=UUID=1', 'cmdline-forbidden'],
    ['quiet -- x', 'cmdline-forbidden'],
    ['init_on_free=0', 'cmdline-forbidden'],
    ['NODE_OPTIONS=x', 'environment-hostile'],
    ['cvmboot.x', 'cmdline-unknown'],
    [`cvmboot.data-blocks.root-fs=1`, 'cmdline-duplicate'],
    ['cvmboot.provision=workspace', 'cmdline-value'],
    [`BOOT_IMAGE=${'x'.repeat(250)} `.repeat(8), 'cmdline-too-long'],
  ] as const)
    assert.is((await faultFrom(() => read([...disk, '--append', append]))).code, code, append)
  for (const none of ['', ' ']) await usage(/--append has no word/, [...three, ...disk, '--append', none])
  for (const [odd, says] of [
    ['quiet\nro', /the text after --append .*line 2, column 1: a second line/],
    ['x=é', /column 3: .*U\+00E9/],
    ['\t', /a tab/],
    ['quiet\u00a0ro', /column 6: a no-break space \(U\+00A0\); type a plain space/],
    ['quiet\u200b', /column 6: a zero-width space/],
    ['x=\u201cy\u201d', /a typographic quotation mark/],
  ] as const) {
    const { code, said } = await faultFrom(() => read([...disk, '--append', odd]))
    assert.is(code, 'cmdline-text')
    assert.match(said, says)
  }
  await usage(/--hook goes with --append/, [...three, ...disk, '--hook'])
})

test('a command line the kernel would cut is refused', async () => {
  const verity = (digit: string) => ({
    rootHash: digit.repeat(64) as RootHash,
    blocks: 1n << 42n,
    salt: digit.repeat(512) as ReturnType<typeof fixedSalt>,
  })
  const params = {
    verity: { 'root-fs': verity('a'), 'oem-launcher': verity('b'), 'os-config': verity('c') },
    ...defaultParams,
  } as const
  const { code, said } = await faultFrom(() =>
    printCmdline(params, defaultConfig, { words: '', pivot: 'own' }),
  )
  assert.is(code, 'cmdline-too-long')
  assert.match(said, /of 2[0-9]{3} bytes/)
  const short = {
    ...params,
    verity: { ...params.verity, 'root-fs': { ...verity('a'), salt: fixedSalt('root-fs') } },
  }
  assert.equal(
    parseParams(printCmdline(short, defaultConfig, { words: '', pivot: 'own' }).trim()),
    parseParams(printParams(short)),
  )
})

test.run()
