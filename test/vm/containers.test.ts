// Containers in a CVM, and the doors that the devices of its host would open. The root is a Debian with podman, sshd and QEMU's
// guest agent, as their packages leave them. A virtio console and the agent's port are attached, and a vsock device where this
// machine can give one.

import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { run as tool } from '../../src/machine/exec.ts'
import { engineModules } from '../../src/system/engines.ts'
import { suite } from '../with/suite.ts'
import { cached } from './cache.ts'
import { epoch } from './guest.ts'
import { mmdebstrap } from './kernel.ts'
import { type Part, readParts } from './running.ts'
import { digestTree, executable, makeSources, pack, power, say, setup, world } from './world.ts'

const packages = [
  ...['busybox-static', 'crun', 'kmod', 'libatomic1', 'netavark', 'nftables', 'openssh-server', 'podman'],
  ...['qemu-guest-agent', 'systemd', 'systemd-sysv', 'udev', 'util-linux', 'dmsetup', 'iproute2'],
]

/** partition.conf as `setup` advises for podman, but for sizes. */
const config = `
ROOT_FS_SIZE=1G
LAUNCHER_SIZE=64M
CONFIG_SIZE=64M
WORKSPACE_SIZE=512M
JOBSTORE_SIZE=64M
TMPFS_SIZE=128M
OVERLAYS="/etc /var"
CMDLINE_WORDS="cryptomgr.notests no_timer_check"
OVERLAY_SIZE=128M
WORKSPACE_DIRECTORIES="/var/lib/containers /var/tmp"
MODULES="${engineModules.join(' ')}"
`

const tree = join(import.meta.dirname, 'containers/root-fs')

