// The proofs of mounts: each line of mountinfo that differs from the demand, and the sentence about the difference.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Mount } from '../../../src/machine/mountinfo.ts'
import { storeDiffers } from '../../../src/proof/container-store.ts'
import { directoryDiffers } from '../../../src/proof/directory.ts'
import { layerDiffers, layerOptions } from '../../../src/proof/layer.ts'
import { machineIdDiffers } from '../../../src/proof/machine-id.ts'
import { knowsNoswap, tmpfsDiffers } from '../../../src/proof/tmpfs.ts'
import { volumeMountDiffers, volumeOptions } from '../../../src/proof/volume-mount.ts'
import { machineIdDigest } from '../../../src/system/machine-id.ts'

type Case = readonly [string, Partial<Mount> | undefined, string | undefined]

/** One test for each case: the mount of a good machine, changed, against a proof. */
const cases = (
  name: string,
  good: Mount,
  proof: (mount: Mount | undefined) => string | undefined,
  all: readonly Case[],
): void => {
  for (const [what, change, expected] of [
    ['the mount of the boot', {}, undefined] as Case,
    ['no mount', undefined, 'nothing of ours is, or something covers it'] as Case,
    ...all,
  ])
    test(`${name}: ${what}`, () =>
      assert.is(proof(change === undefined ? undefined : { ...good, ...change }), expected))
}

const without = (options: readonly string[], one: string) => options.filter((option) => option !== one)

const verified: Mount = {
  dev: '254:1',
  root: '/',
  target: '/mnt/x',
  options: ['ro', 'nosuid', 'nodev', 'relatime'],
  type: 'erofs',
  source: '/dev/dm-1',
  superOptions: ['ro'],
}
cases(
  'verified volume',
  verified,
  (mount) => volumeMountDiffers({ protection: 'verity', mount: '/mnt/x', dev: '254:1' }, mount, undefined),
  [
    ['squashfs', { type: 'squashfs' }, undefined],
    ['another device', { dev: '0:24', source: 'run' }, 'run is mounted there'],
    ['a part of the file system', { root: '/evil' }, 'only /evil of it is mounted there'],
    ['another type', { type: 'vfat' }, 'it is vfat'],
    ['a writable mount', { options: ['rw', 'nosuid', 'nodev'] }, 'it is not mounted ro'],
    ['a writable file system', { superOptions: ['rw'] }, 'it is not mounted ro'],
    ['setuid programs', { options: without(verified.options, 'nosuid') }, 'it is not mounted nosuid'],
    ['devices', { options: without(verified.options, 'nodev') }, 'it is not mounted nodev'],
  ],
)

const encrypted: Mount = {
  ...verified,
  options: ['rw', 'nosuid', 'nodev', 'relatime'],
  type: 'ext4',
  superOptions: ['rw'],
}
const stops = 'rw\nerrors=remount-ro\n'
cases(
  'encrypted volume',
  encrypted,
  (mount) => volumeMountDiffers({ protection: 'crypt', mount: '/mnt/x', dev: '254:1' }, mount, stops),
  [
    ['erofs', { type: 'erofs' }, 'it is erofs'],
    ['a read-only mount', { options: ['ro', 'nosuid', 'nodev'] }, 'it is not mounted rw'],
    [
      'a file system that has met an error',
      { superOptions: ['ro'] },
      'its file system takes no more writes, as after an error in it',
    ],
    [
      'the same as Linux 6.15 says it',
      { superOptions: ['rw', 'emergency_ro'] },
      'its file system takes no more writes, as after an error in it',
    ],
  ],
)

test('plain volume: no programs and no links, either; and ext4 has to stop at an error', () => {
  const plain: Mount = { ...encrypted, options: [...volumeOptions('none', '/mnt/x')] }
  const expected = { protection: 'none', mount: '/mnt/x', dev: '254:1' } as const
  assert.is(volumeMountDiffers(expected, plain, stops), undefined)
  for (const option of ['nosuid', 'nodev', 'noexec', 'nosymfollow'])
    assert.is(
      volumeMountDiffers(expected, { ...plain, options: without(plain.options, option) }, stops),
      `it is not mounted ${option}`,
    )
  for (const text of [undefined, '', 'errors=continue\n', 'xerrors=remount-ro\n'])
    assert.is(volumeMountDiffers(expected, plain, text), 'it is not mounted errors=remount-ro')
})

test('the root itself may have setuid programs and devices, no other volume may', () => {
  assert.equal(volumeOptions('verity', '/'), ['ro'])
  assert.equal(volumeOptions('verity', '/mnt/x'), ['ro', 'nosuid', 'nodev'])
})

const memory: Mount = {
  ...encrypted,
  dev: '0:30',
  type: 'tmpfs',
  source: 'tmpfs',
  superOptions: ['rw', 'size=1024k', 'nr_inodes=256', 'noswap'],
}
const inodes = (mount: Mount) => tmpfsDiffers(1024n * 1024n, '6.12.1', mount)
const [, files = ''] =
  /not (\d+)$/.exec(inodes({ ...memory, superOptions: ['rw', 'size=1024k'] }) ?? '') ?? []
