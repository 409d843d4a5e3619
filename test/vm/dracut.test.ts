// Whole boots by dracut, with systemd as its init and with its own, in each release: what they promise, asked from
// inside a real Debian. The initramfs and the command line also name our volumes to everyone else who opens some. With
// words as arguments, only the kinds that have one of them in their name.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { run } from '../../src/machine/exec.ts'
import { suite } from '../with/suite.ts'
import { withMore } from './archives.ts'
import { partitionOf } from './disk.ts'
import { dracutInitramfs, dracutWithoutMke2fs, type Flavour } from './dracut.ts'
import { readReport } from './guest-report.ts'
import type { Suite } from './kernel.ts'
import { inLanes } from './matrix/lanes.ts'
import { rootHashOf } from './matrix/row.ts'
import type { Boot } from './qemu.ts'
import { power, trees, world } from './world.ts'

/** A boot loader names a root as well, which may be gone, or be the partition that has to be verified first. */
type Kind = readonly [suite: Suite, flavour: Flavour, root: string]
const all: readonly Kind[] = [
  ['bookworm', 'systemd', 'UUID of root-fs'],
  ['trixie', 'systemd', '/dev/mapper/gone'],
  ['bookworm', 'shell', 'UUID=00000000-0000-4000-8000-000000000000'],
  ['trixie', 'shell', 'UUID of root-fs'],
]
const words = process.argv.slice(2)
const kinds = all.filter((kind) => words.length === 0 || words.some((word) => kind.join(' ').includes(word)))

const test = suite<{ boots: Map<Kind, Promise<Boot>> }>('whole boots by dracut')

/** All that systemd or dracut could open our partitions by; nothing of it may. */
const rivals = {
  'etc/crypttab': 'workspace PARTLABEL=workspace none luks,x-initrd.attach\n',
  'etc/veritytab': `root-fs PARTLABEL=root-fs PARTLABEL=root-fs-verity ${'0'.repeat(64)} x-initrd.attach\n`,
  'etc/fstab': 'PARTLABEL=job-store /sysroot/mnt/nvflare/job-store ext4 rw 0 0\n',
}

/** As in trees/root-fs: disks only. */
const trigger = 'etc/systemd/system/systemd-udev-trigger.service.d/disks.conf'

/** Of the file system in a partition. */
const uuidIn = async (disk: string, partition: string): Promise<string> => {
  const { start } = await partitionOf(disk, partition)
  const options = ['-p', '-o', 'value', '-s', 'UUID', '-O', `${start}`]
  return (await run('blkid', [...options, disk], { package: 'util-linux' })).trim()
}

const boot = async ([suite, flavour, root]: Kind): Promise<Boot> => {
  const from = await world(suite)
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-dracut-'))
  try {
    const initramfs = join(scratch, 'initramfs')
    const disksOnly = await readFile(join(trees, 'root-fs', trigger), 'utf8')
    await withMore(await dracutInitramfs(suite, flavour), { ...rivals, [trigger]: disksOnly }, initramfs)
    const named = root === 'UUID of root-fs' ? `UUID=${await uuidIn(from.disk, 'root-fs')}` : root
    const others = `root=${named} rootfstype=xfs ro roothash=${rootHashOf(from.cmdline)}`
    const cmdline = `${from.cmdline} ${others} cvm-report.units`
    return await power(from, { initramfs, cmdline, memoryMiB: 768, timeoutSeconds: 420 })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

test.before(async (context) => {
  for (const [suite, flavour] of kinds) await dracutInitramfs(suite, flavour)
  context.boots = inLanes(kinds, boot)
})

for (const kind of kinds) {
  const [suite, flavour] = kind
  test(`${suite}, ${flavour}: a real Debian is up on verified volumes`, async ({ boots }) => {
    const { console, ended, seconds } = (await boots.get(kind)) as Boot
    process.stdout.write(`  ${suite} ${flavour}: ${ended} after ${seconds.toFixed(0)} s\n`)
    const { facts, state } = readReport(console)
    const fact = (key: string) => facts.get(key) ?? `(no fact ${key})`
    assert.is(ended, 'off')
    assert.match(fact('system'), suite === 'bookworm' ? /^Debian GNU\/Linux 12/ : /^Debian GNU\/Linux 13/)
    for (const [volume, at] of [
      ['root-fs', '/'],
      ['oem-launcher', '/mnt/nvflare/oem-launcher'],
      ['os-config', '/mnt/nvflare/os-config'],
    ] as const) {
      assert.match(fact(`mount ${at}`), new RegExp(`^erofs ${fact(`device ${volume}`)} ro,`))
      assert.match(fact(`status ${volume}`), / verity V( -)?$/)
      assert.is(fact(`write ${at}`), 'Read-only file system')
    }
    assert.match(
      fact('mount /mnt/nvflare/workspace'),
      new RegExp(`^ext4 ${fact('device workspace')} rw,nosuid,nodev,`),
    )
    assert.match(fact('table workspace'), / crypt aes-xts-plain64 :64:logon:cvmboot:workspace /)
    assert.is(fact('read back workspace'), 'same')
    assert.is(fact('read back job-store'), 'same')
    assert.match(fact('mount /tmp'), /^tmpfs \S+ rw,nosuid,nodev,.*\bsize=131072k\b/)
    for (const path of ['/etc', '/var', '/tmp']) assert.is(fact(`write ${path}`), 'done')
    assert.match(fact('launcher'), new RegExp(`\\(${fact('device oem-launcher')}\\) for hospital-1`))
    assert.is(fact('swaps'), '0')
    assert.is(state.edition, 'cvmboot-mock')
  })

  test(`${suite}, ${flavour}: nobody else opened or mounted anything of ours`, async ({ boots }) => {
    const { console } = (await boots.get(kind)) as Boot
    const { facts } = readReport(console)
    const mappings = [...facts.keys()].filter((key) => key.startsWith('device '))
    assert.equal(mappings.sort(), [
      'device oem-launcher',
      'device os-config',
      'device root-fs',
      'device workspace',
    ])
    assert.is(facts.get('failed units'), '')
  })

  test(`${suite}, ${flavour}: systemd has the mounts, and udev the devices`, async ({ boots }) => {
    const { facts } = readReport(((await boots.get(kind)) as Boot).console)
    for (const unit of ['-', 'mnt-nvflare-workspace', 'mnt-nvflare-job\\x2dstore', 'etc', 'var'])
      assert.is(facts.get(`unit ${unit}.mount`), 'loaded active mounted', unit)
    // trees/root-fs masks what it would mount itself.
    assert.is(facts.get('unit tmp.mount'), 'masked active mounted')
    // It knows them, and no rule of its looks into them.
    for (const [key, device] of facts)
      if (key.startsWith('device '))
        assert.match(facts.get(`udev ${device}`) ?? '', /DEVTYPE=disk .*DM_UDEV_DISABLE_OTHER_RULES_FLAG=1/)
  })
}

test('dracut makes no initramfs where something is missing', async () => {
  const said = await dracutWithoutMke2fs()
  assert.match(said, /tool-missing: cannot run mke2fs/)
  assert.match(said, /cvmboot is not whole in this initramfs: none is made/)
})

test.run()
