// Ring 3: the whole boot on a fake machine, with every verb failing in turn.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { boot, closed, requireCmdline } from '../../src/boot.ts'
import type { Edition } from '../../src/edition.ts'
import { production } from '../../src/editions/production.ts'
import { BootFault } from '../../src/fault/index.ts'
import { mock, mockLasting } from '../../src/keys/mock.ts'
import type { Machine, Mount } from '../../src/machine/machine.ts'
import { evidencePath } from '../../src/proof/evidence.ts'
import { bootedConfigPath, evidenceOf, parseState, statePath } from '../../src/proof/state.ts'
import { agents } from '../../src/system/doors.ts'
import { userSettings } from '../../src/system/hardening.ts'
import { printManifest } from '../../src/system/initramfs.ts'
import { booted } from './booted.ts'
import { Ended, fakeMachine, goodCmdline, goodWorld, hashes, type Verb, type World } from './machine.ts'

/** Changes a world before its boot. */
const set = (world: World, change: Partial<World>): void => void Object.assign(world, change)

const run = (change: (world: World) => void = () => {}, edition = production) => {
  const world = goodWorld()
  change(world)
  return booted(world, edition)
}

/** Refused with this code: halted, and the new root's init never ran. */
const refused = async (code: string, change: (world: World) => void): Promise<string> => {
  const { halt, ended, effects } = await run(change)
  assert.ok(halt?.startsWith(`halt: ${code}: cannot `), `expected ${code}, got ${halt}`)
  assert.is(ended, 'halt')
  assert.not.ok(effects.some((e) => e.startsWith('switchRoot')))
  return halt ?? ''
}

test('a good machine boots: every volume open, mounted, proved, then the new init', async () => {
  const { effects, ended, halt } = await run()
  assert.is(halt, undefined)
  assert.is(ended, 'switch-root')
  assert.is(effects.at(-1), 'switchRoot /sysroot /sbin/init')
  const mounts = effects.filter((e) => e.startsWith('mount ')).map((e) => e.split(' ').slice(1, 4).join(' '))
  assert.equal(mounts, [
    '/dev/dm-0 /sysroot erofs',
    '/dev/dm-1 /sysroot/mnt/nvflare/oem-launcher erofs',
    '/dev/dm-2 /sysroot/mnt/nvflare/os-config erofs',
    '/dev/dm-3 /sysroot/mnt/nvflare/workspace ext4',
    '/dev/dm-4 /sysroot/mnt/nvflare/job-store ext4',
    'tmpfs /sysroot/tmp tmpfs',
    'tmpfs /run/cvmboot/overlay tmpfs',
    'overlay /sysroot/var overlay',
    '/run/cvmboot/machine-id /sysroot/etc/machine-id ',
    '/run/cvmboot/machine-id /sysroot/etc/machine-id ',
    'securityfs /sys/kernel/security securityfs',
  ])
})

test('every verity table is probed without and then armed with the panic', async () => {
  const { effects } = await run()
  for (const [volume, hash] of Object.entries(hashes)) {
    const opened = effects.find((e) => e.startsWith(`openMapping ${volume} `)) ?? ''
    const armed = effects.find((e) => e.startsWith(`replaceTable ${volume} `)) ?? ''
    assert.ok(opened.includes(` sha256 ${hash} `) && !opened.includes('corruption'))
    assert.ok(armed.includes(` sha256 ${hash} `) && armed.endsWith(' 2 panic_on_corruption panic_on_error'))
  }
})

test('kernels before 6.12 are not asked for panic_on_error, nor before 6.4 for noswap', async () => {
  const { effects } = await run((world) => {
    world.kernel = '6.1.0-39-amd64'
  })
  assert.ok(effects.some((e) => e.endsWith(' 1 panic_on_corruption')))
  assert.not.ok(effects.some((e) => e.includes('panic_on_error') || e.includes('noswap')))
})

test('nothing is touched before command line and configuration are understood', async () => {
  for (const change of [
    (world: World) => set(world, { cmdline: `${goodCmdline} cvmboot.verity=off` }),
    (world: World) => set(world, { config: 'ROOT_FS_SIZE=much' }),
    (world: World) => void world.environment.push('NODE_OPTIONS'),
  ]) {
    const { effects } = await run(change)
    assert.equal(effects, ['start', 'wipe', 'end halt'])
  }
})

