// Which words of others a line may have. What no list names is refused, whoever reads it.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { builtInWords } from '../../../src/cmdline/builtin.ts'
import { forbidden, forbiddenNames } from '../../../src/cmdline/forbidden.ts'
import { parseListed, printListed, whyNotListed } from '../../../src/cmdline/listed.ts'
import { printRequired, requiredWords } from '../../../src/cmdline/required.ts'
import { parseConfig } from '../../../src/config/config.ts'
import { judgeCmdline } from '../../../src/config/verdict.ts'
import { type Fault, say } from '../../../src/fault/index.ts'
import type { Pivot } from '../../../src/system/pivot.ts'
import { goodCmdline } from '../../fake/machine.ts'
import { foreignWords } from './foreign.ts'

const judged = (words: string, config = '', pivot: Pivot = 'own'): Fault | undefined =>
  judgeCmdline(`${goodCmdline} ${words}`, parseConfig(config), pivot)

const taken = (words: string, config = '', pivot: Pivot = 'own'): void => {
  const fault = judged(words, config, pivot)
  assert.is(fault === undefined ? undefined : say(fault), undefined, `${words} ${config}`)
}

const refused = (words: string, code: Fault['code'], says = /./, config = '', pivot: Pivot = 'own'): void => {
  const fault = judged(words, config, pivot)
  assert.is(fault?.code, code, words)
  assert.match(fault === undefined ? '' : say(fault), says, words)
}

/** What is harmless by the built-in list, of all that are foreign. */
const harmless: Readonly<Record<Pivot, readonly string[]>> = {
  own: ['console=ttyS0', 'loglevel=7', 'panic=0', 'quiet'],
  framework: ['console=ttyS0', 'loglevel=7', 'panic=0', 'quiet', 'ro', 'rw'],
}

for (const pivot of ['own', 'framework'] as const)
  test(`${pivot}: of the foreign words those of the built-in list are taken, and no other`, () => {
    const found = foreignWords.filter((word) => judged(word, '', pivot) === undefined)
    assert.equal(found.sort(), harmless[pivot])
    for (const word of foreignWords.filter((one) => !found.includes(one)))
      assert.match(judged(word, '', pivot)?.code ?? '', /^(?:cmdline-forbidden|environment-hostile)$/, word)
  })

test('a name that no list has is refused in each form: bare, with nothing, with a value, with - for _', () => {
  const names = foreignWords.map((word) => word.split(/[= ]/)[0] ?? '')
  const known = new Set([...builtInWords, ...requiredWords].map(({ name }) => name))
  for (const name of names.filter((one) => !known.has(one)))
    for (const form of [
      name,
      `${name}=`,
      `${name}=1`,
      name.replaceAll('_', '-'),
      `"${name}=a b"`,
      `'${name}'`,
    ])
      assert.ok(judged(form) !== undefined, form)
})

test('each built-in word is taken with the values it says, and with no others', () => {
  const table: [string, readonly string[], readonly string[]][] = [
    [
      'console',
      ['=ttyS0', '=ttyS0,115200n8', '=tty0', '=hvc0', '=null', '='],
      ['', '=uart,mmio,0x1000', '=uart8250,io,0x3f8', '=ttyS0 x'],
    ],
    ['quiet', [''], ['=', '=1']],
    ['loglevel', ['=0', '=8'], ['', '=', '=9', '=07']],
    ['panic', ['=-1', '=0', '=30'], ['', '=', '=sh', '=0x1', '=-2', '=123456']],
    ['nohibernate', [''], ['=0']],
    ['BOOT_IMAGE', ['=/vmlinuz-6.12', '=(hd0,gpt2)/boot/vmlinuz'], ['', '=']],
    ['initrd', ['=initrd'], ['', '=', '=/evil.img', '=initrd.img', '=\\\\initrd']],
    ['rd.shell', ['=0'], ['', '=', '=1', '=no']],
    ['systemd.debug_shell', ['=0', '=no', '=false', '=off'], ['', '=', '=1', '=ttyS0']],
    ['systemd.crash_shell', ['=0', '=no', '=false', '=off'], ['', '=', '=1']],
    ['systemd.condition_first_boot', ['=0', '=no', '=false', '=off'], ['', '=', '=1']],
  ]
  const framework: typeof table = [
    ['boot', ['=cvmboot'], ['', '=', '=local', '=nfs']],
    [
      'root',
      ['=UUID=00000000-0000-4000-8000-000000000000', '=LABEL=root', '=/dev/mapper/vg-root'],
      [
        '',
        '=',
        '=/dev/vda1',
        '=PARTUUID=1',
        '=PARTLABEL=root-fs',
        '=254:1',
        '=/dev/nfs',
        '=virtiofs:x',
        '=LABEL=a/b',
      ],
    ],
    [
      'rootfstype',
      ['=auto', '=ext4', '=erofs', '=xfs'],
      ['', '=', '=virtiofs', '=9p', '=nfs', '=ext4,9p', '=tmpfs'],
    ],
    ['ro', [''], ['=', '=1']],
    ['rw', [''], ['=']],
  ]
  for (const [name, good, bad] of [...table, ...framework]) {
    for (const value of good) taken(name + value, '', 'framework')
    for (const value of bad) assert.ok(judged(name + value, '', 'framework') !== undefined, name + value)
  }
  for (const [name, good] of table) for (const value of good) taken(name + value)
  for (const [name, good] of framework)
    for (const value of good) refused(name + value, 'cmdline-forbidden', /no list allows it/)
  assert.equal(
    [...table, ...framework].map(([name]) => name).sort(),
    builtInWords.map(({ name }) => name).sort(),
  )
})

