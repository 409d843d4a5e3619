// Reading the words of a command by the table of its verb.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { production } from '../../../src/editions/production.ts'
import { faultOf, say } from '../../../src/fault/index.ts'
import { runVerb } from '../../../src/verbs/index.ts'
import { readValues } from '../../../src/verbs/table/read.ts'
import { goodCmdline } from '../../fake/machine.ts'

const place = mkdtempSync(join(tmpdir(), 'cvmboot-verbs-'))
test.after(() => rmSync(place, { recursive: true }))

/** What the refusal says. */
const refusal = async (act: () => unknown): Promise<string> => {
  try {
    await act()
    return 'nothing was refused'
  } catch (thrown) {
    return say(faultOf(thrown)).replace(/; see cvmboot --help$/, '')
  }
}

const rows = {
  options: {
    disk: { kind: 'file', value: 'FILE|DEVICE', need: 'required', help: '' },
    out: { kind: 'directory', value: 'DIR', need: { otherwise: 'here' }, help: '' },
    format: { kind: 'choice', words: ['erofs', 'ext4'], need: { default: 'erofs' }, help: '' },
    size: { kind: 'choice', words: ['512', '4096'], need: 'optional', help: '' },
    also: { kind: 'file', value: 'PATH', need: 'many', help: '' },
    append: { kind: 'text', value: 'TEXT', need: 'optional', help: '' },
    hook: { kind: 'flag', help: '', with: 'append' },
    force: { kind: 'flag', help: '' },
  },
  words: {
    first: { kind: 'file', value: 'FILE', need: 'required', help: '' },
    second: { kind: 'file', value: 'OTHER', need: 'optional', help: '' },
  },
} as const

const read = (...args: readonly string[]) => readValues('try', args, rows)

test('each row has its value, and the types say which', () => {
  const given = read('--disk', 'd', 'a')
  // Types that follow from the rows: a line that does not fit would not compile.
  const disk: string = given.disk
  const out: string | undefined = given.out
  const format: 'erofs' | 'ext4' = given.format
  const size: '512' | '4096' | undefined = given.size
  const also: readonly string[] = given.also
  const force: boolean = given.force
  const first: string = given.first
  const second: string | undefined = given.second
  assert.equal(
    [disk, out, format, size, also, force, first, second],
    [...['d', undefined, 'erofs', undefined, [], false, 'a', undefined]],
  )
})

test('options stand in any order, with = or a word behind them, and words between them', () => {
  const given = read('a', '--out=o', '--also', 'x', '--force', 'b', '--also=y', '--size', '4096', '--disk=d')
  assert.equal(given, {
    disk: 'd',
    out: 'o',
    format: 'erofs',
    size: '4096',
    also: ['x', 'y'],
    append: undefined,
    hook: false,
    force: true,
    first: 'a',
    second: 'b',
  })
  assert.is(read('--disk', 'd', '--', '--force').first, '--force')
  assert.is(read('--disk', '-', '-').first, '-')
  assert.is(read('--disk', 'd', 'a', '--append', '').append, '')
  assert.is(read('--disk', 'd', 'a', '--append=--hook').append, '--hook')
})

