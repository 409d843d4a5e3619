// The verbs for a running CVM in a real one. They find the boot as it was measured, and notice each change behind its back.
// UPDATE_GOLDEN=1 writes test/golden/boot and the output in docs/operate.md anew, by golden.ts.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { parseState } from '../../src/proof/state.ts'
import { suite } from '../with/suite.ts'
import { shapeOf, writeGolden } from './golden.ts'
import { type Part, run } from './running.ts'
import { project } from './world.ts'

type Ran = { console: string; parts: ReadonlyMap<string, Part>; part: (name: string) => Part }

const test = suite<Ran>('a running CVM')

test.before(async (ran) => {
  const { boot, parts } = await run()
  ran.console = boot.console
  ran.parts = parts
  ran.part = (name) => parts.get(name) ?? (assert.unreachable(`the probe did not get to ${name}`) as never)
  assert.is(boot.ended, 'off')
  if (process.env['UPDATE_GOLDEN'] === '1') writeGolden(parts)
})

/** What docs/operate.md shows, without its frame. */
const shown = (name: string): string =>
  new RegExp(`<!-- ${name}:.*-->\\s+\`\`\`text\\n([\\s\\S]*?)\`\`\``).exec(
    readFileSync(join(project, 'docs/operate.md'), 'utf8'),
  )?.[1] ?? ''

test('docs/operate.md and the recorded boot say what this machine says, but for times, sizes and hashes', ({
  part,
}) => {
  const stepsOf = (text: string) => parseState(text)?.steps.map(({ step, evidence }) => [step, evidence])
  const golden = readFileSync(join(project, 'test/golden/boot/state.json'), 'utf8')
  const [recorded, here] = [golden, part('state').said].map((text) => shapeOf(JSON.stringify(stepsOf(text))))
  assert.is(here, recorded)
  assert.is(shapeOf(part('status-narrow').said), shapeOf(shown('status')))
  assert.is(shapeOf(part('verify-narrow').said), shapeOf(shown('verify')))
  const [difference = ''] = /^FAIL.*\n(?: .*\n)*/m.exec(part('verify-difference').said) ?? []
  assert.is(shapeOf(difference), shapeOf(shown('verify-difference')))
})

test('as it was measured: verify finds nothing, and reads all that is verified', ({ part }) => {
  const { said, status } = part('verify')
  assert.is(status, 0, said)
  const { good, findings } = JSON.parse(said)
  assert.is(good, true)
  const subjects = findings.map(({ subject }: { subject: string }) => subject)
  for (const name of ['root-fs', 'oem-launcher', 'os-config'])
    assert.ok(subjects.includes(`all of ${name}`), name)
  assert.match(said, /\d+ MiB read and verified at \d+ MB\/s/)
})

test('status: healthy, with every volume, its use and its table', ({ part }) => {
  const { said, status } = part('status')
  assert.is(status, 0, said)
  assert.match(said, /^healthy: /m)
  assert.match(
    said,
    /^root-fs +verified +dm-0: vda1 vda2 +sha256 [0-9a-f]{12}\.\.\. .* \/ +erofs,ro +\d+M +100%$/m,
  )
  assert.match(
    said,
    /^workspace +encrypted +dm-4: vda7 +aes-xts-plain64, hmac-sha256 +mock .* ext4,rw,nosuid,nodev +\d+M +\d+%$/m,
  )
  assert.not.ok(said.includes('\u001b'))
  const json = JSON.parse(part('status-json').said)
  assert.is(json.healthy, true)
  assert.match(json.volumes[0].table, /^verity 1 \S+ \S+ 4096 4096 \d+ 1 sha256 [0-9a-f]{64} /)
})

test('report: asks kernel and systemd of this boot', ({ part }) => {
  const { said, status } = part('report')
  assert.is(status, 0, said)
  for (const words of ['of it unpacking the initramfs', 'start of the system', 'open-verity root-fs'])
    assert.ok(said.includes(words), words)
})

test("the scripts' name of the service is cvmboot.service: each start verifies anew, and fails where verify does", ({
  part,
}) => {
  const [booted, again, failed] = ['unit-booted', 'unit-again', 'unit-failed'].map((name) => part(name).said)
  for (const said of [booted, again, failed]) assert.match(said ?? '', /^Id=cvmboot\.service$/m)
  for (const said of [booted, again]) assert.match(said ?? '', /^Result=success$/m)
  assert.is(part('unit-start').status, 0)
  const invocation = (said = '') => /^InvocationID=([0-9a-f]{32})$/m.exec(said)?.[1]
  assert.is(new Set([booted, again, failed].map(invocation)).size, 3)
  assert.match(part('unit-status').said, /cvmboot\.service - .*[\s\S]*ExecStart=\/usr\/sbin\/cvmboot verify/)
  assert.match(part('unit-status').said, /cvmboot\[\d+\]: ok {4}/)
  assert.is(part('unit-refuses').status, 1)
  assert.match(failed ?? '', /^Result=exit-code$/m)
})

test('what a drop-in says of a failure is done: the machine was powered off', ({ parts }) => {
  // `boot.ended` says that it went off; the probe would have said that it had to do so itself.
  assert.not.ok(parts.has('failure-action'))
})

test('and the last program of all cleaned up once more, as the kernel says', ({ console }) => {
  assert.match(
    console.slice(console.lastIndexOf('probe: end')),
    /^\[ *[\d.]+\] (?:wipe the files|nothing is left)/m,
  )
})

