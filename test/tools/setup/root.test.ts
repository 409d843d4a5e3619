// The roots that `setup` refuses: a directory, a tar or a ready image.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FaultCode } from '../../../src/fault/index.ts'
import { tinyElf } from '../../with/elf.ts'
import { extract, faultFrom, place, scratch, setUp, tool } from '../../with/setup-rig.ts'

type Put = Readonly<
  Record<string, string | Buffer | { readonly link: string } | { readonly bare: string | Buffer }>
>

/** A program may be run; a `bare` file may not; a string that ends in / is a directory. */
const tree = (name: string, put: Put): string => {
  const root = join(scratch, 'roots', name)
  mkdirSync(root, { recursive: true })
  for (const [path, what] of Object.entries(put)) {
    const at = join(root, path)
    mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true })
    if (path.endsWith('/')) continue
    if (typeof what === 'string' || Buffer.isBuffer(what)) {
      writeFileSync(at, what)
      chmodSync(at, 0o755)
    } else if ('link' in what) symlinkSync(what.link, at)
    else writeFileSync(at, what.bare)
  }
  return root
}

// What an image needs besides an init: the file of the machine ID, and a directory for the layer over /var.
const id = { 'etc/machine-id': { bare: '' }, 'var/': { bare: '' } }
const sha = 'a'.repeat(64)
const loader = '/lib64/ld-linux-x86-64.so.2'

/** What is refused, with what the refusal says. */
const bad: readonly (readonly [string, Put, FaultCode, RegExp])[] = [
  ['empty', {}, 'root-empty', /nothing is in it/],
  [
    'oci',
    { 'oci-layout': { bare: '{}' }, 'index.json': { bare: '{}' }, 'blobs/sha256/': '' },
    'root-container',
    /OCI image layout.*unpack them into one tree/,
  ],
  ['oci-below', { 'image/oci-layout': { bare: '{}' }, 'image/blobs/sha256/': '' }, 'root-container', /OCI/],
  [
    'docker-save',
    { 'manifest.json': { bare: '[]' }, repositories: { bare: '{}' }, [`${sha}/layer.tar`]: { bare: '' } },
    'root-container',
    /docker save/,
  ],
  [
    'docker-old',
    { repositories: { bare: '{}' }, [`${sha}/layer.tar`]: { bare: '' } },
    'root-container',
    /old docker/,
  ],
  [
    'skopeo-dir',
    { 'manifest.json': { bare: '{}' }, version: { bare: '' }, [sha]: { bare: '' } },
    'root-container',
    /skopeo/,
  ],
  [
    'bundle',
    { 'config.json': { bare: '{}' }, 'rootfs/usr/': '', 'rootfs/etc/': '' },
    'root-below',
    /directory rootfs/,
  ],
  ['no-init', { 'bin/app': tinyElf() }, 'root-init-missing', /no \/sbin\/init; install an init/],
  [
    'dangling',
    { 'sbin/init': { link: '../lib/systemd/systemd' } },
    'root-init-link',
    /no \/lib\/systemd\/systemd/,
  ],
  [
    'dangling-absolute',
    { 'sbin/init': { link: '/bin/true' } },
    'root-init-link',
    /link to \/bin\/true: the root has no/,
  ],
  [
    'outside',
    { 'sbin/init': { link: '../../../../../../../../bin/true' } },
    'root-init-link',
    /the root has no \/bin\/true/,
  ],
  [
    'loop',
    { 'sbin/init': { link: 'other' }, 'sbin/other': { link: '/sbin/init' } },
    'root-init-link',
    /circle/,
  ],
  ['loop-above', { sbin: { link: 'sbin' } }, 'root-init-link', /circle/],
  ['not-executable', { 'sbin/init': { bare: tinyElf() } }, 'root-init-mode', /mode 0644/],
  ['directory', { 'sbin/init/x': 'x' }, 'root-init-format', /directory/],
  ['file-above', { sbin: 'x' }, 'root-init-missing', /no \/sbin\/init/],
  ['no-content', { 'sbin/init': '' }, 'root-init-format', /it is empty/],
  ['text', { 'sbin/init': 'exec /bin/sh\n' }, 'root-init-format', /neither an ELF program nor a script/],
  ['arm', { 'sbin/init': tinyElf({ machine: 183 }) }, 'root-init-format', /another CPU \(ARM64\)/],
  [
    'other-cpu',
    { 'sbin/init': tinyElf({ machine: 4711 }) },
    'root-init-format',
    /another CPU \(number 4711\)/,
  ],
  ['x86-32', { 'sbin/init': tinyElf({ machine: 3, bits: 1 }) }, 'root-init-format', /32-bit x86/],
  ['x32', { 'sbin/init': tinyElf({ bits: 1 }) }, 'root-init-format', /not for 64 bits/],
  ['library', { 'sbin/init': tinyElf({ type: 3, entry: 0n }) }, 'root-init-format', /library/],
  ['object', { 'sbin/init': tinyElf({ type: 1 }) }, 'root-init-format', /object file/],
  ['cut-off', { 'sbin/init': tinyElf().subarray(0, 50) }, 'root-init-format', /cut off/],
  [
    'no-loader',
    { 'sbin/init': tinyElf({ loader }) },
    'root-init-needs',
    /needs \/lib64\/ld-linux.*the root has no/,
  ],
  [
    'loader-of-arm',
    { 'sbin/init': tinyElf({ loader }), [loader]: tinyElf({ machine: 183 }) },
    'root-init-needs',
    /ARM64/,
  ],
  [
    'loader-dangles',
    { 'sbin/init': tinyElf({ loader }), [loader]: { link: '../lib/ld.so' } },
    'root-init-needs',
    /link to \.\.\/lib\/ld\.so/,
  ],
  [
    'loader-not-executable',
    { 'sbin/init': tinyElf({ loader }), [loader]: { bare: tinyElf() } },
    'root-init-needs',
    /ld-linux-x86-64\.so\.2 is not executable/,
  ],
  ['script', { 'sbin/init': '#! /bin/bash -e\n' }, 'root-init-needs', /needs \/bin\/bash: the root has no/],
  ['script-crlf', { 'sbin/init': '#!/bin/sh\r\n', 'bin/sh': tinyElf() }, 'root-init-format', /CR LF/],
  ['script-of-nothing', { 'sbin/init': '#!\n' }, 'root-init-format', /no interpreter/],
  ['script-of-itself', { 'sbin/init': '#!/sbin/init\n' }, 'root-init-needs', /script of a script/],
  [
    'script-loader',
    { 'sbin/init': '#!/bin/sh\n', 'bin/sh': tinyElf({ loader }) },
    'root-init-needs',
    /bin\/sh needs/,
  ],
  [
    'env',
    { 'sbin/init': '#!/usr/bin/env python3\n', 'usr/bin/env': tinyElf() },
    'root-init-needs',
    /needs python3/,
  ],
  [
    'id-link',
    { 'sbin/init': tinyElf(), 'etc/machine-id': { link: '/run/machine-id' } },
    'root-machine-id',
    /link to \/run/,
  ],
  ['id-directory', { 'sbin/init': tinyElf(), 'etc/machine-id/': '' }, 'root-machine-id', /it is no file/],
  ['etc-link', { 'sbin/init': tinyElf(), etc: { link: 'usr/etc' } }, 'root-machine-id', /\/etc is a link/],
]

