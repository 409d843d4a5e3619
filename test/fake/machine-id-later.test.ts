// What `verify` says of /etc/machine-id, and of the mounts that systemd makes by itself.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseConfig } from '../../src/config/config.ts'
import { say } from '../../src/fault/index.ts'
import { planBoot } from '../../src/plan/plan.ts'
import type { StepEvidence } from '../../src/proof/state.ts'
import { findingsOf } from '../../src/runtime/compare.ts'
import { parseMounts } from '../../src/runtime/mounts.ts'
import { isOwn } from '../../src/runtime/own-mounts.ts'
import { sceneOf } from '../../src/runtime/scene.ts'
import { machineIdDigest } from '../../src/system/machine-id.ts'
import type { Finding } from '../../src/terminal/finding.ts'
import { bootedState } from '../with/golden-machine.ts'
import { parseParams } from '../with/params.ts'
import { systemOf } from '../with/recorded-system.ts'
import { goodCmdline } from './machine.ts'

const id = '05eef78b53e34eab941e5697aefecdc8\n'
const root = '28 1 254:0 / / ro,relatime shared:1 - erofs /dev/dm-0 ro'
const ours = '38 28 0:24 /cvmboot/machine-id /etc/machine-id ro,nosuid,nodev,noexec - tmpfs run rw'
const systemds = '38 28 0:24 /machine-id /etc/machine-id ro,nosuid,nodev - tmpfs run rw'

type Machine = {
  readonly config?: string
  readonly text?: string
  readonly lines?: readonly string[]
  readonly evidence?: StepEvidence
}
const given: StepEvidence = {
  kind: 'machine-id',
  file: '/etc/machine-id',
  place: 'mounted',
  digest: machineIdDigest(id),
}

const sceneWith = ({ config = '', text = id, lines = [ours], evidence = given }: Machine) => {
  const system = systemOf({
    kernel: '6.12.1',
    texts: { '/etc/machine-id': text, '/proc/1/mountinfo': `${[root, ...lines].join('\n')}\n` },
  })
  const step = { step: 'machine-id new', at: 1, milliseconds: 1, evidence }
  const state = { ...bootedState(), steps: [step] }
  return sceneOf(system, planBoot(parseParams(goodCmdline), parseConfig(config), 'own'), state)
}
const says = (finding: Finding): string =>
  finding.result === 'bad' ? say(finding.fault) : `${finding.result}: ${finding.says}`
const found = (machine: Machine): string => findingsOf('machine ID', sceneWith(machine)).map(says).join()