const limited: Mount = { ...memory, superOptions: ['rw', 'size=1024k', `nr_inodes=${files}`, 'noswap'] }
cases('tmpfs', limited, (mount) => tmpfsDiffers(1024n * 1024n, '6.12.1', mount), [
  ['another type', { type: 'ramfs' }, 'it is ramfs'],
  [
    'a larger limit',
    { superOptions: ['rw', 'size=2048k', `nr_inodes=${files}`, 'noswap'] },
    'its limit is 2097152, not 1048576',
  ],
  ['no limit', { superOptions: ['rw', 'noswap'] }, 'its limit is none, not 1048576'],
  [
    'more files',
    { superOptions: ['rw', 'size=1024k', 'nr_inodes=1048576', 'noswap'] },
    `its limit of files is 1048576, not ${files}`,
  ],
  ['setuid programs', { options: ['rw', 'nodev'] }, 'it is not mounted nosuid'],
  ['devices', { options: ['rw', 'nosuid'] }, 'it is not mounted nodev'],
  [
    'files that may go to swap',
    { superOptions: ['rw', 'size=1024k', `nr_inodes=${files}`] },
    'it is not mounted noswap',
  ],
])

test('tmpfs: a kernel before 6.4 knows no noswap', () => {
  assert.equal(['6.1.0', '6.3.9', '6.4.0'].map(knowsNoswap), [false, false, true])
  const superOptions = ['rw', 'size=1024k', `nr_inodes=${files}`]
  assert.is(tmpfsDiffers(1024n * 1024n, '6.1.0', { ...limited, superOptions }), undefined)
})

const layered: Mount = {
  ...encrypted,
  type: 'overlay',
  source: 'overlay',
  superOptions: [
    'rw',
    'lowerdir=/sysroot/mnt/c/etc:/sysroot/etc',
    'upperdir=/run/o/etc/upper',
    'workdir=/run/o/etc/work',
  ],
}
const others = 'it is an overlay of other directories'
cases(
  'layer',
  layered,
  (mount) => layerDiffers({ path: '/etc', directories: ['/mnt/c/etc'], upper: '/run/o/etc' }, mount),
  [
    ['another type', { type: 'tmpfs' }, 'it is tmpfs'],
    ['another directory on top', { superOptions: ['lowerdir=/evil:/sysroot/etc'] }, others],
    ['no directory on top', { superOptions: ['lowerdir=/sysroot/etc', 'upperdir=/run/o/etc/upper'] }, others],
    [
      'written elsewhere',
      { superOptions: ['lowerdir=/sysroot/mnt/c/etc:/sysroot/etc', 'upperdir=/mnt/disk'] },
      others,
    ],
    ['setuid programs', { options: ['rw', 'nodev'] }, 'it is not mounted nosuid'],
    ['devices', { options: ['rw', 'nosuid'] }, 'it is not mounted nodev'],
  ],
)

test('layer: one that nothing is written to is read-only, and has no upper directory', () => {
  const layer = { path: '/etc', directories: ['/mnt/c/etc'], upper: undefined }
  assert.equal(layerOptions(layer), ['ro', 'nosuid', 'nodev'])
  const lower = 'lowerdir=/sysroot/mnt/c/etc:/sysroot/etc'
  const good = { ...layered, options: ['ro', 'nosuid', 'nodev'], superOptions: ['ro', lower] }
  assert.is(layerDiffers(layer, good), undefined)
  assert.is(layerDiffers(layer, layered), others)
  assert.is(layerDiffers(layer, { ...good, superOptions: ['rw', lower] }), 'it is not mounted ro')
})

cases(
  'directory of workspace',
  { ...encrypted, root: '/.cvmboot-directories/srv=data' },
  (mount) => directoryDiffers('/srv/data', '254:1', mount),
  [
    ['another device', { dev: '0:24', source: 'run' }, 'run is mounted there'],
    ['another directory', { root: '/evil' }, '/evil of workspace is mounted there'],
    ['a read-only mount', { options: ['ro', 'nosuid', 'nodev'] }, 'it is not mounted rw'],
    ['setuid programs', { options: ['rw', 'nodev'] }, 'it is not mounted nosuid'],
    ['devices', { options: ['rw', 'nosuid'] }, 'it is not mounted nodev'],
  ],
)

cases(
  'directory for containers',
  { ...memory, root: '/stores/var/lib/containers' },
  (mount) => storeDiffers('/var/lib/containers', mount),
  [
    ['another directory', { root: '/other' }, '/other of tmpfs is mounted there'],
    [
      'a disk',
      { type: 'ext4', source: '/dev/sdb' },
      '/stores/var/lib/containers of /dev/sdb is mounted there',
    ],
    ['setuid programs', { options: ['rw', 'nodev'] }, 'it is not mounted nosuid'],
    ['devices', { options: ['rw', 'nosuid'] }, 'it is not mounted nodev'],
  ],
)

test('machine ID: the mount, its options, and the file, each where the boot put it', () => {
  const text = `${'ab'.repeat(16)}\n`
  const digest = machineIdDigest(text)
  const file: Mount = {
    ...memory,
    root: '/cvmboot/machine-id',
    source: 'run',
    options: ['ro', 'nosuid', 'nodev', 'noexec'],
  }
  const mounted = { place: 'mounted', digest } as const
  const layer = { place: 'layer', digest } as const
  assert.is(machineIdDiffers(mounted, file, text), undefined)
  assert.is(machineIdDiffers(layer, undefined, text), undefined)
  assert.is(machineIdDiffers(mounted, undefined, text), 'nothing of ours is mounted there')
  assert.is(machineIdDiffers(layer, file, text), 'tmpfs (run) is mounted there')
  assert.is(machineIdDiffers(mounted, { ...file, root: '/evil' }, text), '/evil of run is mounted there')
  for (const option of file.options)
    assert.is(
      machineIdDiffers(mounted, { ...file, options: without(file.options, option) }, text),
      `it is not mounted ${option}`,
    )
  for (const other of ['\n', undefined])
    assert.is(machineIdDiffers(layer, undefined, other), 'it has another ID than the boot gave')
  assert.is(
    machineIdDiffers({ ...mounted, digest: undefined }, file, text),
    'it has another ID than the boot gave',
  )
})

test.run()