const conf = join(scratch, 'root.conf')
writeFileSync(conf, 'ROOT_FS_SIZE=64M\nWORKSPACE_SIZE=40M\nJOBSTORE_SIZE=40M\n')

const refusal = async (root: string) => {
  const at = place()
  const to = join(at, 'deep', 'out')
  const refused = await faultFrom(() =>
    setUp({ disk: join(at, 'disks', 'd.img'), out: to, config: conf, 'root-fs': root }),
  )
  assert.equal(readdirSync(at), [], 'nothing is left behind')
  return refused
}

const makers = {
  erofs: (root: string, to: string) => tool('mkfs.erofs', '--quiet', to, root),
  squashfs: (root: string, to: string) => tool('mksquashfs', root, to, '-quiet', '-no-progress', '-noappend'),
  ext4: (root: string, to: string) => tool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', root, to, '8M'),
} as const

/** Each kind of image in its turn: all of them for each case would take a minute. */
const formats = ['erofs', 'squashfs', 'ext4'] as const
const formatOf = (turn: number) => formats[turn % formats.length] ?? 'erofs'

for (const [turn, [name, put, code, says]] of bad.entries()) {
  const root = tree(name, put)
  const format = formatOf(turn)
  test(`${name}: refused as a directory, as a tar, and in an image (${format})`, async () => {
    const packed: Record<string, string> = { directory: root, tar: `${root}.tar`, 'tar.gz': `${root}.tar.gz` }
    tool('tar', '-C', root, '-cf', `${root}.tar`, '.')
    if (turn % 5 === 1) tool('tar', '-C', root, '-czf', `${root}.tar.gz`, '.')
    else delete packed['tar.gz']
    packed[format] = `${root}.${format}`
    makers[format](root, `${root}.${format}`)
    for (const [how, path] of Object.entries(packed)) {
      const refused = await refusal(path)
      assert.is(refused.code, code, `${how}: ${refused.said}`)
      assert.match(refused.said, says, how)
    }
  })
}