test('a word that protects the VM is required, in each of its spellings', () => {
  assert.is(requiredWords.length, 5)
  for (const one of requiredWords) {
    const word = printRequired(one)
    const without = goodCmdline
      .split(' ')
      .filter((other) => other !== word)
      .join(' ')
    const fault = judgeCmdline(without, parseConfig(''), 'own')
    assert.equal(fault, { code: 'cmdline-missing', parameter: word })
    for (const spelling of [word, word.replaceAll('_', '-'), `"${word}"`, `${one.name}="${one.value}"`])
      assert.is(judgeCmdline(`${without} ${spelling}`, parseConfig(''), 'own'), undefined, spelling)
    // Listed or not, and wherever it stands.
    const list = `CMDLINE_WORDS="foo foo=*"`
    for (const hidden of [`foo="a ${word}"`, `-- ${word}`, `foo=${word}`])
      assert.ok(judgeCmdline(`${without} ${hidden}`, parseConfig(list), 'own') !== undefined, hidden)
  }
})

test('and a later one with another effect is refused: the kernel takes the last', () => {
  const other: Readonly<Record<string, readonly string[]>> = {
    'systemd.import_credentials': ['=yes', '', '=1', '='],
    init_on_free: ['=0', '=off', '=n', '', '='],
    'random.trust_bootloader': ['=on', '=1', '=y', ''],
    'systemd.gpt_auto': ['=1', '=yes', ''],
    'systemd.swap': ['=1', '=yes', ''],
  }
  for (const { name, value } of requiredWords) {
    taken(`${name}=${value}`)
    for (const end of other[name] ?? []) {
      refused(name + end, 'cmdline-forbidden', new RegExp(`setup gives it as ${name}=${value}`))
      refused(name.replaceAll('_', '-') + end, 'cmdline-forbidden', /setup gives it/)
      assert.ok(judgeCmdline(`${name}${end} ${goodCmdline}`, parseConfig(''), 'own') !== undefined)
    }
    assert.ok(other[name] !== undefined, name)
  }
  // systemd reads the same names behind rd. in an initramfs.
  for (const name of ['systemd.import_credentials=1', 'systemd.gpt_auto=1', 'systemd.swap=1'])
    refused(`rd.${name}`, 'cmdline-forbidden', /; remove it$/)
})

test('partition.conf allows exactly the words that it lists', () => {
  const config = 'CMDLINE_WORDS="nosmt printk.devkmsg=on ip=* foo="'
  for (const word of [
    'nosmt',
    'printk.devkmsg=on',
    'printk-devkmsg=on',
    'ip=dhcp',
    'ip=',
    'foo=',
    'ip="a,b"',
  ])
    if (word !== 'printk-devkmsg=on') taken(word, config)
  for (const word of [
    'nosmt=',
    'nosmt=force',
    'printk.devkmsg',
    'printk.devkmsg=off',
    'ip',
    'foo',
    'foo=x',
    'ipx=1',
    'Nosmt',
  ])
    refused(word, 'cmdline-forbidden', /; remove it, or add \S+ to CMDLINE_WORDS in partition\.conf$/, config)
  taken('init-on-alloc=1', 'CMDLINE_WORDS=init_on_alloc=1')
})