const good = ['--disk', 'd', 'a']
for (const [args, says] of [
  [[...good, '--frmat', 'x'], 'try has no option --frmat; did you mean --format?'],
  [[...good, '--frmat=x'], 'try has no option --frmat; did you mean --format?'],
  [[...good, '--constructor'], 'try has no option --constructor'],
  [[...good, '-f'], 'try has no option -f'],
  [[...good, '-disk'], 'try has no option -d'],
  [[...good, '--format', 'erof'], '--format takes erofs or ext4, not erof; did you mean erofs?'],
  [[...good, '--format='], '--format takes erofs or ext4, not nothing'],
  [[...good, '--force=yes'], '--force takes no value'],
  [[...good, '--force', '--force'], '--force is given more than once'],
  [[...good, '--disk', 'e'], '--disk is given more than once'],
  [[...good, '--out'], '--out needs a value: --out DIR'],
  [[...good, '--out', '--force'], '--out needs a value; if --force is meant, write --out=--force'],
  [[...good, '--out='], '--out is empty'],
  [[...good, '--out', ''], '--out is empty'],
  [[...good, '--hook'], '--hook goes with --append'],
  [['a'], 'try needs --disk FILE|DEVICE'],
  [['--disk', 'd'], 'try needs FILE'],
  [['--disk', 'd', ''], 'FILE is empty'],
  [[...good, 'b', 'c'], 'try takes no further word: c'],
] as const)
  test(`${args.join(' ')}: ${says}`, async () => {
    assert.is(await refusal(() => read(...args)), `usage: cannot understand the command: ${says}`)
  })

for (const [args, says] of [
  ['pack --into T --modules M --output F', /--output does not go with --into$/],
  ['pack --modules M --output F --also P', /--also goes with --into$/],
  ['pack --modules M --output F --kernel K', /--kernel goes with --uki$/],
  ['pack --uki --into T', /pack --uki needs --kernel FILE$/],
  ['pack --uki --kernel K --cmdline x --into T --output F', /needs either --output FILE or --into DISK$/],
  ['pack --uki --outptu F', /pack --uki has no option --outptu; did you mean --output\?$/],
  ['pack --modules M', /pack needs --output FILE$/],
  ['pack --uki --cmdline x --output F', /pack --uki needs --kernel FILE$/],
  ['status now', /status takes options only, not now$/],
  ['inspect', /inspect needs FILE\|DEVICE$/],
  ['owner open disk', /owner open needs --identity FILE$/],
  ['owner open disk --identity f --volume root-fs', /--volume takes job-store or workspace, not root-fs$/],
  ['boot --check-cmdline', /--check-cmdline goes with --hook$/],
  ['boot --hok', /boot has no option --hok; did you mean --hook\?$/],
  ['boot --', /boot takes its options as they are, and no --$/],
] as const)
  test(`${args} is refused`, async () => {
    const said = await refusal(() => runVerb(args.split(' '), production))
    assert.match(said, /^usage: /)
    assert.match(said, says)
  })

/** A file that a person has written. */
const confOf = (text: string): string => {
  const path = join(place, 'partition.conf')
  writeFileSync(path, text)
  return path
}

for (const [text, says] of [
  [
    'ROOT_FS_SIZ=1G',
    /there is no key ROOT_FS_SIZ; remove it or correct its spelling; did you mean ROOT_FS_SIZE\?$/,
  ],
  ['WORKSPACE_KYE=snp', /there is no key WORKSPACE_KYE; .*; did you mean WORKSPACE_KEY\?$/],
  ['JOB_STORE_SZIE=1G', /did you mean JOB_STORE_SIZE\?$/],
  ['CMDLINE_WORD=nosmt', /did you mean CMDLINE_WORDS\?$/],
  ['NO_SUCH_KEY=1', /there is no key NO_SUCH_KEY; remove it or correct its spelling$/],
] as const)
  test(`${text}: the refusal names the nearest key, in every verb that reads partition.conf`, async () => {
    const file = confOf(`${text}\n`)
    for (const args of [
      ['config', 'show', file],
      ['plan', '--cmdline', goodCmdline, '--config', file],
      ['check', '--config', file],
    ]) {
      const said = await refusal(() => runVerb(args, production))
      assert.match(said, /^config-unknown: /)
      assert.match(said, says)
    }
  })

test('a misspelt parameter of the kernel command line gets the nearest one as well', async () => {
  const line = goodCmdline.replace('cvmboot.roothash.os-config', 'cvmboot.roothsah.os-config')
  const said = await refusal(() => runVerb(['plan', '--cmdline', line], production))
  assert.match(said, /^cmdline-unknown: .*; did you mean cvmboot\.roothash\.os-config\?$/)
})

test.run()
