// The verb `check` on this machine and on recorded ones.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig, parseConfig } from '../../src/config/config.ts'
import { say } from '../../src/fault/index.ts'
import { lastingProviders } from '../../src/keys/providers.ts'
import { bytesOfVolumes, checkVm, type Preflight } from '../../src/runtime/preflight.ts'
import { checkBuild } from '../../src/runtime/preflight-build.ts'
import { type Finding, firstFault, printFindings, printFindingsJson } from '../../src/terminal/finding.ts'
import { plain, screenOf } from '../../src/terminal/screen.ts'
import { goodCmdline } from '../fake/machine.ts'
import { type Recorded, systemOf } from '../with/recorded-system.ts'

const release = '6.12.107+deb13-cloud-amd64'
const modules = `/lib/modules/${release}`
const dep = [
  ...['md/dm-mod', 'md/dm-verity', 'md/dm-crypt', 'crypto/aes_generic', 'crypto/xts', 'fs/erofs/erofs'],
  ...['fs/ext4/ext4', 'fs/overlayfs/overlay', 'crypto/sha256_generic'],
].map((path) => `kernel/${path}.ko.xz:\n`)

/** A confidential VM of 16 GiB with a disk of 200 GiB, where the boot of the defaults is fit. */
const fit: Recorded = {
  kernel: release,
  texts: {
    '/proc/cpuinfo': 'flags\t\t: fpu aes tdx_guest avx\n',
    // What Linux shows of 16 GiB.
    '/proc/meminfo': 'MemTotal:       16370000 kB\nMemFree:        15000000 kB\n',
    '/proc/keys': '1a2b I--Q---\n',
    '/proc/sys/kernel/yama/ptrace_scope': '1\n',
    '/proc/sys/kernel/io_uring_disabled': '0\n',
    '/sys/devices/system/cpu/vulnerabilities/spectre_v1': 'Mitigation: usercopy/swapgs barriers\n',
    '/sys/kernel/security/lockdown': '[none] integrity confidentiality\n',
    '/sys/power/disk': '[platform] shutdown reboot\n',
    '/proc/swaps': 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
    '/proc/self/mountinfo': '22 1 253:0 / / ro - erofs /dev/dm-0 ro\n',
    [`${modules}/modules.dep`]: dep.join(''),
    [`${modules}/modules.builtin`]: 'kernel/crypto/cryptomgr.ko\n',
  },
  directories: { '/sys/block': ['vda', 'dm-0', 'loop0', 'vdb'], '/sys/module': ['virtio_blk'] },
  bytes: { '/dev/vda': 200n << 30n, '/dev/vdb': 1n << 30n, '/dev/dm-0': 1n << 50n },
  tools: ['veritysetup', 'mke2fs', 'tar'],
}
const flight: Preflight = {
  config: defaultConfig,
  modules,
  disk: undefined,
  providers: lastingProviders,
}

const but = (texts: Record<string, string>): Recorded => ({ ...fit, texts: { ...fit.texts, ...texts } })
const bads = (findings: readonly Finding[]): string[] =>
  findings.flatMap((finding) => (finding.result === 'bad' ? [say(finding.fault)] : []))
const notes = (findings: readonly Finding[]): string[] =>
  findings.flatMap((finding) => (finding.result === 'note' ? [finding.says] : []))
const inVm = (recorded: Recorded, differently: Partial<Preflight> = {}) =>
  checkVm(systemOf(recorded), { ...flight, ...differently })

test('a confidential VM of 16 GB with 200 GB of disk is fit for the shipped configuration', () => {
  const found = inVm(fit)
  assert.equal(bads(found), [])
  assert.equal(notes(found), [])
  assert.ok(found.length >= 12)
})

