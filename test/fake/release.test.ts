// A boot that gets the keys of its volumes from their owner, over a relay that is hostile: each attack ends in its own code, and
// no secret is left in memory.

import { createPublicKey } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Scope } from '../../src/evidence/grant.ts'
import { printFrame, takeFrame } from '../../src/evidence/release-wire.ts'
import { headerAreaBytes, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { printReleaseOwner } from '../../src/layout/release-owner.ts'
import type { Port } from '../../src/machine/machine.ts'
import { evidenceOf, parseState, statePath } from '../../src/proof/state.ts'
import { ownerKey } from '../with/grants.ts'
import { type Given, granted, notAfter, type Read, readRequest } from '../with/owner-relay.ts'
import { booted } from './booted.ts'
import { fakeMachine, goodWorld, type World } from './machine.ts'

const owner = printReleaseOwner(createPublicKey(ownerKey(1)))
const config = `WORKSPACE_KEY=release\nRELEASE_OWNER=${owner}\nRELEASE_TIMEOUT=20\nRELEASE_RETRY=5\n`

/** A relay: `answer` gets each request, with its number from 0, and gives the bytes that go back. */
type Relay = { readonly requests: Read[]; readonly port: (name: string) => Port | undefined; sent: Buffer }

const relay = (
  answer: (read: Read, number: number) => Buffer,
  { portion = 65536, taken = 65536 }: { portion?: number; taken?: number } = {},
): Relay => {
  const requests: Read[] = []
  let toHost: Buffer = Buffer.alloc(0)
  let toBoot: Buffer = Buffer.alloc(0)
  const made: Relay = {
    requests,
    sent: Buffer.alloc(0),
    port: (name) => {
      assert.is(name, 'org.cvmboot.release')
      return {
        read: () => {
          const bytes = toBoot.subarray(0, portion)
          toBoot = toBoot.subarray(bytes.length)
          return bytes
        },
        write: (bytes) => {
          const some = bytes.subarray(0, taken)
          toHost = Buffer.concat([toHost, some])
          const found = takeFrame(toHost, 1 << 20)
          if (found !== 'more') {
            if ('wrong' in found) throw new Error(found.wrong)
            toHost = found.rest
            const read = readRequest(found.frame)
            requests.push(read)
            const back = answer(read, requests.length - 1)
            made.sent = Buffer.concat([made.sent, back])
            toBoot = Buffer.concat([toBoot, back])
          }
          return some.length
        },
        close: () => {},
      }
    },
  }
  return made
}

const honest = (given: Given = {}): Relay => relay((read) => printFrame(granted(read, given)))

const worldWith = (by: Relay, text = config): World => ({ ...goodWorld(), config: text, port: by.port })
const device = '/dev/vda7'
const sealed = (world: World) => {
  const area = fakeMachine(world).machine.read(device, 0n, headerAreaBytes)
  return parseLuks2(area, 'workspace', 'xts').header.tokens?.tee?.sealed
}

const boots = async (world: World) => {
  const result = await booted(world)
  assert.is(result.halt, undefined)
  assert.is(result.ended, 'switch-root')
  const state = parseState(result.files.get(statePath) ?? '')
  if (state === undefined) throw new Error('no state')
  const [opened] = evidenceOf(state, 'open-lasting')
  const [asked] = evidenceOf(state, 'request-release')
  return { ...result, opened, asked }
}

test('the first boot makes the volume with the secret of its owner, and the second opens it with the same secret', async () => {
  const world = worldWith(honest())
  const first = await boots(world)
  assert.is(first.opened?.provisioned, 'yes')
  assert.equal(first.asked, {
    kind: 'request-release',
    volumes: ['workspace'],
    grants: [`workspace 1 ${notAfter}`],
    owner,
  })
  assert.equal(sealed(world), { release: { sequence: '1' } })
  const by = honest()
  const second = await boots({ ...world, port: by.port })
  assert.is(second.opened?.provisioned, 'no')
  assert.is(second.opened?.renewed, 'no')
  assert.is(by.requests.length, 1)
})

test('the request goes out before any encrypted volume is opened, and the TEE is closed after', async () => {
  const { effects, lines } = await boots(worldWith(honest()))
  const order = ['openPort org.cvmboot.release', 'openMapping workspace', 'closeTee'].map((start) =>
    effects.findIndex((effect) => effect.startsWith(start)),
  )
  assert.ok(
    order.every((at, i) => at > (order[i - 1] ?? 0)),
    order.join(),
  )
  assert.ok(effects.some((effect) => /^loadModules .*virtio_console/.test(effect)))
  assert.ok(
    lines.some(({ line }) =>
      /plan \d+: request-release workspace over org.cvmboot.release owner=MCow/.test(line),
    ),
  )
})

test('each boot has a key of its own', async () => {
  const keys = new Set<string>()
  for (const byte of [1, 2, 3]) {
    const by = honest()
    await boots({ ...worldWith(by), random: (bytes) => void bytes.fill(byte) })
    keys.add(by.requests[0]?.recipient.toString('hex') ?? '')
  }
  assert.is(keys.size, 3)
})

test('one request asks for both volumes, and the grants may come in any order', async () => {
  const both = `${config}JOBSTORE_KEY=release\n`
  for (const order of [
    ['workspace', 'job-store'],
    ['job-store', 'workspace'],
  ] as const) {
    const by = relay((read) => {
      assert.equal(read.volumes, ['workspace', 'job-store'])
      return Buffer.concat(
        order.map((volume) => printFrame(granted(read, { volume, secret: volume === 'workspace' ? 9 : 8 }))),
      )
    })
    const { asked } = await boots(worldWith(by, both))
    assert.is(asked?.grants.length, 2)
  }
})

test('answers in pieces of one byte, and a host that takes few bytes at once, are no hindrance', async () => {
  await boots(worldWith(relay((read) => printFrame(granted(read)), { portion: 1, taken: 100 })))
})

test('a relay that lost the first requests gets the request again', async () => {
  const by = relay((read, number) => (number < 2 ? Buffer.alloc(0) : printFrame(granted(read))))
  await boots(worldWith(by))
  assert.is(by.requests.length, 3)
})

test('a port that shows up late is waited for', async () => {
  const by = honest()
  let looks = 0
  await boots({ ...worldWith(by), port: (name) => (++looks < 5 ? undefined : by.port(name)) })
  assert.is(looks, 5)
})

test('a greater sequence number is remembered, and a smaller one opens the volume no longer', async () => {
  const world = worldWith(honest())
  await boots(world)
  const newer = await boots({ ...world, port: honest({ sequence: 5 }).port })
  assert.is(newer.opened?.renewed, 'yes')
  assert.equal(sealed(world), { release: { sequence: '5' } })
  const older = await booted({ ...world, port: honest({ sequence: 4 }).port })
  assert.match(older.halt ?? '', /^halt: release-sequence: .*number is 4, and the volume remembers 5/)
  await boots({ ...world, port: honest({ sequence: 5 }).port })
})

test('of two grants that race, the greater number counts where it comes first', async () => {
  const both = `${config}JOBSTORE_KEY=release\n`
  const by = relay((read) =>
    Buffer.concat(
      [
        granted(read, { sequence: 6 }),
        granted(read, { sequence: 2, secret: 3 }),
        granted(read, { volume: 'job-store' }),
      ].map(printFrame),
    ),
  )
  const world = worldWith(by, both)
  const { asked } = await boots(world)
  assert.ok(asked?.grants.includes(`workspace 6 ${notAfter}`))
  assert.equal(sealed(world), { release: { sequence: '6' } })
})

test('another secret does not open the volume', async () => {
  const world = worldWith(honest())
  await boots(world)
  const { halt } = await booted({ ...world, port: honest({ secret: 8 }).port })
  assert.match(halt ?? '', /^halt: header-/)
})

const another = (read: Read, scope: Partial<Scope>): Given => ({ scope: { ...read.scope, ...scope } })
const earlier = relay((read) => printFrame(granted(read)))
await booted({ ...worldWith(earlier), random: (bytes) => void bytes.fill(66) })

const attacks: readonly (readonly [string, (read: Read, number: number) => Buffer, RegExp])[] = [
  ['that never answers', () => Buffer.alloc(0), /release-none: .*workspace.* within 20 s/],
  ['that sends the grant of an earlier boot', () => earlier.sent, /release-key/],
  ['that cuts the grant off', (read) => printFrame(granted(read)).subarray(0, 90), /release-none/],
  [
    'that cuts the grant off, and says so',
    (read) => printFrame(granted(read).subarray(0, 90)),
    /release-key/,
  ],
  [
    'that changes a byte',
    (read) => printFrame(Buffer.concat([granted(read).subarray(1), Buffer.of(0)])),
    /release-key/,
  ],
  ['that sends a grant of its own', (read) => printFrame(granted(read, { key: 2 })), /release-signature/],
  [
    'that sends the grant of another volume',
    (read) => printFrame(granted(read, { volume: 'job-store' })),
    /release-volume/,
  ],
  [
    'that sends a grant for another image',
    (read) => printFrame(granted(read, another(read, { image: { id: 'x', version: '1' } }))),
    /release-scope/,
  ],
  [
    'that sends a grant for another launch',
    (read) => printFrame(granted(read, another(read, { launches: [`sev-snp:${'ee'.repeat(48)}`] }))),
    /release-scope/,
  ],
  [
    'that sends a grant for another site',
    (read) => printFrame(granted(read, another(read, { site: 'ee'.repeat(32) }))),
    /release-scope/,
  ],
  [
    'that says that 1 GiB comes',
    () => Buffer.of(0x40, 0, 0, 0, 1, 2, 3),
    /release-format: .*1073741824 bytes/,
  ],
  ['that says that nothing comes', () => Buffer.alloc(4), /release-format: .*0 bytes/],
  ['that answers in plain text', () => Buffer.from('HTTP/1.1 200 OK\r\n'), /release-format/],
  [
    'that sends 5 MiB',
    () => Buffer.concat(Array.from({ length: 160 }, () => printFrame(Buffer.alloc(32768, 1)))),
    /release-flood: .*4194304 bytes/,
  ],
  [
    'that sends 300 messages',
    () => Buffer.concat(Array.from({ length: 300 }, () => printFrame(Buffer.of(1)))),
    /release-flood: .*256 messages/,
  ],
  ['that sends the request back', (read) => printFrame(read.statement), /release-key/],
]

for (const [name, answer, code] of attacks)
  test(`a relay ${name} halts the boot`, async () => {
    const world = worldWith(relay(answer))
    const { halt, ended, effects, files } = await booted(world)
    assert.match(halt ?? '', code)
    assert.is(ended, 'halt')
    assert.not.ok(effects.some((effect) => /openMapping workspace|makeExt4|switchRoot/.test(effect)))
    assert.not.ok(files.has(statePath))
  })

test('after each of these messages the boot still takes the grant of its owner', async () => {
  const harmless = attacks.filter(([, , code]) => /release-(?:key|signature|volume|scope)/.test(code.source))
  assert.ok(harmless.length >= 8)
  const by = relay((read, number) =>
    Buffer.concat([...harmless.map(([, answer]) => answer(read, number)), printFrame(granted(read))]),
  )
  const { lines } = await boots(worldWith(by))
  assert.is(lines.filter(({ line }) => line.startsWith('refused: release-')).length, harmless.length)
})

test('a VM without the port, a port that fails, and a machine without a report halt the boot', async () => {
  const rows: readonly (readonly [Partial<World>, RegExp])[] = [
    [{ port: () => undefined }, /release-carrier: .*no port of virtio-serial has this name/],
    [
      {
        port: () => {
          throw Object.assign(new Error('EBUSY'), { code: 'EBUSY' })
        },
      },
      /release-carrier: .*org.cvmboot.release/,
    ],
    [
      {
        port: () => ({
          read: () => {
            throw Object.assign(new Error('ENODEV'), { code: 'ENODEV' })
          },
          write: (bytes) => bytes.length,
          close: () => {},
        }),
      },
      /release-carrier/,
    ],
    [{ noReports: true }, /tee-no-evidence/],
    [{ changeReport: (report) => ({ ...report, reportData: '00'.repeat(64) }) }, /tee-report/],
  ]
  for (const [changed, code] of rows) {
    const { halt, ended } = await booted({ ...worldWith(honest()), ...changed })
    assert.match(halt ?? '', code)
    assert.is(ended, 'halt')
  }
})

test('the private key of the boot is zero once the grants are there', async () => {
  let seen: Buffer | undefined
  await boots({
    ...worldWith(honest()),
    random: (bytes) => {
      bytes.fill(7)
      if (seen === undefined && bytes.length === 32) seen = bytes
    },
  })
  assert.equal(seen, Buffer.alloc(32))
})

test('KEY=release needs the key of an owner, and takes good values only', async () => {
  for (const [text, reason] of [
    ['WORKSPACE_KEY=release\n', /config-value: .*RELEASE_OWNER/],
    ['WORKSPACE_KEY=release\nRELEASE_OWNER=x\n', /config-value: .*Ed25519/],
    [`RELEASE_OWNER=${owner}\n`, /config-value: .*only with a KEY of release/],
    [`${config}WORKSPACE_BIND=measurement\n`, /config-value/],
    [config.replace('=20', '=0'), /config-value: .*RELEASE_TIMEOUT/],
    [config.replace('=5', '=86401'), /config-value: .*RELEASE_RETRY/],
  ] as const)
    assert.match((await booted(worldWith(honest(), text))).halt ?? '', reason)
})

test.run()