const layered = 'OVERLAYS="/etc /var"'
for (const [what, machine, expected] of [
  ['the file of the boot, mounted', {}, /^good: new, of this boot$/],
  ['the file of the boot, in the layer', { config: layered, lines: [] }, /^good: new, of this boot$/],
  ['no mount', { lines: [] }, /^verify-mount: .*: nothing of ours is mounted there/],
  ["systemd's own mount", { lines: [systemds] }, /\/machine-id of run is mounted there/],
  [
    'another mount on top',
    { lines: [ours, '39 38 0:24 /evil /etc/machine-id ro - tmpfs run rw'] },
    /\/evil of run is mounted there/,
  ],
  [
    'a mount over all of /etc',
    { lines: [ours, '39 28 0:24 /evil /etc ro - tmpfs run rw'] },
    /nothing of ours is mounted there/,
  ],
  [
    'a file of another file system',
    { lines: [ours.replace('tmpfs run', 'ext4 /dev/sdb')] },
    /of \/dev\/sdb is/,
  ],
  ['a remount rw', { lines: [ours.replace(' ro,', ' rw,')] }, /it is not mounted ro/],
  ['a remount suid', { lines: [ours.replace('nosuid,', '')] }, /it is not mounted nosuid/],
  ['another ID', { text: `${'a'.repeat(32)}\n` }, /it has another ID than the boot gave/],
  [
    'another ID in the layer',
    { config: layered, lines: [], text: '\n' },
    /it has another ID than the boot gave/,
  ],
  [
    'a mount over the file in the layer',
    { config: layered, lines: [systemds] },
    /tmpfs \(run\) is mounted there/,
  ],
  [
    'a state without the step',
    { evidence: { kind: 'load-modules' } },
    /it has another ID than the boot gave/,
  ],
  ["the root's own", { config: 'MACHINE_ID=keep', lines: [] }, /^good: the root's own/],
  [
    "systemd's own where the root has none",
    { config: 'MACHINE_ID=keep', lines: [systemds] },
    /^note: systemd made one for this boot, perhaps of the UUID that the host gave/,
  ],
  [
    'anything else where the root has one',
    { config: 'MACHINE_ID=keep', lines: [systemds.replace('/machine-id /etc', '/evil /etc')] },
    /^verify-mount: .*tmpfs \(run\) is mounted there/,
  ],
  [
    "systemd's own, writable",
    { config: 'MACHINE_ID=keep', lines: [systemds.replace(' ro,', ' rw,')] },
    /^verify-mount: /,
  ],
] as const)
  test(`${what} is told`, () => assert.match(found(machine), expected))

test('no mount at that path is said to be unplanned beside', () => {
  const scene = sceneWith({ lines: [systemds] })
  assert.not.ok(
    findingsOf('other mounts', scene).some((finding) => says(finding).startsWith('verify-unplanned')),
  )
})

/** Of PID 1: Debian 13 with systemd 257, Debian 12 with systemd 252, each as test/vm/defaults.ts boots it. */
const real = `
24 28 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
25 28 0:23 / /sys rw,nosuid,nodev,noexec,relatime shared:13 - sysfs sysfs rw
26 28 0:6 / /dev rw,nosuid,relatime shared:9 - devtmpfs dev rw,size=272388k,nr_inodes=68097,mode=755,inode64
39 25 0:7 / /sys/kernel/security rw,nosuid,nodev,noexec,relatime shared:14 - securityfs securityfs rw
40 26 0:30 / /dev/shm rw,nosuid,nodev shared:10 - tmpfs tmpfs rw,inode64
41 26 0:31 / /dev/pts rw,nosuid,noexec,relatime shared:11 - devpts devpts rw,gid=5,mode=600,ptmxmode=000
42 25 0:32 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:15 - cgroup2 cgroup2 rw,nsdelegate
43 25 0:33 / /sys/fs/pstore rw,nosuid,nodev,noexec,relatime shared:16 - pstore pstore rw
44 25 0:34 / /sys/fs/bpf rw,nosuid,nodev,noexec,relatime shared:17 - bpf bpf rw,mode=700
45 26 0:35 / /dev/hugepages rw,nosuid,nodev,relatime shared:23 - hugetlbfs hugetlbfs rw,pagesize=2M
46 25 0:8 / /sys/kernel/debug rw,nosuid,nodev,noexec,relatime shared:20 - debugfs debugfs rw
47 26 0:21 / /dev/mqueue rw,nosuid,nodev,noexec,relatime shared:21 - mqueue mqueue rw
49 25 0:13 / /sys/kernel/tracing rw,nosuid,nodev,noexec,relatime shared:24 - tracefs tracefs rw
50 25 0:40 / /sys/fs/fuse/connections rw,nosuid,nodev,noexec,relatime shared:28 - fusectl fusectl rw
44 24 0:34 / /dev/hugepages rw,relatime shared:21 - hugetlbfs hugetlbfs rw,pagesize=2M
`
const realMounts = parseMounts(real)

test('what systemd 252 and 257 mount by themselves is known', () => {
  assert.is(realMounts.length, 15)
  assert.equal(
    realMounts.filter((mount) => !isOwn(mount)).map(({ target }) => target),
    [],
  )
})

test('each of them elsewhere, in part, as another type, or looser, is not', () => {
  for (const mount of realMounts) {
    const { target, options } = mount
    for (const change of [
      { target: `${target}/below` },
      { target: `/usr${target}` },
      { target: '/usr/share' },
      { root: '/evil' },
      { type: 'ext4' },
      { type: 'overlay' },
      { type: target === '/sys/fs/cgroup' ? 'ramfs' : target === '/dev/shm' ? 'ramfs' : 'tmpfs' },
    ])
      assert.not.ok(isOwn({ ...mount, ...change }), `${target} ${JSON.stringify(change)}`)
    if (target !== '/dev/hugepages')
      assert.not.ok(isOwn({ ...mount, options: options.filter((one) => one !== 'nosuid') }), target)
  }
  for (const line of [
    '60 26 0:50 / /dev/evil rw,nosuid,nodev - tmpfs tmpfs rw',
    '60 25 0:50 / /sys/fs/cgroup/evil rw,nosuid,nodev,noexec - tmpfs tmpfs rw',
    '60 25 0:50 / /sys/fs/cgroup/one/two rw,nosuid,nodev,noexec - cgroup cgroup rw',
    '60 24 0:50 / /proc/sys rw,nosuid,nodev,noexec - proc proc rw',
    '60 25 0:50 / /sys/kernel rw,nosuid,nodev,noexec - sysfs sysfs rw',
    '60 28 0:50 / /etc/ssh rw,nosuid,nodev - tmpfs tmpfs rw',
  ])
    for (const mount of parseMounts(line)) assert.not.ok(isOwn(mount), line)
})

test('a directory for containers that the boot made has to be there', () => {
  const evidence: StepEvidence = { kind: 'container-stores', stores: ['/var/lib/containers'] }
  const layer = '37 28 0:27 / /var rw,nosuid,nodev - overlay overlay rw,lowerdir=/sysroot/var'
  const store = '39 37 0:26 /stores/var/lib/containers /var/lib/containers rw,nosuid,nodev - tmpfs tmpfs rw'
  const told = (...lines: string[]) => {
    const scene = sceneWith({ lines: [layer, ...lines] })
    const step = { step: 'container-stores in memory', at: 1, milliseconds: 1, evidence }
    const findings = findingsOf('stores', { ...scene, state: { ...scene.state, steps: [step] } })
    const own = findings.filter(({ subject }) => subject === 'mount /var/lib/containers')
    return own.map(says).join()
  }
  assert.is(told(store), 'good: memory of the layers, for containers')
  assert.match(told(), /^verify-mount: .*nothing of ours is/)
  assert.match(
    told(store.replace('/stores/', '/other/')),
    /\/other\/var\/lib\/containers of tmpfs is mounted/,
  )
  assert.match(told(store.replace('nosuid,', '')), /it is not mounted nosuid/)
  assert.match(told(store.replace('tmpfs tmpfs', 'ext4 /dev/sdb')), /of \/dev\/sdb is mounted/)
  // The state of a boot whose root has no engine names none.
  assert.not.ok(findingsOf('stores', sceneWith({})).length > 0)
})

test.run()
