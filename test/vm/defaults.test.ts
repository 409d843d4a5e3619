// The default configuration carries an ordinary Debian, and a minimal one: no unit fails, the launcher runs, verify finds
// nothing wrong, and the machine powers off without a wait. Each boot also takes another way into the root: our own, and those
// of the two generators.

import * as assert from 'uvu/assert'
import { parseMounts } from '../../src/runtime/mounts.ts'
import { isOwn } from '../../src/runtime/own-mounts.ts'
import { machineIdDigest } from '../../src/system/machine-id.ts'
import { suite } from '../with/suite.ts'
import { bootDefaults, type Ordinary } from './defaults.ts'
import { inLanes } from './matrix/lanes.ts'

const all: readonly (Ordinary & { readonly systemd: string; readonly fails: readonly string[] })[] = [
  { suite: 'trixie', kind: 'ordinary', generator: 'pack', systemd: '257', fails: [] },
  { suite: 'bookworm', kind: 'ordinary', generator: 'dracut', systemd: '252', fails: [] },
  {
    suite: 'trixie',
    kind: 'minimal',
    generator: 'initramfs-tools',
    systemd: '257',
    // A root without the library of kmod: whoever boots it has this unit failed.
    fails: ['systemd-modules-load.service'],
  },
]

type Machine = (typeof all)[number]
const nameOf = ({ suite, kind, generator }: Machine) => `${kind} ${suite}, by ${generator}`
const words = process.argv.slice(2)
const machines = all.filter((one) => words.length === 0 || words.some((word) => nameOf(one).includes(word)))
type Looked = Awaited<ReturnType<typeof bootDefaults>>
const test = suite<{ boots: Map<Machine, Promise<Looked>> }>('the default configuration')

test.before((context) => {
  context.boots = inLanes(machines, bootDefaults)
})

const ids = new Set<string>()

for (const machine of machines) {
  const { systemd, fails } = machine
  const name = nameOf(machine)
  const looked = async (boots: Map<Machine, Promise<Looked>>) => {
    const { boot, parts } = (await boots.get(machine)) as Looked
    const said = (part: string) => parts.get(part)?.said ?? `(the machine did not get to ${part})`
    return { boot, parts, said }
  }

  test(`${name}: no unit fails, and the system is up`, async ({ boots }) => {
    const { boot, said, parts } = await looked(boots)
    process.stdout.write(`  ${name}: ${boot.ended} after ${boot.seconds.toFixed(0)} s\n`)
    assert.match(said('version'), new RegExp(`^systemd ${systemd} `))
    const failed = said('failed')
      .split('\n')
      .flatMap((line) => line.split(' ')[0] || [])
    const why = [...parts].filter(([part]) => part.startsWith('why ')).map(([, part]) => part.said)
    assert.equal(failed, fails, why.join('\n'))
    assert.is(said('running'), fails.length === 0 ? 'running\n' : 'degraded\n')
    assert.is(said('jobs'), '')
  })

  test(`${name}: verify finds nothing, and the launcher runs`, async ({ boots }) => {
    const { parts, said } = await looked(boots)
    assert.is(parts.get('verify')?.status, 0, said('verify'))
    assert.match(said('verify'), /^ok {4}machine ID +new, of this boot$/m)
    assert.is(parts.get('status')?.status, 0, said('status'))
    assert.match(said('status'), /^machine ID +new at this boot$/m)
    assert.match(said('unit cvmboot'), /^Result=success$/m)
    assert.match(said('unit cvmboot-cleanup'), /^ActiveState=active$/m)
    assert.match(said('unit oem-launcher'), /^SubState=running$/m)
    assert.is(said('launched'), 'launched as 0 from /mnt/nvflare/oem-launcher/launch\n')
  })

  test(`${name}: systemd has the ID of the boot, mounts nothing over it, and runs no first boot`, async ({
    boots,
  }) => {
    const { parts, said } = await looked(boots)
    const id = said('machine-id')
    assert.match(id, /^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\n$/)
    assert.not.ok(ids.has(id))
    ids.add(id)
    assert.ok(said('state').includes(machineIdDigest(id)))
    // What systemd itself takes it for.
    assert.is(said('boot-id'), id)
    assert.is(parts.get('first-boot')?.status, 1, said('first-boot'))
    const mounts = parseMounts(said('mounts'))
    const over = mounts.filter(({ target }) => target === '/etc/machine-id').map(({ root }) => root)
    assert.equal(over, ['/cvmboot/machine-id'])
    const elsewhere = mounts.filter(({ target }) => !/^\/(?:mnt|run|tmp|var)(?:\/|$)/.test(target))
    const others = elsewhere.filter((mount) => !isOwn(mount)).map(({ target }) => target)
    assert.equal(others.sort(), ['/', '/etc/machine-id'])
  })

  test(`${name}: it powers off without a time-out, and with nothing left to clean up`, async ({ boots }) => {
    const { boot } = await looked(boots)
    assert.is(boot.ended, 'off')
    const end = boot.console.slice(boot.console.lastIndexOf('probe: end'))
    // The root stays in use to the end, which systemd says in words of its own.
    assert.not.match(end, /timed out|a stop job is running|\[ *(?:TIME|FAILED|DEPEND) *\]/i)
    assert.match(end, /nothing is left to clean up/)
    assert.match(end, /reboot: Power down/)
  })
}

test.run()