for (const [what, recorded, says] of [
  ['no confidential VM', but({ '/proc/cpuinfo': 'flags : aes\n' }), /^cvm-absent: .*; start the VM as one/],
  [
    'a TEE behind a paravisor',
    {
      ...but({ '/proc/cpuinfo': 'flags : aes\n' }),
      kernelLog: ['Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2'],
    },
    /^cvm-paravisor: .* runs under sev-snp, .*; start the VM on a host that gives/,
  ],
  [
    'little memory',
    but({ '/proc/meminfo': 'MemTotal: 6000000 kB\n' }),
    /^memory-small: .* 5859 MiB .*9536 MiB .*files in memory and the boot.*TMPFS_SIZE/,
  ],
  [
    'no keyring',
    { ...fit, texts: { ...fit.texts, '/proc/keys': undefined as never } },
    /^kernel-feature: .*CONFIG_KEYS/,
  ],
  [
    'no lockdown in the kernel',
    { ...fit, texts: { ...fit.texts, '/sys/kernel/security/lockdown': undefined as never } },
    /^harden-unproven: .*lockdown is set: it is not in this kernel; use a kernel with CONFIG_SECURITY_LOCKDOWN_LSM, or set LOCKDOWN=none/,
  ],
  [
    'no Yama in the kernel',
    { ...fit, texts: { ...fit.texts, '/proc/sys/kernel/yama/ptrace_scope': undefined as never } },
    /^harden-unproven: .*ptrace_scope is set: it is not in this kernel; .*PTRACE_SCOPE=0/,
  ],
  [
    'swap',
    but({ '/proc/swaps': 'Filename\tType\n/dev/vdb2 partition 1 0 -2\n' }),
    /^swap-active: .*\/dev\/vdb2.*remove it/,
  ],
  [
    'a small disk',
    { ...fit, bytes: { '/dev/vda': 60n << 30n } },
    /^disk-small: .*60\.0 GiB on \/dev\/vda.*all volumes at their full size.*_SIZE/,
  ],
  ['no disk', { ...fit, bytes: {} }, /^disk-missing: .*any disk.*--disk/],
  [
    'a mount point that is taken',
    but({ '/proc/self/mountinfo': '40 22 254:1 / /mnt/nvflare/workspace rw - ext4 /dev/mapper/old rw\n' }),
    /^mount-point-busy: .*workspace on \/mnt\/nvflare\/workspace: \/dev\/mapper\/old is mounted there/,
  ],
  [
    'modules that are lacking',
    but({ [`${modules}/modules.builtin`]: '', [`${modules}/modules.dep`]: dep.slice(1).join('') }),
    /^module-missing: .*dm_mod, cryptomgr: .*pack the initramfs for this kernel/,
  ],
] as const)
  test(`${what}: one finding, with its code and what to do`, () => {
    const found = bads(inVm(recorded as Recorded))
    assert.is(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', says)
  })

test('a kernel before 6.1 is refused, one before 6.12 is worth a note', () => {
  assert.match(bads(inVm(fit, { modules: '/lib/modules/5.10.0-9-amd64' })).join(), /kernel-old: .*5\.10\.0/)
  assert.match(notes(inVm(fit, { modules: '/lib/modules/6.1.0-9-amd64' })).join(), /take 6\.12 or later/)
})

test('without lockdown hibernation is said to be open, unless the kernel has it off', () => {
  const config = parseConfig('LOCKDOWN=none\nPTRACE_SCOPE=0\n')
  assert.match(
    bads(inVm(fit, { config })).join(),
    /^harden-unproven: .*hibernation is set: the kernel says \[platform\] shutdown reboot; .*nohibernate/,
  )
  assert.equal(bads(inVm(but({ '/sys/power/disk': '[disabled]\n' }), { config })), [])
})

test('files in memory have to fit beside the boot, layers too', () => {
  const text = 'MIN_MEMORY=1G\nTMPFS_SIZE=15G\nOVERLAY_SIZE=2G\n'
  assert.equal(bads(inVm(fit, { config: parseConfig(`${text}OVERLAYS=none\n`) })), [])
  const layered = parseConfig(`${text}OVERLAYS=/var\n`)
  assert.match(bads(inVm(fit, { config: layered })).join(), /memory-small: .*TMPFS_SIZE or OVERLAY_SIZE/)
})

test('the volumes have to fit on the disk, trees and all', () => {
  // 86 GiB, and hash trees of 26 GiB of verified data.
  const taken = bytesOfVolumes(defaultConfig)
  assert.ok(taken > 86n << 30n && taken < (86n << 30n) + (300n << 20n))
  const config = parseConfig('MIN_DISK=1G\n')
  const of = (bytes: bigint) => bads(inVm({ ...fit, bytes: { '/x.img': bytes } }, { config, disk: '/x.img' }))
  assert.equal(of(taken), [])
  assert.match(of(taken - 1n).join(), /disk-small: .*all volumes at their full size.*\*_SIZE/)
})

test('modules in use count, but of the running kernel only', () => {
  const texts = { ...fit.texts, [`${modules}/modules.dep`]: dep.slice(1).join('') }
  const used = { ...fit, texts, directories: { ...fit.directories, '/sys/module': ['dm_mod'] } }
  assert.equal(bads(inVm(used)), [])
  assert.match(bads(inVm({ ...used, kernel: '6.12.1' })).join(), /module-missing: .*dm_mod/)
})

test('an image without a module tree is no fault, once it is known what to look at', () => {
  const found = inVm(fit, { modules: '/x/6.12.1' })
  assert.equal(bads(found), [])
  assert.match(notes(found).join(), /no \/x\/6\.12\.1\/modules\.dep/)
})

test('keys that this machine cannot keep are named, and a plain job-store is pointed out', () => {
  const snp = parseConfig('WORKSPACE_KEY=snp\n')
  assert.match(bads(inVm(fit, { config: snp })).join(), /tee-none: .*by snp for workspace: this is tdx/)
  const sev = { ...fit, directories: { ...fit.directories, '/sys/devices/platform': ['sev-guest'] } }
  assert.equal(bads(inVm(sev, { config: snp })), [])
  const tpm = parseConfig('WORKSPACE_KEY=snp+tpm2\n')
  assert.match(bads(inVm(sev, { config: tpm })).join(), /tpm-none: .*start the VM with a TPM 2\.0/)
  const plainStore = parseConfig('JOBSTORE_ENCRYPTION=none\n')
  assert.match(notes(inVm(fit, { config: plainStore })).join(), /the host reads it; set JOBSTORE_ENCRYPTION/)
})

test('a build host needs tools, and is told which package has them and what for', () => {
  const found = checkBuild(systemOf(fit), flight)
  assert.equal(bads(found), [])
  assert.ok(
    notes(found).some(
      (says) => says.includes('setup --format squashfs') && says.includes('apt-get install squashfs-tools'),
    ),
  )
  const bare = checkBuild(systemOf({ ...fit, tools: [] }), flight)
  assert.match(
    bads(bare).join('\n'),
    /tool-missing: cannot run veritysetup: .*apt-get install cryptsetup-bin/,
  )
})

test('printed: a line each, aligned, colour on a terminal only and not with NO_COLOR', () => {
  const findings: Finding[] = [
    { subject: 'a', result: 'good', says: 'fine' },
    { subject: 'longer', result: 'note', says: 'x\u001b[2J' },
    { subject: 'b', result: 'bad', fault: { code: 'cvm-absent' } },
  ]
  const lines = printFindings(findings, plain).split('\n')
  assert.equal(lines.slice(0, 2), ['ok    a       fine', 'note  longer  x\\u{1b}[2J'])
  assert.ok(lines[2]?.startsWith('FAIL  b       cvm-absent: cannot '))
  assert.ok(printFindings(findings, screenOf({ isTTY: true }, {})).startsWith('\u001b[32mok  \u001b[0m  a'))
  for (const screen of [
    screenOf({ isTTY: false, columns: 20 }, {}),
    screenOf({ isTTY: true }, { NO_COLOR: '1' }),
    screenOf({ isTTY: true, columns: 0 }, { TERM: 'dumb' }),
  ])
    assert.is(printFindings(findings, screen), printFindings(findings, plain))
  const json = JSON.parse(printFindingsJson(findings))
  assert.is(json.good, false)
  assert.equal(json.findings[2].code, 'cvm-absent')
  assert.is(firstFault(findings)?.code, 'cvm-absent')
})

test('the verb looks at this machine, and ends as the first finding that fails', () => {
  const main = join(import.meta.dirname, '../../src/main.ts')
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'check', ...args], {
      encoding: 'utf8',
    })
  const { stdout, stderr, status } = run('--json')
  const { good, findings } = JSON.parse(stdout)
  const first = findings.find((one: { result: string }) => one.result === 'bad')
  assert.is(good, first === undefined)
  assert.is(status, first?.status ?? 0)
  assert.is(stderr.includes(`cvmboot: ${first?.says}`), first !== undefined)
  assert.is(run('--for', 'cloud').status, 2)
  assert.match(run('--for', 'build').stdout, /^ok {4}kernel +Linux /)
  assert.match(run('--for', 'build', '--cmdline', goodCmdline).stdout, /^ok {4}command line +the boot takes/m)
  const words = `${goodCmdline} ro`
  assert.match(
    run('--for', 'build', '--cmdline', words).stdout,
    /^FAIL {2}command line +cmdline-forbidden: /m,
  )
  assert.match(run('--for', 'build', '--cmdline', words, '--hook').stdout, /^ok {4}command line /m)
  assert.is(run('--hook').status, 2)
})

