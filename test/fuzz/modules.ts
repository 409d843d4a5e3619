// The module index: four texts that name each other, in circles and chains if need be.

import {
  type ModuleIndexText,
  modulesForAlias,
  nameOfPath,
  parseModuleIndex,
  printModuleIndex,
  resolveModules,
} from '../../src/machine/modules.ts'
import { mutateText, type Random } from './random.ts'
import { need, orRefused, same, target } from './run.ts'

type Input = { readonly text: ModuleIndexText; readonly names: readonly string[] }

const text: ModuleIndexText = {
  dep: [
    'kernel/drivers/md/dm-verity.ko.xz: kernel/drivers/md/dm-bufio.ko.xz kernel/drivers/md/dm-mod.ko.xz',
    'kernel/drivers/md/dm-bufio.ko.xz: kernel/drivers/md/dm-mod.ko.xz',
    'kernel/drivers/md/dm-mod.ko.xz:',
    'kernel/crypto/xts.ko:',
    'kernel/crypto/ecb.ko.gz:',
    'kernel/fs/ext4/ext4.ko: kernel/a/there.ko',
    'kernel/arch/x86/crypto/crc32c-intel.ko.zst:',
    '',
  ].join('\n'),
  softdep: 'softdep xts pre: ecb\nsoftdep ext4 pre: crypto-crc32c\nsoftdep ecb pre: xts post: dm-mod\n',
  alias: 'alias crypto-crc32c crc32c_intel\nalias pci:v00001AF4d*sv*[0-9]i? dm-mod\nalias x[!a-c]*y xts\n',
  builtin: 'kernel/crypto/sha256_generic.ko\nkernel/a/there.ko\n',
}
const names = ['dm-verity', 'xts', 'ext4', 'sha256|sha256_generic']
const kinds = ['dep', 'softdep', 'alias', 'builtin'] as const
const tokens = [
  ...[
    'kernel/a/there.ko',
    'kernel/crypto/xts.ko:',
    'kernel/crypto/ecb.ko.gz',
    'a.ko.ko',
    'kernel/',
    '.ko',
    '/',
  ],
  ...['kernel/fs/ext4/ext4.ko: kernel/crypto/xts.ko', 'a.ko.xz.ko', 'pre:', 'post:', 'softdep', 'xts', 'ecb'],
  ...[
    'alias',
    'alias *a*a*a*b xts',
    '[',
    ']',
    '[!',
    '[a-z]',
    '*',
    '?',
    'dm-mod',
    'dm_mod',
    '#',
    'crypto-crc32c',
  ],
]

/** Each needs the next, hard or softly. */
const chain = (random: Random, length: number): ModuleIndexText => {
  const soft = random.once(2)
  const all = Array.from({ length }, (_, n) => n)
  return {
    dep: all.map((n) => (soft || n === length - 1 ? `m${n}.ko:\n` : `m${n}.ko: m${n + 1}.ko\n`)).join(''),
    softdep: soft
      ? all.map((n) => `softdep m${n} ${random.pick(['pre:', 'post:'])} m${n + 1}\n`).join('')
      : '',
    alias: '',
    builtin: '',
  }
}

const mutate = (random: Random, seed: Input): Input => {
  if (random.once(2000)) return { text: chain(random, random.pick([10, 500, 20_000])), names: ['m0'] }
  const changed = { ...seed.text }
  for (let n = 1 + random.int(3); n > 0; n--) {
    const kind = random.pick(kinds)
    changed[kind] = mutateText(random, changed[kind], tokens)
  }
  const wanted = random.once(2)
    ? seed.names
    : [mutateText(random, random.pick([...names, ...tokens]), tokens)]
  return { text: changed, names: wanted }
}

const check = (input: Input): boolean => {
  const index = parseModuleIndex(input.text)
  const printed = printModuleIndex(index)
  const again = parseModuleIndex(printed)
  same(again, index, 'printed, it reads differently')
  same(printModuleIndex(again), printed, 'it prints in another order')
  for (const name of input.names) modulesForAlias(index, name)
  const paths = orRefused(/^module-missing$/, () => resolveModules(index, input.names))
  if (paths === undefined) return false
  const at = new Map(paths.map((path, i) => [nameOfPath(path), i]))
  need(at.size === paths.length, 'a module is loaded twice')
  for (const path of paths)
    for (const one of index.dep.get(nameOfPath(path))?.needs ?? [])
      need(at.has(one) || index.builtin.has(one), `${path} is loaded and ${one} is not`)
  return true
}

export const modulesTarget = target<Input>({
  name: 'module index',
  cost: 2,
  seeds: [{ text, names }],
  mutate,
  check,
  show: (input) => JSON.stringify(input),
})