test("the program launch runs in its sandbox, and the journal has its words under the unit's own name", ({
  part,
}) => {
  const { said, status } = part('launcher')
  assert.is(status, 0)
  assert.equal(said.trim().split('\n'), [
    'launched: /mnt/nvflare/oem-launcher/launch',
    'CapEff:\t0000000000000000',
    'NoNewPrivs:\t1',
    'touch /mnt/nvflare/workspace/launched-by-unit: done',
    'touch /mnt/nvflare/job-store/launched-by-unit: done',
    'touch /etc/launched-by-unit: Read-only file system',
    'touch /var/launched-by-unit: Read-only file system',
    'unshare --net true: Operation not permitted',
    'ls /dev/mapper/control: No such file or directory',
  ])
})

for (const [change, says] of [
  [
    'bind',
    /^cvmboot(?:-mock)?: verify-mount: cannot trust \/mnt\/nvflare\/oem-launcher any more: run is mounted there/m,
  ],
  ['bind-inside', /: verify-unplanned: cannot trust \/usr\/share: tmpfs \(run\) is mounted over/],
  ['bind-proc', /: verify-unplanned: cannot trust \/proc\/swaps: tmpfs \(run\) is mounted over/],
  ['bind-above', /: verify-mount: cannot trust \/mnt\/nvflare\/oem-launcher any more: .*something covers it/],
  ['overlay', /: verify-unplanned: cannot trust \/usr\/share: overlay \(evil\)/],
  ['remount', /: verify-mount: cannot trust \/mnt\/nvflare\/workspace any more: it is not mounted nosuid/],
  ['writable', /: verify-mount: cannot trust \/mnt\/nvflare\/os-config any more: it is not mounted ro/],
  ['tmpfs', /: verify-mount: cannot trust \/tmp any more: its limit is 1073741824/],
  ['inodes', /: verify-mount: cannot trust \/tmp any more: its limit of files is 1048576/],
  ['loop', /: verify-shared: cannot trust \/dev\/vda7: \/dev\/loop0 lies on it/],
  ['mapping', /: verify-shared: cannot trust \/dev\/vda3: the mapping again lies on it/],
  [
    'table',
    /: verify-mapping: cannot trust oem-launcher any more: its mapping has another table: .* ignore_corruption/,
  ],
  [
    'unmask',
    /: verify-setting: cannot trust that swap\.target is masked as the boot set it: it is not masked/,
  ],
  ['setting', /: verify-setting: cannot trust that kernel\.sysrq is 0 as the boot set it: it is 1/],
  [
    'swap',
    /: verify-swap: cannot keep memory from the host: swap is in use on \/mnt\/nvflare\/workspace\/swap/,
  ],
] as const)
  test(`${change} is noticed`, ({ part }) => {
    assert.is(part(`do ${change}`).status, 0, part(`do ${change}`).said)
    const { said, status } = part(`verify ${change}`)
    assert.match(said, says)
    assert.is(status, 29)
    assert.is(part(`undo ${change}`).status, 0, part(`undo ${change}`).said)
  })

for (const [change, says] of [
  [
    'header',
    /: verify-header: cannot trust the header of workspace: on \/dev\/vda7 is not the one that this boot opened/,
  ],
  [
    'spare',
    /: verify-header: cannot trust the header of workspace: on \/dev\/vda7 has another one behind it/,
  ],
] as const)
  test(`a changed header (${change}) of the volume that lasts is noticed`, ({ part }) => {
    assert.is(part(`do ${change}`).status, 0, part(`do ${change}`).said)
    const { said, status } = part(`verify ${change}`)
    assert.match(said, says)
    assert.is(status, 29)
    assert.is(part(`undo ${change}`).status, 0)
  })

test('check: what this small machine lacks for the shipped configuration, each with its code', ({ part }) => {
  const { said, status } = part('check')
  assert.is(status, 13)
  for (const code of ['cvm-absent', 'memory-small', 'disk-small'])
    assert.match(said, new RegExp(`^FAIL .* ${code}: `, 'm'))
  assert.match(said, /^ok +mount points +this system was booted by cvmboot/m)
})

test('once each is undone, nothing is left to find', ({ part }) => {
  const { said, status } = part('after')
  assert.is(status, 0, said)
})

test('cleanup says who is in its way, and does nothing', ({ part }) => {
  const { said, status } = part('cleanup-busy')
  assert.match(
    said,
    /cleanup-busy: cannot clean up while process \d+ \(sleep\) uses \/mnt\/nvflare\/workspace/,
  )
  assert.is(status, 28)
  const dry = part('cleanup-dry')
  assert.is(dry.status, 0)
  assert.match(dry.said, /^unmount \/mnt\/nvflare\/workspace$/m)
  assert.match(dry.said, /^close workspace, and drop its key$/m)
  assert.match(dry.said, /^process \d+ \(sleep\) prevents this clean-up: it uses /m)
})

test('cleanup takes everything down but the root, erases the header of what lasts, and can be repeated', ({
  part,
}) => {
  const { said, status } = part('cleanup')
  assert.is(status, 0, said)
  assert.match(said, /^erase workspace: 2097152 bytes of headers on \/dev\/vda7$/m)
  const again = part('cleanup-again')
  assert.is(again.status, 0, again.said)
  const left = part('cleanup-left').said.trim().split('\n')
  assert.equal(
    left.filter(
      (line) => !/^(?:root-fs|os-config)\t/.test(line) && !line.includes(' /mnt/nvflare/os-config '),
    ),
    ['0'],
    left.join('\n'),
  )
})

test.run()