test('the plan is said before the first effect, each step once it is done', async () => {
  const { lines } = await run()
  const plan = lines.filter((l) => l.line.startsWith('plan '))
  assert.is(plan.length, lines.filter((l) => /^\[ ?\d+\//.test(l.line)).length)
  assert.ok(lines.indexOf(plan.at(-1) as (typeof lines)[0]) < lines.findIndex((l) => l.line.startsWith('[')))
})

test('the state names kernel, tool, provider, every step and every volume, and reads back', async () => {
  const { files } = await run()
  const text = files.get(statePath) ?? ''
  const state = parseState(text)
  assert.is(state?.kernel, '6.12.107-cloud-amd64')
  assert.is(state?.cvm, 'sev-snp')
  assert.is(state?.keyProvider, 'ephemeral')
  const { volumes } = JSON.parse(text)
  assert.equal(Object.keys(volumes), ['root-fs', 'oem-launcher', 'os-config', 'workspace', 'job-store'])
  assert.is(volumes['root-fs'].rootHash, hashes['root-fs'])
  assert.ok(volumes.workspace.table.startsWith('aes-xts-plain64 :64:logon:cvmboot:workspace 0 '))
})

const stateIn = (files: ReadonlyMap<string, string>) =>
  parseState(files.get(statePath) ?? '') ?? { steps: [] }

test('the state says when each step began, none before the one before it ended, and keeps the configuration', async () => {
  const config = '# as measured\nTMPFS_SIZE=1G\n'
  const { files } = await run((world) => set(world, { config }))
  const { entered = 1, started = 0, steps = [] } = parseState(files.get(statePath) ?? '') ?? {}
  assert.ok(entered < started && steps.length > 10)
  for (const [i, { at }] of steps.entries()) {
    const before = steps[i - 1]
    assert.ok(at >= (before === undefined ? started : before.at + before.milliseconds), `step ${i + 1}`)
  }
  assert.is(files.get(bootedConfigPath), config)
})

test('keys are wiped after use and appear in no line, state or effect', async () => {
  const fake = await run((world) => set(world, { config: '' }), {
    ...production,
    name: 'cvmboot-mock',
    ephemeral: mock,
    providers: [mockLasting],
  })
  assert.is(fake.keysSeen.length, 2)
  assert.ok(fake.keysSeen.every((key) => key.every((byte) => byte === 0)))
  assert.is(fake.keys.size, 0)
  using key = mock.create('workspace', fake.machine.random, 64)
  const said = JSON.stringify([fake.lines, fake.effects, [...fake.files.values()]])
  for (const encoding of ['hex', 'base64', 'latin1'] as const)
    assert.not.ok(said.includes(key.bytes.toString(encoding).slice(0, 16)))
})

const containers = 'WORKSPACE_DIRECTORIES="/var/lib/containers /srv/data"'
const withDirectories = (world: World) => {
  set(world, { config: containers })
  for (const path of ['/var/lib/containers', '/srv/data']) world.directories.add(`/sysroot${path}`)
}

const broken = Object.assign(new Error('broken'), { code: 'EIO' })
const verbs = Object.keys(fakeMachine(goodWorld()).machine) as Verb[]
// isInit, log and end cannot fail the boot: without them there is none. The rest must each end it.
const unused: Verb[] = ['isInit', 'isInitramfs', 'log', 'end', 'switchRoot', 'wipe', 'sleep']
// Only volumes that last ask a TEE or a TPM, or have a header: see lasting.test.ts and tpm.test.ts.
unused.push('snpVmpl', 'snpReport', 'snpDerivedKey', 'closeTee', 'write')
unused.push('teeDriver', 'eraseVmpck', 'openTee', 'extendRtmr3')
// Only a command line with host-data asks for the value of the launch: see site.test.ts.
unused.push('hostData')
unused.push('tpmSeal', 'tpmUnseal', 'tpmExtend', 'undriven')
// Only a volume whose owner grants its key: see release.test.ts.
unused.push('openPort')
for (const verb of verbs.filter((v) => !unused.includes(v))) {
  test(`when ${verb} fails, the boot halts and never switches root`, async () => {
    const { halt, ended, effects } = await run((world) => {
      withDirectories(world)
      world.config = `CONFIG_OVER_ETC=hostname\nMODULES=overlay\nTEE_EVIDENCE=auto\n${containers}`
      // Nothing else has the boot look into a directory of the root.
      world.executables.add('/sysroot/usr/bin/podman')
      world.directories.add('/sysroot/var/lib/containers')
      // The boot asks for a paravisor only where the kernel reports no TEE.
      if (verb === 'paravisor') world.cvm = undefined
      world.failing.set(verb, broken)
    })
    assert.ok(halt?.includes(': cannot '), `no halt line: ${halt}`)
    assert.is(ended, 'halt')
    assert.is(effects.at(-1), 'end halt')
    assert.not.ok(effects.some((e) => e.startsWith('switchRoot')))
  })
}

test('when waiting fails, the boot halts', async () => {
  const { ended } = await run((world) => {
    world.latePolls = 3
    world.failing.set('sleep', broken)
  })
  assert.is(ended, 'halt')
})

test('a refusal ends by saying what the kernel still has of its mounts and mappings', async () => {
  const good = await run((world) => set(world, { cvm: undefined }))
  assert.is(good.lines.at(-1)?.line, closed)
  const bad = await run((world) => set(world, { cvm: undefined, stillOpen: ['/sysroot', 'root-fs'] }))
  assert.is(bad.lines.at(-1)?.line, 'still open: /sysroot root-fs')
})

test('when even wiping fails, the machine still ends', async () => {
  const { ended } = await run((world) => {
    world.cvm = undefined
    world.failing.set('wipe', broken)
  })
  assert.is(ended, 'halt')
})

test('when switching root fails, the machine ends', async () => {
  const { ended, halt } = await run((world) => void world.failing.set('switchRoot', broken))
  assert.is(ended, 'halt')
  assert.ok(halt?.startsWith('halt: internal: '))
})

for (const how of ['halt', 'poweroff', 'reboot'])
  test(`cvmboot.on-failure=${how} decides how a failure ends, even one of the command line`, async () => {
    const { ended } = await run((world) => {
      world.cmdline = `cvmboot.on-failure=${how} cvmboot.nonsense=1`
    })
    assert.is(ended, how)
  })

test('a running system is not booted: the refusal is thrown, nothing is ended', async () => {
  const { machine, effects } = fakeMachine(goodWorld())
  try {
    await boot({ ...machine, isInit: () => false } as Machine, production, 'own')
    assert.unreachable()
  } catch (thrown) {
    assert.instance(thrown, BootFault)
    assert.is((thrown as BootFault).fault.code, 'environment-not-init')
  }
  assert.equal(effects, [])
})

test('before the pivot the kernel is told what nobody may do after it, and asked whether it took it', async () => {
  const { effects, files } = await run()
  const told = effects.filter((e) => /^write(?:Setting|Link) /.test(e))
  assert.equal(told, [
    'writeLink /run/systemd/system/swap.target /dev/null',
    ...['systemd-getty-generator', 'systemd-gpt-auto-generator', 'their-other', 'their-own'].map(
      (name) => `writeLink /run/systemd/system-generators/${name} /dev/null`,
    ),
    ...agents.map(({ unit }) => `writeLink /run/systemd/system/${unit} /dev/null`),
    'writeSetting /proc/sys/kernel/core_pattern |/bin/false',
    'writeSetting /proc/sys/fs/suid_dumpable 0',
    'writeSetting /proc/sys/kernel/kexec_load_disabled 1',
    'writeSetting /proc/sys/kernel/sysrq 0',
    'writeSetting /proc/sys/kernel/unprivileged_bpf_disabled 1',
    'writeSetting /proc/sys/kernel/yama/ptrace_scope 2',
    'writeSetting /sys/kernel/security/lockdown integrity',
    'writeSetting /proc/sys/kernel/dmesg_restrict 1',
    'writeSetting /proc/sys/kernel/kptr_restrict 2',
    'writeSetting /proc/sys/kernel/perf_event_paranoid 3',
    'writeSetting /proc/sys/kernel/randomize_va_space 2',
    'writeSetting /proc/sys/fs/protected_symlinks 1',
    'writeSetting /proc/sys/fs/protected_hardlinks 1',
    'writeSetting /proc/sys/fs/protected_fifos 2',
    'writeSetting /proc/sys/fs/protected_regular 2',
    'writeSetting /proc/sys/vm/unprivileged_userfaultfd 0',
    'writeSetting /proc/sys/net/core/bpf_jit_harden 2',
    'writeSetting /proc/sys/kernel/io_uring_disabled 2',
    'writeSetting /proc/sys/dev/tty/ldisc_autoload 0',
  ])
  assert.is(evidenceOf(stateIn(files), 'harden').length, 8)
  assert.is(
    files.get('/run/sysctl.d/zz-cvmboot.conf'),
    told
      .filter((e) => e.includes(' /proc/sys/'))
      .map((e) => e.replace('writeSetting /proc/sys/', ''))
      .map((e) => `-${e.slice(0, e.indexOf(' ')).replaceAll('/', '.')} = ${e.slice(e.indexOf(' ') + 1)}\n`)
      .join(''),
  )
})

test('the configuration decides how far: the other way round, and with nothing that it may leave out', async () => {
  const told = async (config: string) => {
    const { effects, halt } = await run((world) => {
      set(world, { config })
      world.settings.set('/sys/power/disk', '[disabled]\n')
    })
    assert.is(halt, undefined)
    const all = effects.filter((e) => e.startsWith('writeSetting ')).map((e) => e.replace(/.*\//, ''))
    return all.filter((e) => !userSettings.some((name) => e.startsWith(`${name.replace(/.*\./, '')} `)))
  }
  const most = await told('LOCKDOWN=confidentiality\nPTRACE_SCOPE=3\nMODULES_AFTER_BOOT=refuse')
  assert.equal(most.slice(-3), ['ptrace_scope 3', 'lockdown confidentiality', 'modules_disabled 1'])
  const least = await told('LOCKDOWN=none\nPTRACE_SCOPE=0')
  assert.not.ok(least.some((e) => /ptrace|lockdown|modules/.test(e)))
})

test('what the kernel command line set stricter than the configuration stays', async () => {
  const { effects, halt } = await run((world) => {
    world.settings.set('/sys/kernel/security/lockdown', 'none integrity [confidentiality]\n')
    world.settings.set('/proc/sys/kernel/yama/ptrace_scope', '3\n')
    world.settings.set('/sys/power/disk', '[disabled]\n')
  })
  assert.is(halt, undefined)
  assert.not.ok(effects.some((e) => /lockdown|ptrace/.test(e)))
})

test('a setting that the kernel does not have is left out where there is no danger, and otherwise refused', async () => {
  const { halt } = await run((world) => {
    for (const name of ['kernel/kexec_load_disabled', 'kernel/sysrq', 'kernel/core_pattern'])
      world.settings.delete(`/proc/sys/${name}`)
    world.settings.delete('/sys/power/disk')
  })
  assert.is(halt, undefined)
  const without = async (path: string) =>
    refused('harden-unproven', (world) => void world.settings.delete(path))
  assert.match(await without('/sys/kernel/security/lockdown'), /set LOCKDOWN=none$/)
  assert.match(await without('/proc/sys/kernel/yama/ptrace_scope'), /set PTRACE_SCOPE=0$/)
})

test('one that the kernel does not take, or only says it took, ends the boot', async () => {
  const refusing = Object.assign(new Error('no'), { code: 'EPERM' })
  assert.match(
    await refused('harden-unproven', (world) => void world.failing.set('writeSetting', refusing)),
    /kernel.core_pattern is set: not permitted/,
  )
  assert.match(
    await refused('harden-unproven', (world) => set(world, { config: 'LOCKDOWN=none' })),
    /hibernation is set: the kernel says \[platform\] shutdown; set LOCKDOWN=integrity, or put nohibernate/,
  )
})

test('a line that lets systemd take credentials from the host ends the boot before anything is done', async () => {
  const without = goodCmdline.replace(' systemd.import_credentials=no', '')
  const message = await refused('cmdline-missing', (world) => set(world, { cmdline: without }))
  assert.match(message, /without kernel parameter systemd\.import_credentials=no; add it/)
  const cmdline = `${without} -- systemd.import_credentials=no`
  await refused('cmdline-forbidden', (world) => set(world, { cmdline }))
  for (const word of ['systemd.import_credentials=0', 'systemd.import-credentials=off'])
    assert.is((await run((world) => set(world, { cmdline: `${without} ${word}` }))).ended, 'switch-root')
})

test('words that partition.conf lists boot, and in a framework also those that a boot loader writes', async () => {
  const cmdline = `${goodCmdline} nosmt root=UUID=0 ro`
  await refused('cmdline-forbidden', (world) => set(world, { cmdline: `${goodCmdline} nosmt` }))
  const config = 'CMDLINE_WORDS=nosmt\n'
  assert.match(
    await refused('cmdline-forbidden', (world) => set(world, { cmdline, config })),
    /parameter root:/,
  )
  const { ended } = await booted({ ...goodWorld(), cmdline, config }, production, 'framework')
  assert.is(ended, 'hand-over')
})

test('what the EFI stub found beside the image ends the boot; what it took out of the image does not', async () => {
  const own = ['os-release', 'profile', 'tpm2-pcr-public-key.pem', 'tpm2-pcr-signature.json']
  const good = new Map(own.map((name) => [`/.extra/${name}`, 'file'] as const))
  assert.is((await run((world) => set(world, { extra: good }))).ended, 'switch-root')
  for (const [path, kind] of [
    ['/.extra/credentials', 'directory'],
    ['/.extra/global_credentials', 'directory'],
    ['/.extra/sysext', 'directory'],
    ['/.extra/confext', 'directory'],
    ['/.extra/uki.addon.efi', 'file'],
    ['/.extra/profile2', 'file'],
    ['/.extra', 'file'],
    ['/.extra', 'other'],
  ] as const)
    for (const extra of [new Map([...good, [path, kind]]), new Map([[path, kind]])]) {
      const message = await refused('initramfs-extra', (world) => set(world, { extra }))
      assert.ok(message.includes(path), message)
    }
  for (const kind of ['directory', 'other'] as const)
    await refused('initramfs-extra', (world) => set(world, { extra: new Map([['/.extra/profile', kind]]) }))
  const { effects } = await run((world) => set(world, { extra: new Map([['/.extra/x', 'file']]) }))
  assert.equal(effects, ['start', 'wipe', 'end halt'])
})

test('each file that goes along in /run ends the boot where it cannot be written, by its name', async () => {
  for (const [n, path] of [
    [1, '/run/cvmboot/machine-id'],
    [2, evidencePath],
    [3, '/run/sysctl.d/zz-cvmboot.conf'],
    [4, statePath],
    [5, statePath],
  ] as const) {
    let written = 0
    const message = await refused('state-write', (world) => {
      world.failing.get = (verb) => (verb === 'writeText' && ++written === n ? new Error('full') : undefined)
    })
    assert.match(message, `cannot write ${path}: full;`)
  }
})

for (const [unwritten, says] of [
  ['swap.target', 'swap-unmasked: cannot forbid swap'],
  ['their-own', 'door-unmasked: cannot keep the host from starting something'],
  ['qemu-guest-agent.service', 'door-unmasked: cannot keep the host from starting something'],
] as const)
  test(`a mask of ${unwritten} that is not there once written ends the boot`, async () => {
    const { machine, lines } = fakeMachine(goodWorld())
    const writeLink = (path: string, target: string) => {
      if (!path.endsWith(unwritten)) machine.writeLink(path, target)
    }
    try {
      await boot({ ...machine, writeLink } as Machine, production, 'own')
      assert.unreachable()
    } catch (thrown) {
      assert.is((thrown as Error).message, 'halt')
    }
    const said = lines.find(({ line }) => line.startsWith('halt: '))?.line ?? ''
    assert.ok(said.startsWith(`halt: ${says}`), said)
    assert.ok(said.includes(`/${unwritten}, `), said)
  })

test('settings for users: one that allows less already stays, one that partition.conf leaves is not looked at', async () => {
  const { effects, halt, files } = await run((world) => {
    set(world, { config: 'HARDEN_USERS_BUT="kernel.io_uring_disabled fs.protected_fifos"' })
    world.settings.set('/proc/sys/kernel/perf_event_paranoid', '4\n')
    world.settings.set('/proc/sys/kernel/io_uring_disabled', '0\n')
  })
  assert.is(halt, undefined)
  assert.not.ok(effects.some((e) => /perf_event|io_uring|protected_fifos/.test(e)))
  assert.not.match(files.get('/run/sysctl.d/zz-cvmboot.conf') ?? '', /io_uring|protected_fifos/)
  assert.match(files.get('/run/sysctl.d/zz-cvmboot.conf') ?? '', /^-kernel\.perf_event_paranoid = 3$/m)
})

test('a kernel without one of the settings for users boots, and the state names the setting', async () => {
  const { halt, files } = await run((world) => {
    world.settings.delete('/proc/sys/kernel/io_uring_disabled')
    world.settings.delete('/proc/sys/dev/tty/ldisc_autoload')
  })
  assert.is(halt, undefined)
  assert.equal(evidenceOf(stateIn(files), 'harden-users'), [
    {
      kind: 'harden-users',
      settings: 10,
      notInThisKernel: ['kernel.io_uring_disabled', 'dev.tty.ldisc_autoload'],
    },
  ])
})

for (const [name, kept] of [
  ['kernel.kptr_restrict', '1'],
  ['kernel.dmesg_restrict', '0'],
  ['fs.protected_regular', 'on'],
  ['kernel.perf_event_paranoid', '-1'],
] as const)
  test(`a kernel that keeps ${name} at ${kept} ends the boot`, async () => {
    const path = `/proc/sys/${name.replaceAll('.', '/')}`
    const { machine, lines } = fakeMachine(goodWorld())
    const readText = (at: string) => (at === path ? `${kept}\n` : machine.readText(at))
    try {
      await boot({ ...machine, readText } as Machine, production, 'own')
      assert.unreachable()
    } catch (thrown) {
      assert.is((thrown as Error).message, 'halt')
    }
    const said = lines.find(({ line }) => line.startsWith('halt: '))?.line ?? ''
    assert.ok(
      said.startsWith(`halt: harden-unproven: cannot trust that ${name} is set: the kernel says ${kept};`),
      said,
    )
  })

test('a generator of the root that partition.conf names runs, and so does a unit', async () => {
  const { effects, halt } = await run((world) =>
    set(world, { config: 'GENERATORS="their-own systemd-getty-generator"\nHOST_AGENTS=vmtoolsd.service' }),
  )
  assert.is(halt, undefined)
  const masked = effects.filter((e) => e.startsWith('writeLink ')).map((e) => e.replace(/.*\/(\S+) .*/, '$1'))
  for (const name of ['their-own', 'systemd-getty-generator', 'systemd-fstab-generator', 'vmtoolsd.service'])
    assert.not.ok(masked.includes(name), name)
  for (const name of ['their-other', 'systemd-gpt-auto-generator', 'qemu-guest-agent.service'])
    assert.ok(masked.includes(name), name)
})

test('directories of the root lie on workspace, each at its own place, after the layers', async () => {
  const { effects, halt, files, lines } = await run((world) => {
    withDirectories(world)
    set(world, { config: `OVERLAYS=/var\n${containers}` })
    world.names.set('/srv/data', ['old'])
  })
  assert.is(halt, undefined)
  const made = effects.filter((e) => e.startsWith('bindDirectory '))
  const [volume, store] = ['/sysroot/mnt/nvflare/workspace', '.cvmboot-directories']
  assert.equal(made, [
    `bindDirectory ${volume} ${store}/var=lib=containers /sysroot/var/lib/containers`,
    `bindDirectory ${volume} ${store}/srv=data /sysroot/srv/data`,
  ])
  const at = (text: string) => effects.findIndex((e) => e.startsWith(text))
  assert.ok(at('mount overlay /sysroot/var ') > 0 && at('mount overlay /sysroot/var ') < at('bindDirectory '))
  const kind = 'bind-directory'
  assert.equal(evidenceOf(stateIn(files), kind), [
    { kind, mount: '/var/lib/containers', from: 'workspace', directory: 'made', hides: 0 },
    { kind, mount: '/srv/data', from: 'workspace', directory: 'made', hides: 1 },
  ])
  assert.ok(lines.some(({ line }) => /^\/srv\/data is on workspace: 1 names .* are hidden$/.test(line)))
})

test('a directory that the root lacks, and one that the kernel does not show as it should be, end the boot', async () => {
  assert.match(
    await refused('mount-point-missing', (world) => set(world, { config: containers })),
    /mount on \/var\/lib\/containers: root-fs has no such directory/,
  )
  const changed = (change: (mount: Mount) => Partial<Mount>) => (world: World) => {
    withDirectories(world)
    world.reportMounts = (mounts) =>
      mounts.map((mount) => (mount.source === 'bound' ? { ...mount, ...change(mount) } : mount))
  }
  for (const [change, says] of [
    [() => ({ dev: '8:1' }), 'bound is mounted there'],
    [() => ({ root: '/elsewhere' }), '/elsewhere of workspace is mounted there'],
    [
      ({ options }: Mount) => ({ options: options.filter((o) => o !== 'nosuid') }),
      'it is not mounted nosuid',
    ],
    [({ options }: Mount) => ({ options: options.filter((o) => o !== 'nodev') }), 'it is not mounted nodev'],
  ] as const)
    assert.match(await refused('mount-unproven', changed(change)), `: ${says};`)
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
  const message = await refused('directory-bind', (world) => {
    withDirectories(world)
    world.failing.set('bindDirectory', full)
  })
  assert.match(message, 'cannot put /var/lib/containers on workspace: no space is left on the device;')
})

test('modules of partition.conf are loaded first, after those of every boot', async () => {
  const { effects } = await run((world) => set(world, { config: 'MODULES="overlay nf_tables"' }))
  const at = effects.indexOf('loadWanted overlay nf_tables')
  assert.ok(at > 0 && at < effects.findIndex((e) => e.startsWith('openMapping ')))
  assert.ok(effects.slice(0, at).some((e) => e.startsWith('loadModules dm_mod ')))
  assert.not.ok((await run()).effects.some((e) => e.startsWith('loadWanted')))
})

test('a missing disk names the controllers that have no driver', async () => {
  const message = await refused('device-missing', (world) => {
    world.partitions = []
    world.undriven = [
      {
        bus: 'pci',
        id: '8086:2922',
        modalias: 'pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01',
        modules: [],
      },
    ]
  })
  assert.match(
    message,
    /; without a driver: SATA pci 8086:2922 \(ahci\); put MODULES="ahci" into partition\.conf and pack again;/,
  )
})

test('what is set already is not written again: some settings refuse that', async () => {
  const { effects, halt } = await run((world) => {
    world.settings.set('/proc/sys/kernel/kexec_load_disabled', '1\n')
  })
  assert.is(halt, undefined)
  assert.not.ok(effects.some((e) => e.includes('kexec_load_disabled')))
})

test('within a framework all is the same but the pivot, and the boot comes back', async () => {
  const [own, hooked] = [await booted(goodWorld()), await booted(goodWorld(), production, 'framework')]
  assert.is(hooked.ended, 'hand-over')
  // Of the state a step's name differs.
  const same = (effects: readonly string[]) => effects.filter((effect) => !effect.startsWith('switchRoot'))
  assert.equal(same(hooked.effects), same(own.effects))
  assert.is(own.effects.length, hooked.effects.length + 1)
  assert.ok(hooked.lines.some(({ line }) => line.startsWith('handing over to /sbin/init')))
})

test('within a framework too, whatever is refused ends the machine', async () => {
  for (const [code, change] of [
    ['init-missing', (world: World) => world.executables.clear()],
    ['mount-point-missing', (world: World) => void world.directories.delete('/sysroot/run')],
    ['cmdline-missing', (world: World) => set(world, { cmdline: '' })],
    ['config-init', (world: World) => set(world, { config: 'INIT=/bin/other' })],
  ] as const) {
    const world = goodWorld()
    change(world)
    const { ended, halt } = await booted(world, production, 'framework')
    assert.ok(halt?.startsWith(`halt: ${code}: cannot `), `${code}: ${halt}`)
    assert.is(ended, 'halt')
  }
})

test('with --hook a running system is not booted either', async () => {
  const { machine, effects } = fakeMachine(goodWorld())
  try {
    await boot({ ...machine, isInitramfs: () => false } as Machine, production, 'framework')
    assert.unreachable()
  } catch (thrown) {
    assert.is((thrown as BootFault).fault?.code, 'environment-not-init')
  }
  assert.equal(effects, [])
})

/** The early check on a world: how it ended, and what it did. */
const checked = async (world: World) => {
  const { machine, effects, lines } = fakeMachine(world)
  let ended = 'accepted'
  try {
    await requireCmdline(machine, production)
  } catch (thrown) {
    if (!(thrown instanceof Ended)) throw thrown
    ended = thrown.how
  }
  return { ended, effects, halt: lines.find(({ line }) => line.startsWith('halt: '))?.line }
}

test('before a framework acts on the command line, what would be refused is refused, and nothing done', async () => {
  const good = await checked(goodWorld())
  assert.equal([good.ended, good.effects], ['accepted', []])
  for (const [code, change] of [
    ['cmdline-forbidden', { cmdline: `${goodCmdline} break=top` }],
    ['cmdline-missing', { cmdline: '' }],
    ['environment-hostile', { cmdline: `${goodCmdline} LD_PRELOAD=/x` }],
    ['config-init', { config: 'INIT=/bin/other' }],
  ] as const) {
    const { ended, effects, halt } = await checked({ ...goodWorld(), ...change })
    assert.ok(halt?.startsWith(`halt: ${code}: cannot `), `${code}: ${halt}`)
    assert.equal([ended, effects], ['halt', ['wipe', 'end halt']])
  }
})

test('the early check refuses a running system', async () => {
  const { machine, effects } = fakeMachine(goodWorld())
  try {
    await requireCmdline({ ...machine, isInitramfs: () => false } as Machine, production)
    assert.unreachable()
  } catch (thrown) {
    assert.is((thrown as BootFault).fault?.code, 'environment-not-init')
  }
  assert.equal(effects, [])
})

test('outside a confidential VM the production build halts', () =>
  refused('cvm-absent', (world) => set(world, { cvm: undefined })).then(() => {}))

test('behind a paravisor the production build halts, and says which TEE the VM lacks', async () => {
  const halt = await refused('cvm-paravisor', (world) =>
    set(world, { cvm: undefined, paravisor: { tee: 'tdx' } }),
  )
  assert.match(halt, /Hyper-V says that this VM runs under tdx, but a paravisor/)
})

test('a paravisor that the host imitates in a confidential VM changes nothing', async () => {
  const { ended } = await run((world) => set(world, { paravisor: { tee: 'tdx' } }))
  assert.is(ended, 'switch-root')
})

test('the mock build boots there and says loudly what it is', async () => {
  const edition: Edition = {
    name: 'cvmboot-mock',
    admit: (machine) => machine.cvm() ?? 'mock',
    ephemeral: mock,
    providers: [mockLasting],
    warning: 'MOCK BUILD',
  }
  const { ended, lines } = await run((world) => set(world, { cvm: undefined }), edition)
  assert.is(ended, 'switch-root')
  assert.ok(lines.some((l) => l.level === 4 && l.line === 'MOCK BUILD'))
})

type Refusal = [string, string, (world: World) => void]

const plainly = (world: World, change: Partial<World>): void =>
  set(world, { ...change, config: 'JOBSTORE_ENCRYPTION=none' })

/** Of a mount on the plain job-store; all others are as they are. */
const without = (mount: Mount, option: string): Mount =>
  mount.target.endsWith('/job-store')
    ? { ...mount, options: mount.options.filter((one) => one !== option), superOptions: ['rw'] }
    : mount

const refusals: Refusal[] = [
  ['a hostile variable', 'environment-hostile', (w) => void w.environment.push('LD_PRELOAD')],
  ['no configuration', 'config-missing', (w) => set(w, { config: undefined })],
  ['a missing root hash', 'cmdline-missing', (w) => set(w, { cmdline: '' })],
  ['a cut-off manifest', 'initramfs-incomplete', (w) => set(w, { manifest: '100 /init\n' })],
  [
    'a missing file',
    'initramfs-incomplete',
    (w) => set(w, { manifest: printManifest([{ path: '/usr/sbin/mke2fs', bytes: 1 }]) }),
  ],
  ['a file cut short', 'initramfs-incomplete', (w) => void w.files.set('/init', 99)],
  ['no partition for the root hash', 'device-missing', (w) => void w.partitions.splice(0, 1)],
  ['no hash tree', 'device-missing', (w) => void w.partitions.splice(1, 1)],
  ['no workspace', 'device-missing', (w) => void w.partitions.splice(6, 1)],
  [
    'two disks with one PARTUUID',
    'device-duplicate',
    (w) => void w.partitions.push({ ...(w.partitions[2] as (typeof w.partitions)[0]), device: '/dev/vdb1' }),
  ],
  [
    'two partitions named workspace',
    'device-duplicate',
    (w) => void w.partitions.push({ ...(w.partitions[6] as (typeof w.partitions)[0]), device: '/dev/vdb1' }),
  ],
  ['a data partition that is too small', 'device-geometry', (w) => shrink(w, 0, 4095999n)],
  ['a tree partition that is too small', 'device-geometry', (w) => shrink(w, 1, 4096n * 9n - 1n)],
  ['a workspace of nothing', 'device-geometry', (w) => shrink(w, 6, 4095n)],
  ['bytes that do not verify', 'verity-corrupt', (w) => void w.corrupt.add('os-config')],
  ['a first block that does not verify', 'verity-corrupt', (w) => void w.corrupt.add('root-fs@0')],
  ['a last block that does not verify', 'verity-corrupt', (w) => void w.corrupt.add('root-fs@4091904')],
  ['a table the kernel changed', 'verity-unproven', (w) => report(w, { table: '1 8:1 8:2 4096' })],
  ['a writable verity mapping', 'verity-unproven', (w) => report(w, { access: 'read-write' })],
  ['a shorter verity mapping', 'verity-unproven', (w) => report(w, { sectors: 8n })],
  ['another target', 'verity-unproven', (w) => report(w, { target: 'linear' })],
  ['a status other than V', 'verity-unproven', (w) => report(w, { status: 'I' })],
  ['a block that failed though it was not read', 'verity-corrupt', (w) => report(w, { status: 'C' })],
  ['the same as Linux 6.15 says it', 'verity-corrupt', (w) => report(w, { status: 'C -' })],
  [
    'a crypt table the kernel changed',
    'crypt-unproven',
    (w) => reportCrypt(w, { table: 'cipher_null-ecb - 0 8:1 0' }),
  ],
  ['a shorter crypt mapping', 'crypt-unproven', (w) => reportCrypt(w, { sectors: 8n })],
  ['another target than crypt', 'crypt-unproven', (w) => reportCrypt(w, { target: 'linear' })],
  ['a volume without a file system', 'file-system-unknown', (w) => void w.content.clear()],
  [
    'a missing mount point',
    'mount-point-missing',
    (w) => void w.directories.delete('/sysroot/mnt/nvflare/workspace'),
  ],
  ['no /run in the root', 'mount-point-missing', (w) => void w.directories.delete('/sysroot/run')],
  ['a mount that is not there', 'mount-unproven', (w) => set(w, { reportMounts: () => [] })],
  [
    'a mount of another device',
    'mount-unproven',
    (w) => set(w, { reportMounts: (all) => all.map((m) => ({ ...m, dev: '8:1' })) }),
  ],
  [
    'a mount of another type',
    'mount-unproven',
    (w) => set(w, { reportMounts: (all) => all.map((m) => ({ ...m, type: 'vfat' })) }),
  ],
  [
    'a mount that is not read-only',
    'mount-unproven',
    (w) =>
      set(w, { reportMounts: (all) => all.map((m) => ({ ...m, options: ['rw'], superOptions: ['rw'] })) }),
  ],
  ...(['nosuid', 'nodev', 'noexec', 'nosymfollow'] as const).map(
    (option): Refusal => [
      `a plain job-store that is mounted without ${option}`,
      'mount-unproven',
      (w) => plainly(w, { reportMounts: (all) => all.map((m) => without(m, option)) }),
    ],
  ),
  ...['errors=continue\n', 'rw\nerrors=panic\n', 'xerrors=remount-ro\n', ''].flatMap((text): Refusal[] =>
    ['JOBSTORE_ENCRYPTION=none', '', 'WORKSPACE_KEY=snp\n'].map((config) => [
      `a volume by ${JSON.stringify(config)} of which the kernel says ${JSON.stringify(text)}`,
      'mount-unproven',
      (w) => set(w, { config, reportErrors: () => text }),
    ]),
  ),
  ['active swap', 'swap-active', (w) => void w.activeSwap.push('/dev/zram0')],
  ['swap space on a disk', 'swap-present', (w) => void w.swapSpace.push('/dev/vdb')],
  [
    'a swap partition',
    'swap-present',
    (w) =>
      void w.partitions.push({
        device: '/dev/vdb1',
        dev: '8:1',
        bytes: 1n << 20n,
        uuid: '7'.repeat(8),
        type: '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f',
        name: 'swap',
      }),
  ],
  ['no init', 'init-missing', (w) => void w.executables.clear()],
  [
    'a job-store with a stranger in it',
    'device-foreign',
    (w) => {
      w.config = 'JOBSTORE_ENCRYPTION=none'
      w.content.set('/dev/vda8', Buffer.from('not ext4'))
    },
  ],
  [
    'a plain job-store of nothing',
    'device-geometry',
    (w) => {
      w.config = 'JOBSTORE_ENCRYPTION=none'
      shrink(w, 7, 4096n)
    },
  ],
  ['a state that cannot be written', 'state-write', (w) => void w.failing.set('writeText', broken)],
  ['device-mapper that refuses', 'verity-open', (w) => void w.failing.set('openMapping', broken)],
  ['mount(2) that refuses', 'mount-failed', (w) => void w.failing.set('mount', broken)],
  ['mke2fs that fails', 'format-failed', (w) => void w.failing.set('makeExt4', broken)],
  ['a keyring without the key', 'crypt-open', (w) => set(w, { report: dropKeys(w) })],
]

const shrink = (world: World, index: number, bytes: bigint): void => {
  const partition = world.partitions[index]
  if (partition !== undefined) world.partitions[index] = { ...partition, bytes }
}
const report = (world: World, change: object): void => {
  world.report = (mapping) => ({ ...mapping, ...change })
}
const reportCrypt = (world: World, change: object): void => {
  world.report = (mapping) => (mapping.target === 'crypt' ? { ...mapping, ...change } : mapping)
}
const dropKeys = (_: World) => (mapping: Parameters<World['report']>[0]) => {
  if (mapping.target === 'crypt') throw broken
  return mapping
}

for (const [what, code, change] of refusals)
  test(`${what} halts with ${code}`, async () => {
    await refused(code, change)
  })

test('a disk that appears late is waited for', async () => {
  const { ended, lines } = await run((world) => set(world, { latePolls: 5 }))
  assert.is(ended, 'switch-root')
  assert.is(lines.filter((l) => l.line.startsWith('waiting up to 30 s')).length, 1)
})

test('a blank plain job-store is formatted, one with ext4 is kept', async () => {
  const blank = await run((world) => set(world, { config: 'JOBSTORE_ENCRYPTION=none' }))
  assert.ok(blank.effects.includes('makeExt4 /dev/vda8 job-store lasting'))
  const kept = await run((world) => {
    world.config = 'JOBSTORE_ENCRYPTION=none'
    const head = Buffer.alloc(4096)
    head.writeUInt16LE(0xef53, 1024 + 56)
    world.content.set('/dev/vda8', head)
  })
  assert.not.ok(kept.effects.some((e) => e.startsWith('makeExt4 /dev/vda8')))
  assert.ok(
    kept.effects.includes(
      'mount /dev/vda8 /sysroot/mnt/nvflare/job-store ext4 nosuid,nodev,noexec,nosymfollow,errors=remount-ro',
    ),
  )
})

test('of a plain job-store console and state say that the host reads it, of an encrypted one neither does', async () => {
  for (const [config, expected] of [
    ['JOBSTORE_ENCRYPTION=none', 'the host'],
    ['', undefined],
  ] as const) {
    const { lines, files } = await run((world) => set(world, { config }))
    const said = lines.filter(({ line }) => /^job-store is plain: the host reads what is written/.test(line))
    assert.equal(
      said.map(({ level }) => level),
      expected === undefined ? [] : [4],
    )
    assert.is(JSON.parse(files.get(statePath) ?? '{}').volumes['job-store'].readableBy, expected)
  }
})

test('layers: os-config over /etc, writable ones in memory', async () => {
  const { effects, files } = await run((world) => {
    world.config = 'CONFIG_OVER_ETC=hostname\nOVERLAYS="/etc /var"\n'
  })
  const overlays = effects.filter((e) => e.startsWith('mount overlay '))
  assert.equal(overlays, [
    'mount overlay /sysroot/etc overlay nosuid,nodev,lowerdir=/sysroot/mnt/nvflare/os-config/etc:/sysroot/etc,upperdir=/run/cvmboot/overlay/etc/upper,workdir=/run/cvmboot/overlay/etc/work',
    'mount overlay /sysroot/var overlay nosuid,nodev,lowerdir=/sysroot/var,upperdir=/run/cvmboot/overlay/var/upper,workdir=/run/cvmboot/overlay/var/work',
  ])
  assert.equal(
    evidenceOf(stateIn(files), 'overlay').map(({ over, names }) => [over, names]),
    [
      [['/mnt/nvflare/os-config/etc'], ['hostname']],
      [[], []],
    ],
  )
  const readOnly = await run((world) => set(world, { config: 'CONFIG_OVER_ETC=hostname' }))
  assert.ok(
    readOnly.effects.includes(
      'mount overlay /sysroot/etc overlay ro,nosuid,nodev,lowerdir=/sysroot/mnt/nvflare/os-config/etc:/sysroot/etc',
    ),
  )
})

test('a verified volume that cannot be read is named, and is not taken for a changed one', async () => {
  const halt = await refused('device-read', (world) => void world.unreadable.add('oem-launcher'))
  assert.match(halt, /cannot read oem-launcher \(\/dev\/dm-1\): EIO/)
})

test('os-config without etc cannot be layered over /etc', async () => {
  await refused('mount-point-missing', (world) => {
    world.config = 'CONFIG_OVER_ETC=hostname'
    world.directories.delete('/sysroot/mnt/nvflare/os-config/etc')
  })
})

test("os-config over /etc brings nothing that is the root's to say", async () => {
  const halt = await refused('config-shadows', (world) => {
    world.config = 'CONFIG_OVER_ETC=hostname'
    world.layer.push({ path: 'fstab', kind: 'file', target: '', mode: 0o644, uid: 0, gid: 0, marks: [] })
  })
  assert.match(halt, /its etc\/fstab must not be there: /)
  const unnamed = await refused('config-shadows', (world) => {
    world.config = 'CONFIG_OVER_ETC=hostname'
    world.layer.push({ path: 'motd', kind: 'file', target: '', mode: 0o644, uid: 0, gid: 0, marks: [] })
  })
  assert.match(unnamed, /its etc\/motd must not be there: CONFIG_OVER_ETC does not name it; .*config migrate/)
  // Beside /etc it is a file like any other.
  const beside = await run((world) => {
    world.layer.push({ path: 'fstab', kind: 'file', target: '', mode: 0o644, uid: 0, gid: 0, marks: [] })
  })
  assert.is(beside.ended, 'switch-root')
})

test.run()