test('a root with programs for containers is told what to set, until it is set', () => {
  const advice = (tools: readonly string[], text = '', differently: Recorded = fit) =>
    notes(inVm({ ...differently, tools }, { config: parseConfig(text) })).filter((says) =>
      says.includes(' images in '),
    )
  assert.equal(advice([]), [])
  assert.equal(advice(['podman']), [
    'podman keeps images in /var/lib/containers: set WORKSPACE_DIRECTORIES="/var/lib/containers" in partition.conf',
  ])
  assert.is(advice(['dockerd', 'containerd', 'crio']).length, 3)
  assert.match(
    advice(['dockerd'])[0] ?? '',
    /WORKSPACE_DIRECTORIES="\/var\/lib\/docker \/var\/lib\/containerd"/,
  )
  assert.equal(advice(['podman'], 'WORKSPACE_DIRECTORIES=/var/lib/containers'), [])
  assert.equal(advice(['podman'], 'WORKSPACE_DIRECTORIES=/var/lib'), [])
  assert.match(advice(['podman'], 'WORKSPACE_DIRECTORIES=/srv')[0] ?? '', /="\/srv \/var\/lib\/containers"/)
  const closed = advice(['podman'], 'WORKSPACE_DIRECTORIES=/var/lib/containers\nMODULES_AFTER_BOOT=refuse')
  assert.match(closed[0] ?? '', /set MODULES="overlay bridge veth nf_tables /)
})

test('a root without modules of the kernel that boots is told that nothing can be loaded later', () => {
  const { [`${modules}/modules.dep`]: _, ...texts } = fit.texts
  const said = notes(inVm({ ...fit, texts, tools: ['podman'] }))
  assert.ok(said.some((says) => says.startsWith('the root has no modules of the kernel that boots')))
  assert.ok(said.some((says) => /podman .* and MODULES="overlay /.test(says)))
})

test('a kernel that cannot refuse io_uring is a note, and so is a CPU with an open fault; a word that opens one is not', () => {
  const { ['/proc/sys/kernel/io_uring_disabled']: _, ...texts } = fit.texts
  assert.match(notes(inVm({ ...fit, texts }))[0] ?? '', /kernel\.io_uring_disabled: take Linux 6\.6 or later/)
  const mds = '/sys/devices/system/cpu/vulnerabilities/mds'
  assert.match(notes(inVm(but({ [mds]: 'Vulnerable\n' })))[0] ?? '', /^open on this CPU: mds \(Vulnerable\)/)
  assert.match(
    bads(inVm(but({ [mds]: 'Vulnerable\n', '/proc/cmdline': 'mds=off\n' })))[0] ?? '',
    /^mitigations-off: .*mds=off/,
  )
})

test.run()
