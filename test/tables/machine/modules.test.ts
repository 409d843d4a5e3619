// The index of a kernel's modules: dependencies, aliases, builtins.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import {
  findModule,
  type ModuleIndexText,
  modulesForAlias,
  nameOfPath,
  parseModuleIndex,
  printModuleIndex,
  resolveModules,
} from '../../../src/machine/modules.ts'

const text: ModuleIndexText = {
  dep: [
    'kernel/drivers/md/dm-verity.ko.xz: kernel/drivers/md/dm-bufio.ko.xz kernel/drivers/md/dm-mod.ko.xz',
    'kernel/drivers/md/dm-bufio.ko.xz: kernel/drivers/md/dm-mod.ko.xz',
    'kernel/drivers/md/dm-mod.ko.xz:',
    'kernel/crypto/xts.ko.xz:',
    'kernel/crypto/ecb.ko.xz:',
    'kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko',
    'kernel/fs/jbd2/jbd2.ko:',
    'kernel/crypto/crc32c_generic.ko.gz:',
    'kernel/arch/x86/crypto/crc32c-intel.ko.zst:',
    'kernel/a/one.ko:',
    'kernel/a/two.ko:',
    'kernel/a/last.ko:',
    'kernel/a/both.ko: kernel/a/ether.ko kernel/a/base.ko',
    'kernel/a/ether.ko:',
    'kernel/a/base.ko:',
    'kernel/a/needy.ko: kernel/a/gone.ko',
    'kernel/a/uses-builtin.ko: kernel/a/there.ko',
    '',
  ].join('\n'),
  softdep: [
    'softdep xts pre: ecb',
    'softdep ext4 pre: crypto-crc32c',
    'softdep one pre: two post: last',
    'softdep two pre: one',
    'softdep last pre: no-such-thing there',
    '',
  ].join('\n'),
  alias: [
    'alias crypto-crc32c crc32c_intel',
    'alias crypto-crc32c crc32c_generic',
    'alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci',
    'alias cpu:type:x86,ven*fam*mod*:feature:*0099* aesni_intel',
    'alias cpu:type:x86,ven*fam*mod*:feature:*0089* sha256_ssse3',
    'alias usb:v0[4-6]Xp? usb-thing',
    '',
  ].join('\n'),
  builtin: ['kernel/crypto/sha256_generic.ko', 'kernel/a/there.ko', ''].join('\n'),
}
const index = parseModuleIndex(text)
const load = (...names: string[]) => resolveModules(index, names).map(nameOfPath)

const fault = (act: () => unknown): unknown => {
  try {
    act()
  } catch (thrown) {
    return thrown instanceof BootFault ? thrown.fault : thrown
  }
  return undefined
}

test('an index survives printing and parsing', () => {
  assert.equal(parseModuleIndex(printModuleIndex(index)), index)
})

test('printing a parsed index gives the files of depmod back, with names in canonical spelling', () => {
  assert.equal(printModuleIndex(index), {
    ...text,
    // What has no line of its own has no path either.
    dep: text.dep.replace('kernel/a/gone.ko', 'gone').replace('kernel/a/there.ko', 'there'),
    softdep: text.softdep.replaceAll('crypto-', 'crypto_').replaceAll('no-such-thing', 'no_such_thing'),
    alias: text.alias.replaceAll('crypto-', 'crypto_').replaceAll('usb-thing', 'usb_thing'),
  })
})

for (const [path, name] of [
  ['kernel/drivers/md/dm-mod.ko', 'dm_mod'],
  ['kernel/drivers/md/dm-mod.ko.xz', 'dm_mod'],
  ['extra/a.b.ko.zst', 'a.b'],
  ['x.ko.gz', 'x'],
] as const)
  test(`${path} is module ${name}`, () => {
    assert.is(nameOfPath(path), name)
  })