/** What is taken. */
const good: readonly (readonly [string, Put])[] = [
  ['static', { 'sbin/init': tinyElf() }],
  ['static-pie', { 'sbin/init': tinyElf({ type: 3 }) }],
  ['loaded', { 'sbin/init': tinyElf({ loader, type: 3 }), [loader]: tinyElf({ type: 3 }) }],
  [
    'merged',
    {
      sbin: { link: 'usr/sbin' },
      'usr/sbin/init': { link: '/lib/systemd/systemd' },
      lib: { link: 'usr/lib' },
      'usr/lib/systemd/systemd': tinyElf(),
      'usr/lib/systemd/system/cvmboot.service': { bare: '' },
    },
  ],
  ['climbs', { 'sbin/init': { link: '../../../../bin/busybox' }, 'bin/busybox': tinyElf() }],
  [
    'long-link',
    { 'sbin/init': { link: `/${'deep/'.repeat(20)}init` }, [`${'deep/'.repeat(20)}init`]: tinyElf() },
  ],
  ['scripted', { 'sbin/init': '#! /bin/sh -e\n', 'bin/sh': { link: 'dash' }, 'bin/dash': tinyElf() }],
  ['by-env', { 'sbin/init': '#!/usr/bin/env -S sh -e\n', 'usr/bin/env': tinyElf(), 'bin/sh': tinyElf() }],
]

for (const [turn, [name, put]] of good.entries())
  test(`${name}: taken as a directory and in an image (${formatOf(turn)})`, async () => {
    const mounts = {
      'mnt/nvflare/oem-launcher/': '',
      'mnt/nvflare/os-config/': '',
      'mnt/nvflare/workspace/': '',
      'mnt/nvflare/job-store/': '',
    }
    const root = tree(name, {
      ...put,
      ...id,
      ...mounts,
      'tmp/': '',
      'proc/': '',
      'sys/': '',
      'dev/': '',
      'run/': '',
    })
    const image = `${root}.${formatOf(turn)}`
    makers[formatOf(turn)](root, image)
    for (const path of [root, image]) {
      const said = await setUp({ disk: join(place(), 'd'), config: conf, 'root-fs': path })
      assert.not.match(said, /root-fs: /, path)
    }
  })

test('INIT decides which program is looked at', async () => {
  const root = tree('other-init', { 'opt/run': tinyElf(), ...id })
  const other = join(scratch, 'other-init.conf')
  writeFileSync(other, `${readFileSync(conf, 'latin1')}INIT=/opt/run\n`)
  await setUp({ disk: join(place(), 'd'), config: other, 'root-fs': root })
  assert.match((await refusal(root)).said, /no \/sbin\/init/)
  writeFileSync(other, `${readFileSync(conf, 'latin1')}INIT=/mnt/nvflare/oem-launcher/run\n`)
  const said = await setUp({ disk: join(place(), 'd'), config: other, 'root-fs': root })
  assert.match(
    said,
    /nothing here can tell whether the kernel runs .*oem-launcher.* the boot mounts something else/,
  )
})

test('what a tool cannot read in an image is said, and not refused', async () => {
  const mounts = {
    'mnt/nvflare/oem-launcher/': '',
    'mnt/nvflare/os-config/': '',
    'mnt/nvflare/workspace/': '',
    'mnt/nvflare/job-store/': '',
  }
  const program = Buffer.concat([tinyElf(), Buffer.alloc(100_000)])
  const root = tree('compressed', {
    'sbin/init': program,
    ...id,
    ...mounts,
    'tmp/': '',
    'proc/': '',
    'sys/': '',
    'dev/': '',
    'run/': '',
  })
  tool('mkfs.erofs', '--quiet', '-zlz4hc', `${root}.erofs`, root)
  const said = await setUp({ disk: join(place(), 'd'), config: conf, 'root-fs': `${root}.erofs` })
  assert.match(
    said,
    /nothing here can tell whether the kernel runs \/sbin\/init: .*compressed.*; the boot halts/,
  )
})