test('the message names the line to add, and the line is then enough', () => {
  for (const word of foreignWords.flatMap((line) => (/[" ]/.test(line) ? [] : [line]))) {
    const fault = judged(word)
    if (fault === undefined) continue
    const [, line] = / or put (CMDLINE_WORDS=".*") into partition\.conf$/.exec(say(fault)) ?? []
    if (line === undefined) assert.match(say(fault), /; remove (?:it|\S+ there)$/, word)
    else taken(word, line)
  }
  refused(
    'nosmt',
    'cmdline-forbidden',
    /^cmdline-forbidden: cannot accept kernel parameter nosmt: no list allows it; remove it, or put CMDLINE_WORDS="nosmt" into partition\.conf$/,
  )
  refused('x=$(id)', 'cmdline-forbidden', /CMDLINE_WORDS="x=\*"/)
  refused('x=*', 'cmdline-forbidden', /CMDLINE_WORDS="x=\*"/)
  refused(`x=${'y'.repeat(300)}`, 'cmdline-forbidden', /CMDLINE_WORDS="x=\*"/)
  refused('a/b', 'cmdline-forbidden', /: no list allows it; remove it$/)
})

test('what can never be allowed cannot be listed either, bare, by value or with any', () => {
  const values = ['', '=1', '=yes', '=*']
  for (const pattern of forbiddenNames.filter((name) => !name.startsWith('-'))) {
    const name = pattern.startsWith('*') ? `dm_crypt${pattern.slice(1)}` : pattern.replace('*', 'x')
    for (const value of values) {
      const text = `CMDLINE_WORDS="nosmt ${name}${value}"`
      const harmlessHere = forbidden.some(
        ({ names, harmless: fine }) => names.includes(pattern) && fine?.test(value.slice(1)),
      )
      if (harmlessHere) continue
      try {
        parseConfig(text)
        assert.unreachable(text)
      } catch (thrown) {
        assert.match(
          (thrown as Error).message,
          /^config-value: .*partition\.conf:1: CMDLINE_WORDS=.*: expected a list without \S+: \w/,
          text,
        )
      }
    }
  }
  for (const name of [
    'cvmboot.x=1',
    'roothash=*',
    'NODE_OPTIONS=*',
    'LD_PRELOAD=/x',
    'init_on_free=0',
    'systemd.swap=*',
    'root=/dev/vda1',
    'rootfstype=9p',
  ])
    assert.throws(() => parseConfig(`CMDLINE_WORDS=${name}`), /config-value: .*expected a list without/, name)
})

test('the line that printed a volume key is refused, also by a configuration that wants it', () => {
  const fields = 'abcdefgh'
    .split('')
    .map((name, i) => `${name}=+${i * 8}(%si):x64`)
    .join(',')
  const probe = `kprobe_event=p:k,crypto_skcipher_setkey,n=%dx:u32,${fields}`
  refused(
    `${probe} tp_printk`,
    'cmdline-forbidden',
    /parameter kprobe_event: it prints what is in memory, keys too/,
  )
  for (const word of [
    'tp_printk',
    'tp_printk=1',
    'kprobe-event=x',
    `x="a ${probe}"`,
    `'${probe}'`,
    'trace_event=*:*',
    'dm_crypt.dyndbg=+p',
    'dm-crypt.dyndbg="+p"',
    'ftrace_dump_on_oops',
    'bootconfig',
  ])
    refused(word, 'cmdline-forbidden', /; remove it$/)
  for (const words of ['tp_printk', 'kprobe_event=*', 'kprobe_event=p:k,x'])
    assert.throws(
      () => parseConfig(`CMDLINE_WORDS="${words}"`),
      /expected a list without .*: it prints what is in memory/,
    )
})

test('a list has bounds, and each word once', () => {
  const words = (n: number) => Array.from({ length: n }, (_, i) => `w${i}`).join(' ')
  assert.is(parseListed(words(64))?.length, 64)
  assert.is(parseListed(words(65)), undefined)
  assert.is(parseListed(`x=${'y'.repeat(254)}`)?.length, 1)
  assert.equal(parseListed(''), [])
  for (const bad of [
    `x=${'y'.repeat(255)}`,
    'a a',
    'a_b a-b',
    'a=* b=**',
    '=',
    '=x',
    '-x',
    '--',
    'a b=*c',
    'é',
    'a/b',
    '*',
    'a*',
  ])
    assert.is(parseListed(bad), undefined, bad)
  const text = 'nosmt a.b=c d=* e='
  assert.is(parseListed(text)?.map(printListed).join(' '), text)
  assert.ok(parseListed('nosmt')?.every((word) => whyNotListed(word) === undefined))
  for (const bad of ['a a', words(65), 'a/b'])
    assert.throws(() => parseConfig(`CMDLINE_WORDS="${bad}"`), /config-value: .*expected at most 64 words/)
})

test('a word counts as any reader reads it', () => {
  const config = 'CMDLINE_WORDS="foo=* bar"'
  taken('foo=x bar', config)
  taken('foo="x bar"', config)
  for (const hidden of [
    'foo="x baz"',
    "foo='x baz'",
    'foo="x baz=1"',
    "'bar baz'",
    '"bar baz"',
    'foo=x"y baz"',
    'b\u00e4r',
    '""',
    '"',
    'bar"',
    "b'ar baz'",
  ])
    if (hidden !== 'bar"') refused(hidden, 'cmdline-forbidden', /./, config)
  // Of white space only these are the same to all of them.
  for (const space of [' ', '  ', '\t', '\n']) taken(`bar${space}quiet`, config)
  for (const space of ['\r', '\v', '\f', '\xa0'])
    refused(`bar${space}quiet`, 'cmdline-forbidden', /./, config)
  // A word of ours between the quotes of another is read by nobody.
  refused('foo="x cvmboot.on-failure=reboot"', 'cmdline-forbidden', /on-failure/, config)
  for (const after of ['--', '-- bar', '-- x', '"--" bar'])
    refused(after, 'cmdline-forbidden', /the words after -- are arguments of the new init/, config)
})

test('boot and configuration are judged together: the init, and volumes to be provisioned', () => {
  refused('cvmboot.provision=workspace', 'cmdline-value', /BLANK=halt/)
  taken('', 'INIT=/usr/lib/systemd/systemd')
  refused('', 'config-init', /./, 'INIT=/usr/lib/systemd/systemd', 'framework')
})

test.run()
