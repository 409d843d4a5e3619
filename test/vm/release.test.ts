// KEY=release in real boots: the production executable on the stand-in for SEV-SNP asks its owner for the key of workspace, over a
// port of virtio-serial. The test is the relay and the owner.

import { createPublicKey } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { printFrame, printKeyRequest, takeFrame } from '../../src/evidence/release-wire.ts'
import { printReleaseOwner } from '../../src/layout/release-owner.ts'
import { run } from '../../src/machine/exec.ts'
import { evidenceOf } from '../../src/proof/state.ts'
import { ownerKey, secretOf } from '../with/grants.ts'
import { type Given, granted, readRequest } from '../with/owner-relay.ts'
import { suite } from '../with/suite.ts'
import { copyOf } from './disk.ts'
import { readReport } from './guest-report.ts'
import { checkRefusal } from './refusal.ts'
import { packOnTee, teeWords } from './tee/build.ts'
import { powerOn } from './tee/scenarios.ts'
import { executable, power, trees, type World, world } from './world.ts'

type Context = {
  readonly from: World
  readonly scratch: string
  readonly initramfs: string
  readonly disk: string
}
const test = suite<Context>('keys from an owner')

const owner = printReleaseOwner(createPublicKey(ownerKey(1)))

test.before(async (context) => {
  const from = await world()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-release-'))
  const config = join(scratch, 'release.conf')
  const own = await readFile(join(trees, 'partition.conf'), 'utf8')
  // Time enough for a loaded machine: the boot goes on as soon as the grant is there.
  const keys = `WORKSPACE_KEY=release\nRELEASE_OWNER=${owner}\nRELEASE_TIMEOUT=120\n`
  await writeFile(config, `${own}INIT=/usr/libexec/keep-marker\n${keys}`)
  const initramfs = join(scratch, 'initramfs')
  await packOnTee(from, 'cvmboot', config, initramfs)
  Object.assign(context, {
    from,
    scratch,
    initramfs,
    disk: await copyOf(from.disk, join(scratch, 'disk.img')),
  })
})
test.after(({ scratch }) => rm(scratch, { recursive: true, force: true }))

/** A relay on a socket, which keeps all bytes of both directions. `answer` gives the grant for each request. */
const relayOn = (path: string, given: Given) => {
  const record: Buffer[] = []
  let requests = 0
  const serve = (socket: Socket): void => {
    let pending: Buffer = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      record.push(bytes)
      pending = Buffer.concat([pending, bytes])
      const found = takeFrame(pending, 1 << 20)
      if (found === 'more') return
      if ('wrong' in found) throw new Error(found.wrong)
      pending = found.rest
      requests++
      // The boot sends its request again where an answer takes long; one answer is enough.
      if (requests > 1) return
      const back = printFrame(granted(readRequest(found.frame), given))
      record.push(back)
      socket.write(back)
    })
    socket.on('error', () => undefined)
  }
  const server = createServer(serve).listen(path)
  return {
    record,
    requests: () => requests,
    [Symbol.dispose]: () => void server.close(),
  }
}

const starts = async (context: Context, given: Given, writes: 'keep' | 'drop', until?: 'halted') => {
  const socket = join(context.scratch, 'port')
  await rm(socket, { force: true })
  using relay = relayOn(socket, given)
  const boot = await power(context.from, {
    initramfs: context.initramfs,
    cmdline: `${context.from.cmdline} ${teeWords(powerOn)}`,
    disks: [{ file: context.disk, writes }],
    devices: [
      ...['-device', 'virtio-serial-pci', '-chardev', `socket,id=release,path=${socket}`],
      ...['-device', 'virtserialport,chardev=release,name=org.cvmboot.release'],
    ],
    ...(until === undefined ? undefined : { until, timeoutSeconds: 300 }),
  })
  const seen = Buffer.concat([...relay.record, Buffer.from(boot.console)])
  for (const secret of [9, 8])
    for (const form of ['latin1', 'hex', 'base64'] as const)
      assert.not.ok(
        seen.includes(secretOf(secret).bytes.toString(form), 0, form === 'latin1' ? 'latin1' : 'utf8'),
      )
  return { boot, requests: relay.requests() }
}

/** The same boot with `cvmboot release relay` beside QEMU, and an owner who puts the grant into its directory. */
const startsByRelay = async (context: Context, given: Given): Promise<string> => {
  const socket = join(context.scratch, 'server')
  const directory = await mkdtemp(join(context.scratch, 'relay-'))
  let relayed: Promise<unknown> | undefined
  const { console } = await power(context.from, {
    initramfs: context.initramfs,
    cmdline: `${context.from.cmdline} ${teeWords(powerOn)}`,
    disks: [{ file: context.disk, writes: 'keep' }],
    devices: [
      ...['-device', 'virtio-serial-pci', '-chardev', `socket,id=release,path=${socket},server=on,wait=off`],
      ...['-device', 'virtserialport,chardev=release,name=org.cvmboot.release'],
    ],
    onLine: () => {
      relayed ??= Promise.all([
        run(executable('cvmboot'), ['release', 'relay', '--socket', socket, '--directory', directory]),
        grantInto(directory, given),
      ])
    },
  })
  await relayed
  return console
}

/** Waits for the evidence, and grants the key to its boot. */
const grantInto = async (directory: string, given: Given): Promise<void> => {
  for (;;) {
    const evidence = await readFile(join(directory, 'evidence.json'), 'utf8').catch(() => undefined)
    if (evidence !== undefined) {
      const read = readRequest(printKeyRequest({ volumes: ['workspace'], evidence }))
      return await writeFile(join(directory, 'workspace.grant'), granted(read, given))
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('the first boot makes workspace with the secret of its owner, and the second finds its data', async (context) => {
  const first = await starts(context, { sequence: 2 }, 'keep')
  const made = readReport(first.boot.console)
  const workspace = evidenceOf(made.state, 'open-lasting').find(({ volume }) => volume === 'workspace')
  assert.equal([workspace?.key, workspace?.provisioned], ['release', 'yes'])
  assert.equal(evidenceOf(made.state, 'request-release')[0]?.owner, owner)
  assert.is(made.facts.get('tee'), 'gone')

  const console = await startsByRelay(context, { sequence: 2 })
  assert.is(readReport(console).facts.get('marker workspace'), 'marker of workspace, to be found by no one')
})

test('an older grant halts with release-sequence, and a grant with another secret opens nothing', async (context) => {
  const older = await starts(context, { sequence: 1 }, 'drop', 'halted')
  checkRefusal(older.boot, 'release-sequence')
  const other = await starts(context, { sequence: 2, secret: 8 }, 'drop', 'halted')
  checkRefusal(other.boot, 'header-mac')
})

test.run()