for (const [names, order] of [
  [['dm_verity'], 'dm_mod dm_bufio dm_verity'],
  [['dm-verity'], 'dm_mod dm_bufio dm_verity'],
  [['dm_mod', 'dm_verity', 'dm_mod'], 'dm_mod dm_bufio dm_verity'],
  [['xts'], 'ecb xts'],
  [['both'], 'base ether both'],
  [['ext4'], 'jbd2 crc32c_intel crc32c_generic ext4'],
  [['one'], 'two one last'],
  [['two', 'one'], 'one last two'],
  [['sha256_generic'], ''],
  [['sha256|sha256_generic', 'xts|aes'], 'ecb xts'],
  [['uses_builtin'], 'uses_builtin'],
  [[], ''],
] as const)
  test(`${names.join(' and ') || 'nothing'} loads ${order || 'nothing'}`, () => {
    assert.is(load(...names).join(' '), order)
  })

test('a module the kernel does not have is a fault that names it', () => {
  assert.is((fault(() => load('nothere')) as { code: string }).code, 'module-missing')
  assert.is((fault(() => load('a|b')) as { module: string }).module, 'a|b')
})

test('a dependency that is missing is a fault, a soft one is not', () => {
  assert.is((fault(() => load('needy')) as { module: string }).module, 'gone')
  assert.equal(load('last'), ['last'])
})

test('of alternatives the first that the kernel has is found', () => {
  assert.is(findModule(index, 'sha256|sha256-generic|xts'), 'sha256_generic')
  assert.is(findModule(index, 'none|neither'), undefined)
})

for (const [modalias, modules] of [
  ['pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00', 'virtio_pci'],
  ['pci:v00001AF5d00001042sv00001AF4sd00001100bc01sc00i00', ''],
  ['cpu:type:x86,ven0002fam0019mod0001:feature:,0089,0099,', 'aesni_intel sha256_ssse3'],
  ['cpu:type:x86,ven0002fam0019mod0001:feature:,0089', 'sha256_ssse3'],
  ['cpu:type:x86,ven0002fam0019mod0001:feature:,008', ''],
  ['crypto-crc32c', 'crc32c_intel crc32c_generic'],
  ['crypto-crc32c-intel', ''],
  ['usb:v05Xp1', 'usb_thing'],
  ['usb:v07Xp1', ''],
  ['usb:v05Xp', ''],
  ['', ''],
] as const)
  test(`${modalias || 'an empty alias'} wants ${modules || 'no module'}`, () => {
    assert.is(modulesForAlias(index, modalias).join(' '), modules)
  })

for (const [pattern, matching, other] of [
  ['*', 'anything', undefined],
  ['a*b*c', 'aXbYbZc', 'aXbYbZ'],
  ['a*', 'a', 'b'],
  ['?', 'x', 'xx'],
  ['[!a-c]x', 'dx', 'bx'],
  ['[abc]', 'b', 'd'],
  ['a[', 'a[', 'a'],
  ['a-b', 'a_b', 'a+b'],
  ['[0-9A-F]*', 'Fx', 'gx'],
] as const)
  test(`pattern ${pattern} matches ${matching} and not ${other}`, () => {
    const one = parseModuleIndex({ dep: '', softdep: '', builtin: '', alias: `alias ${pattern} m\n` })
    assert.is(modulesForAlias(one, matching).join(), 'm')
    if (other !== undefined) assert.is(modulesForAlias(one, other).join(), '')
  })

test('lines of no known form are left out', () => {
  const odd = parseModuleIndex({
    dep: '# comment\nno colon\nkernel/a.ko:\n',
    softdep: 'softdep\nother a pre: b\nsoftdep a ignored\n',
    alias: 'alias one\nalias a b c\n',
    builtin: '',
  })
  assert.equal([...odd.dep.keys()], ['a'])
  assert.equal([...odd.soft], [['a', { pre: [], post: [] }]])
  assert.equal(odd.alias, [])
})

test.run()