const rootTar = async (): Promise<string> => {
  const how = [
    ...['--variant=minbase', `--include=${packages.join(',')}`],
    ...['doc', 'info', 'locale', 'man'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    ...['--customize-hook=rm -rf "$1/var/log/journal"', '--customize-hook=: >"$1/etc/apt/sources.list"'],
    // The tests' own cgroups and events: no bus, no journal of podman's.
    '--customize-hook=mkdir -p "$1/etc/containers/containers.conf.d"',
    '--customize-hook=printf "[engine]\\ncgroup_manager = \\"cgroupfs\\"\\nevents_logger = \\"file\\"\\n" >"$1/etc/containers/containers.conf.d/50-test.conf"',
  ]
  const entry = await cached('debian-containers', [...how, `${epoch}`], async (directory) => {
    say('Debian with podman')
    const env = { SOURCE_DATE_EPOCH: `${epoch}` }
    await mmdebstrap([...how, 'trixie', join(directory, 'root.tar')], { env })
  })
  return join(entry, 'root.tar')
}

const make = async () => {
  const from = await world()
  const tar = await rootTar()
  const entry = await cached('containers', [from.disk, tar, config, digestTree(tree)], async (directory) => {
    const file = join(directory, 'config')
    await writeFile(file, config)
    const sources = await makeSources(from.guest, join(directory, 'sources'))
    await cp(tar, sources.rootFs)
    const over = join(directory, 'over')
    await cp(tree, over, { recursive: true })
    await mkdir(join(over, 'usr/sbin'), { recursive: true })
    await copyFile(executable('cvmboot-mock'), join(over, 'usr/sbin/cvmboot'))
    await mkdir(join(over, 'etc/systemd/system/multi-user.target.wants'), { recursive: true })
    await symlink(
      '/usr/lib/systemd/system/probe.service',
      join(over, 'etc/systemd/system/multi-user.target.wants/probe.service'),
    )
    const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX', `--mtime=@${epoch}`]
    await tool('tar', ['--append', '--file', sources.rootFs, ...owner, '--directory', over, '.'])
    await setup(sources, file, directory)
    await pack(from.guest, 'cvmboot-mock', file, join(directory, 'initramfs'))
    for (const name of ['sources', 'over']) await rm(join(directory, name), { recursive: true })
  })
  const cmdline = (await readFile(join(entry, 'cmdline'), 'utf8')).trim()
  return { from, cmdline, initramfs: join(entry, 'initramfs'), disk: join(entry, 'disk.img') }
}

const vsock = existsSync('/dev/vhost-vsock') ? ['-device', 'vhost-vsock-pci,guest-cid=52'] : []

type Ran = {
  readonly part: (name: string) => Part
  readonly console: string
  /** What the second console showed. */
  readonly hvc: string
}
const test = suite<{ ran?: Ran }>('containers, and doors of the host')

test.before(async (context) => {
  const { from, cmdline, initramfs, disk } = await make()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-containers-'))
  try {
    const hvc = join(scratch, 'hvc')
    const devices = [
      ...['-device', 'virtio-serial-pci', '-chardev', `file,id=hvc,path=${hvc}`],
      ...['-device', 'virtconsole,chardev=hvc', '-chardev', `null,id=agent`],
      ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0', ...vsock],
    ]
    const { console } = await power(from, {
      initramfs,
      cmdline,
      disks: [{ file: disk }],
      devices,
      memoryMiB: 1536,
      timeoutSeconds: 900,
    })
    const parts = readParts(console)
    const part = (name: string) =>
      parts.get(name) ?? (assert.unreachable(`no ${name}\n${console.slice(-3000)}`) as never)
    context.ran = { part, console, hvc: await readFile(hvc, 'latin1') }
    if (process.env['SHOW_PARTS'] === '1')
      for (const [name, { said, status }] of parts) process.stderr.write(`== ${name} ${status}\n${said}`)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
})

const promise = (what: string, body: (ran: Ran) => void): void =>
  test(what, ({ ran }) => {
    if (ran === undefined) throw new Error('it did not boot')
    body(ran)
  })

promise('podman keeps its images on workspace, by the overlay driver', ({ part }) => {
  assert.is(part('storage').said.trim(), 'overlay /var/lib/containers/storage')
  assert.is(part('image').status, 0, part('image').said)
  assert.match(part('stored').said, /images\.json$/m)
  assert.match(
    part('stored').said,
    /^\/dev\/\S+\[\/\.cvmboot-directories\/var=lib=containers\] ext4 rw,nosuid,nodev,/m,
  )
  assert.is(part('hidden').said, '700 root\n755 root\n')
})

promise('a container runs, writes in its layer, and has a network', ({ part }) => {
  assert.is(part('alone').said.trim().split('\n').at(-1), 'from a container')
  assert.match(part('bridge').said, /eth0 +inet 10\.\d+\.\d+\.\d+\/\d+/)
})

promise('the devices of the host are there', ({ part }) => {
  assert.is(part('devices').status, 0, part('devices').said)
})

promise('and no getty, no ssh and no agent was started for any of them', ({ part, hvc }) => {
  assert.is(part('gettys').said, '')
  assert.is(part('ssh').said, '')
  assert.is(part('failed').said, '')
  assert.is(part('agent').said, 'LoadState=masked\nActiveState=inactive\n')
  assert.is(part('listening').said, '')
  assert.not.match(part('generators').said, /getty|ssh/)
  assert.not.match(hvc, /login/)
})

promise(
  'verify and status know the directories, and verify notices what covers one or adds a generator',
  ({ part }) => {
    assert.is(part('verify').status, 0, part('verify').said)
    assert.match(part('verify').said, /^ok +mount \/var\/lib\/containers +on workspace$/m)
    assert.match(part('status').said, /^on workspace +encrypted /m)
    assert.match(part('verify-covered').said, /verify-mount: cannot trust \/var\/lib\/containers any more/)
    assert.match(part('verify-generator').said, /verify-setting: cannot trust that other is masked/)
  },
)

promise('check has nothing to add for podman, and says that nothing else can be loaded', ({ part }) => {
  assert.match(part('check').said, /^note +later modules +the root has no modules/m)
  assert.not.match(part('check').said, /podman/)
})

promise('cleanup takes the directories down with the volume', ({ part }) => {
  assert.match(part('cleanup-dry').said, /^unmount \/var\/lib\/containers$/m)
  assert.is(part('cleanup').status, 0, part('cleanup').said)
  assert.match(part('cleanup').said, /^close workspace, and drop its key$/m)
})

test.run()