test('a machine ID: made empty where it is missing, said where it is filled, refused in an image without one', async () => {
  const root = tree('no-id', { 'sbin/init': tinyElf() })
  tool('tar', '-C', root, '-cf', `${root}.tar`, '.')
  for (const [path, format] of [
    [root, 'erofs'],
    [`${root}.tar`, 'squashfs'],
    [`${root}.tar`, 'ext4'],
  ] as const) {
    const at = place()
    const said = await setUp({ disk: join(at, 'd'), config: conf, 'root-fs': path, format })
    assert.match(said, /^note: root-fs: it had no \/etc\/machine-id; an empty one is in its image$/m)
    assert.is(said.match(/had no \/etc\/machine-id/g)?.length, 1)
    const image = extract(join(at, 'd'), 'root-fs', join(at, 'image'))
    if (format === 'ext4')
      assert.match(
        tool('debugfs', '-R', 'stat /etc/machine-id', image),
        /regular +Mode: +0444.*\n.*\n.*Size: 0\n/,
      )
  }
  assert.not.ok(existsSync(join(root, 'etc')), 'the tree itself is not changed')
  for (const [format, make] of Object.entries(makers)) {
    make(root, `${root}.${format}`)
    const refused = await refusal(`${root}.${format}`)
    assert.is(refused.code, 'root-machine-id', refused.said)
    assert.match(refused.said, /there is no such file in this image; make \/etc\/machine-id an empty file/)
  }
  for (const [content, says] of [
    [
      `${'0123456789abcdef'.repeat(2)}\n`,
      /^note: root-fs: its \/etc\/machine-id holds an ID, the same for each VM/m,
    ],
    ['what\n', /holds something that is no ID/],
  ] as const) {
    const filled = tree(`id-${content.length}`, {
      'sbin/init': tinyElf(),
      'etc/machine-id': { bare: content },
    })
    assert.match(await setUp({ disk: join(place(), 'd'), config: conf, 'root-fs': filled }), says)
  }
  const first = tree('uninitialized', {
    'sbin/init': tinyElf(),
    'etc/machine-id': { bare: 'uninitialized\n' },
  })
  assert.not.match(await setUp({ disk: join(place(), 'd'), config: conf, 'root-fs': first }), /machine-id/)
  const other = join(scratch, 'machine-id.conf')
  writeFileSync(other, `${readFileSync(conf, 'latin1')}MACHINE_ID=keep\n`)
  const kept = tree('kept-id', { 'sbin/init': tinyElf(), 'etc/machine-id': { bare: `${'0'.repeat(31)}1\n` } })
  assert.match(
    await setUp({ disk: join(place(), 'd'), config: other, 'root-fs': kept }),
    /with MACHINE_ID=keep all VMs have this ID/,
  )
})

test('an image needs no file for the machine ID where the boot writes the ID into a layer over /etc', async () => {
  const places = 'oem-launcher os-config workspace job-store'.split(' ').map((name) => `mnt/nvflare/${name}`)
  const root = tree('etc-layer', {
    'sbin/init': tinyElf(),
    ...Object.fromEntries(
      [...places, 'etc', 'var', 'proc', 'sys', 'dev', 'run', 'tmp'].map((at) => [`${at}/`, '']),
    ),
  })
  const other = join(scratch, 'etc-layer.conf')
  writeFileSync(other, `${readFileSync(conf, 'latin1')}OVERLAYS="/etc /var"\n`)
  for (const [format, make] of Object.entries(makers)) {
    make(root, `${root}.${format}`)
    const said = await setUp({ disk: join(place(), 'd'), config: other, 'root-fs': `${root}.${format}` })
    assert.not.match(said, /machine-id/)
  }
})

test('what an ephemeral key loses at power-off is said, and only of those volumes', async () => {
  const root = tree('lost', { 'sbin/init': tinyElf(), ...id })
  const with_ = async (lines: string): Promise<string> => {
    const other = join(scratch, 'lost.conf')
    writeFileSync(other, `${readFileSync(conf, 'latin1')}${lines}`)
    return (
      (await setUp({ disk: join(place(), 'd'), config: other, 'root-fs': root }))
        .trimEnd()
        .split('\n')
        .at(-1) ?? ''
    )
  }
  assert.match(
    await with_(''),
    /^power-off: workspace and job-store have keys of one boot .*lost when the VM stops; WORKSPACE_KEY and JOBSTORE_KEY/,
  )
  assert.match(await with_('WORKSPACE_KEY=snp\n'), /^power-off: job-store has a key .*; JOBSTORE_KEY/)
  assert.match(await with_('JOBSTORE_ENCRYPTION=none\n'), /^power-off: workspace has a key/)
  assert.match(await with_('WORKSPACE_KEY=snp\nJOBSTORE_KEY=snp\n'), /^next: /)
})

test.run()
