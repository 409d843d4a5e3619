// One whole boot, and everything it promises, asked from inside the booted Debian.

import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { volumesOf } from '../../src/proof/state.ts'
import { suite } from '../with/suite.ts'
import { copyOf, findBytes, partitionOf } from './disk.ts'
import { type Report, readReport } from './guest-report.ts'
import { pack, payload, power, trees, world } from './world.ts'

type Booted = {
  report: Report
  console: string
  disk: string
  scratch: string
  fact: (key: string) => string
}

const test = suite<Booted>('a whole boot')

test.before(async (booted) => {
  const from = await world()
  booted.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-boot-'))
  booted.disk = await copyOf(from.disk, join(booted.scratch, 'disk.img'))
  // The init is a script that notes what it is handed; every other test boots /sbin/init itself.
  const config = join(booted.scratch, 'partition.conf')
  const own = await readFile(join(trees, 'partition.conf'), 'utf8')
  await writeFile(config, `${own}INIT=/usr/libexec/first-look\n`)
  const initramfs = join(booted.scratch, 'initramfs')
  await pack(from.guest, 'cvmboot-mock', config, initramfs)
  const hash = /cvmboot\.roothash\.oem-launcher=([0-9a-f]+)/.exec(from.cmdline)?.[1]
  const result = await power(from, {
    // As a user boots: no word and no kernel that is there to be quick.
    initramfs,
    kernel: from.guest.kernel,
    first: 'console=ttyS0 panic=-1',
    disks: [{ file: booted.disk, writes: 'keep' }],
    cmdline: `${from.cmdline} cvm-report.interoperate=${hash}`,
    credential: 'sysctl.extra=kernel.domainname=host',
  })
  booted.console = result.console
  booted.report = readReport(result.console)
  booted.fact = (key) => booted.report.facts.get(key) ?? `(no fact ${key})`
  assert.is(result.ended, 'off')
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

test('a real Debian is up, and the machine powered off in the end', ({ console, fact }) => {
  assert.match(fact('system'), /^Debian GNU\/Linux 13/)
  assert.match(fact('kernel'), /^6\.12\..*-cloud-amd64$/)
  assert.match(console, /reboot: Power down/)
})

test('systemd takes no credential that the host hands it', ({ fact }) => {
  assert.match(fact('credentials'), /No such file or directory/)
})

test('the mock build says what it is', ({ console }) => {
  assert.match(console, /cvmboot: MOCK BUILD: /)
})

test('every step is said once, in order, with its time', ({ console, report }) => {
  const said = [...console.matchAll(/cvmboot: \[ *(\d+)\/(\d+)\] .*: [0-9.]+ ms$/gm)]
  // All but the last: switch-root does not come back.
  assert.equal(
    said.map((m) => Number(m[1])),
    said.map((_, i) => i + 1),
  )
  assert.is(said.length, Number(said[0]?.[2]) - 1)
  assert.ok(report.state.steps.length >= said.length - 1)
})

for (const [volume, at] of [
  ['root-fs', '/'],
  ['oem-launcher', '/mnt/nvflare/oem-launcher'],
  ['os-config', '/mnt/nvflare/os-config'],
] as const) {
  test(`${volume} is mounted read-only from its verity mapping`, ({ fact }) => {
    assert.match(fact(`mount ${at}`), new RegExp(`^erofs ${fact(`device ${volume}`)} ro,`))
    assert.is(fact(`read-only ${volume}`), '1')
    assert.match(fact(`status ${volume}`), / verity V( -)?$/)
  })

  test(`${volume} has exactly the table its root hash asks for`, async ({ fact }) => {
    const { cmdline } = await world()
    const hash = new RegExp(`cvmboot\\.roothash\\.${volume}=([0-9a-f]+)`).exec(cmdline)?.[1]
    const blocks = Number(new RegExp(`cvmboot\\.data-blocks\\.${volume}=([0-9]+)`).exec(cmdline)?.[1])
    assert.match(
      fact(`table ${volume}`),
      new RegExp(
        `^0 ${blocks * 8} verity 1 \\S+ \\S+ 4096 4096 ${blocks} 1 sha256 ${hash} [0-9a-f]{64} 2 panic_on_corruption panic_on_error$`,
      ),
    )
  })

  test(`writing to ${volume} fails`, ({ fact }) => {
    assert.is(fact(`write ${at}`), 'Read-only file system')
  })
}

test('root-fs cannot be remounted writable', ({ fact }) => {
  assert.match(fact('remount /'), /write-protected/)
})

test('the launcher ran from its verified volume, and read all of it', ({ fact }) => {
  const sum = createHash('sha256').update(payload).digest('hex')
  assert.is(
    fact('launcher'),
    `ran from /mnt/nvflare/oem-launcher (${fact('device oem-launcher')}) for hospital-1, payload ${sum}`,
  )
})

test('os-config lies over /etc', ({ fact }) => {
  assert.is(fact('site'), 'site=hospital-1')
  assert.is(fact('hostname'), 'hospital-1')
  assert.match(fact('mount /etc'), /^overlay overlay rw,nosuid,nodev,/)
})

test('the workspace is encrypted, with its key in the kernel', ({ fact }) => {
  assert.match(
    fact('mount /mnt/nvflare/workspace'),
    new RegExp(`^ext4 ${fact('device workspace')} rw,nosuid,nodev,`),
  )
  assert.match(
    fact('table workspace'),
    /^0 524288 crypt aes-xts-plain64 :64:logon:cvmboot:workspace 0 \S+ 0 1 sector_size:4096$/,
  )
  assert.is(fact('read back workspace'), 'same')
})

test('the disk never sees the plain text of the workspace, and always that of an unencrypted job-store', async ({
  disk,
}) => {
  const written = 'cvm-report: plain text'
  assert.equal(await findBytes(disk, await partitionOf(disk, 'workspace'), written), [])
  assert.ok((await findBytes(disk, await partitionOf(disk, 'job-store'), written)).length > 0)
})

test('the disk has no header of the workspace: ciphertext from the first byte', async ({ disk }) => {
  const { start, bytes } = await partitionOf(disk, 'workspace')
  const image = await readFile(disk)
  const head = image.subarray(start, start + 4096)
  assert.not(head.toString('latin1').includes('LUKS'))
  const magic = image.readUInt16LE(start + 1024 + 56)
  assert.is.not(magic, 0xef53, 'an ext4 superblock is readable')
  assert.not(image.subarray(start, start + bytes).every((byte) => byte === 0))
})

test('an unencrypted job-store keeps what is written', ({ fact }) => {
  assert.match(
    fact('mount /mnt/nvflare/job-store'),
    /^ext4 \/dev\/vda\d+ rw,nosuid,nodev,noexec,(?:relatime,)?nosymfollow/,
  )
  assert.is(fact('read back job-store'), 'same')
})

test('/tmp is a small tmpfs that never goes to swap', ({ fact }) => {
  assert.match(fact('mount /tmp'), /^tmpfs \S+ rw,nosuid,nodev,.*\bsize=131072k\b/)
  assert.match(fact('mount /tmp'), /\bnoswap\b/)
  assert.match(fact('mount /tmp'), /\bnr_inodes=8192\b/)
  assert.is(fact('write /tmp'), 'done')
})

test('/etc and /var are writable, in memory', ({ fact }) => {
  for (const path of ['/etc', '/var']) {
    assert.match(fact(`mount ${path}`), /upperdir=\/run\/cvmboot\/overlay/)
    assert.is(fact(`write ${path}`), 'done')
  }
})

test('the kernel holds what it was told before the pivot, against root too where it can', ({ fact }) => {
  for (const [name, value] of [
    ['kernel/core_pattern', '|/bin/false'],
    ['fs/suid_dumpable', '0'],
    ['kernel/kexec_load_disabled', '1'],
    ['kernel/sysrq', '0'],
    ['kernel/unprivileged_bpf_disabled', '1'],
    ['kernel/yama/ptrace_scope', '2'],
    ['kernel/modules_disabled', '0'],
    ['lockdown', 'none [integrity] confidentiality'],
    ['hibernation', '[disabled]'],
  ] as const)
    assert.is(fact(`setting ${name}`), value, name)
  assert.is(fact('took back'), '(no fact took back)')
})

test('systemd is told of no swap target', ({ fact }) => {
  assert.is(fact('swap.target'), 'LoadState=masked')
})

test('there is no swap', ({ fact }) => {
  assert.is(fact('swaps'), '0')
})

test('the new init gets a clean environment, signal mask and nothing open but the console', ({
  fact,
  report,
}) => {
  assert.match(fact('pid1 environment'), /^(?:(?:HOME|TERM|PATH|PWD)=\S* ?)*$/)
  assert.is(fact('first SigBlk'), '0000000000000000')
  assert.is(fact('first SigIgn'), '0000000000000000')
  const files = [...report.facts].flatMap(([key, name]) => (key.startsWith('first fd') ? [name] : []))
  // The kernel opened the console from the initramfs, which is gone; the script is the one that looks.
  for (const name of files)
    assert.match(name, /^(?:\/dev\/console(?: \(deleted\))?|\/usr\/libexec\/first-look)$/)
  assert.is(files.length, 4)
})

test('the memory of the initramfs is free again', ({ fact }) => {
  const kiB = (key: string) => Number.parseInt(fact(`memory ${key}`), 10)
  // The executable alone has 112 MiB; systemd and its journal take about 100.
  assert.ok(
    kiB('MemTotal') - kiB('MemAvailable') < 180 * 1024,
    `${kiB('MemTotal') - kiB('MemAvailable')} KiB used`,
  )
  assert.ok(kiB('Unevictable') + kiB('Shmem') < 32 * 1024)
})

test('state.json tells the same as the kernel', ({ report, fact }) => {
  const { state } = report
  assert.is(state.edition, 'cvmboot-mock')
  assert.is(state.cvm, 'mock')
  assert.is(state.keyProvider, 'mock')
  assert.is(state.kernel, fact('kernel'))
  assert.match(state.node, /^v26\./)
  for (const { step, milliseconds } of state.steps) assert.ok(milliseconds >= 0, step)
  for (const { opened } of volumesOf(state))
    if ('table' in opened)
      assert.ok(fact(`table ${opened.volume}`).endsWith(` ${opened.table}`), opened.volume)
})

test('systemd-veritysetup opens what setup wrote', ({ fact }) => {
  assert.match(
    fact('systemd-veritysetup'),
    /^0 0 \d+ verity 1 \S+ \S+ 4096 4096 \d+ 1 sha256 [0-9a-f]{64} [0-9a-f]{64}/,
  )
})

test.run()
