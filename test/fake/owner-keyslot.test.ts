// Ring 3: the owner's keyslot, boot after boot on one fake disk, and the owner's reading of that disk afterwards.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { FaultCode } from '../../src/fault/index.ts'
import { ownerMacKey, wrapForOwner } from '../../src/keys/owner.ts'
import { printBech32 } from '../../src/layout/bech32.ts'
import { formatLuks2, headerAreaBytes, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { printOwnerKey } from '../../src/layout/owner-key.ts'
import { openAsOwner } from '../../src/owner/open.ts'
import { statePath } from '../../src/proof/state.ts'
import { counting as randomOf } from '../with/luks2-good.ts'
import { ageOwner, type Owner, rsaOwner, secretOf } from '../with/owner-keys.ts'
import { suite } from '../with/suite.ts'
import { booted } from './booted.ts'
import { fakeMachine, goodWorld, type World } from './machine.ts'

const test = suite<{ scratch: string }>('the keyslot of an owner')
test.before((context) => {
  context.scratch = mkdtempSync(join(tmpdir(), 'cvmboot-keyslot-'))
})
test.after(({ scratch }) => rmSync(scratch, { recursive: true, force: true }))

const device = '/dev/vda8'
const age = ageOwner()
const rsa = rsaOwner()
const other = ageOwner()
const lasting = 'JOBSTORE_KEY=snp\nJOBSTORE_BIND=id-block\n'
const of = ({ publicKey }: Owner) => `${lasting}JOBSTORE_OWNER=${printOwnerKey(publicKey)}\n`

/** A point with which every shared secret is zero. */
const lowOrder = printBech32('age', Buffer.alloc(32)).toString('latin1')

const worldOf = (config: string): World => ({ ...goodWorld(), config })

/** Reaches the new root; returns what the state says of the job-store. */
const opens = async (world: World) => {
  const result = await booted(world)
  assert.is(result.halt, undefined)
  return { ...result, evidence: JSON.parse(result.files.get(statePath) ?? '{}').volumes['job-store'] }
}

const halts = async (world: World, code: FaultCode): Promise<string> => {
  const { halt = '', effects } = await booted(world)
  assert.ok(halt.startsWith(`halt: ${code}: cannot `), `expected ${code}, got ${halt}`)
  assert.not.ok(effects.some((e) => e.startsWith('write ') || e.startsWith('openMapping job-store')))
  return halt
}

const areaOf = (world: World): Buffer => fakeMachine(world).machine.read(device, 0n, headerAreaBytes)
const put = (world: World, area: Buffer): void => fakeMachine(world).machine.write(device, 0n, area)

/** The key that the owner finds in the header, with the file that only the owner has. */
const openedBy = async (owner: Owner, world: World, scratch: string) => {
  const [disk, identity] = [join(scratch, 'header'), join(scratch, 'owner.key')]
  writeFileSync(disk, areaOf(world))
  writeFileSync(identity, owner.file)
  using opened = await openAsOwner(disk, 'job-store', identity)
  return { key: opened.volumeKey.bytes.toString('hex'), passphrase: opened.passphrase.bytes.toString('hex') }
}

/** The key under which the fake machine has the file system of the job-store. */
const keyOf = (world: World): string | undefined => world.fileSystems.get('254:8')

for (const [kind, owner] of [
  ['age', age],
  ['RSA', rsa],
] as const)
  test(`with ${kind}, the owner finds the key of a job-store that a boot made`, async ({ scratch }) => {
    const world = worldOf(of(owner))
    const { evidence, effects } = await opens(world)
    const kid = parseLuks2(areaOf(world), 'job-store', 'xts').header.tokens?.owner?.kid
    assert.equal([evidence.provisioned, evidence.owner], ['yes', kid])
    assert.ok(effects.length > 0)
    assert.is((await openedBy(owner, world, scratch)).key, keyOf(world))
    assert.is((await opens(world)).evidence.owner, kid)
  })

test('sealed anew under newer firmware, the owner still finds it', async ({ scratch }) => {
  const world = worldOf(of(age))
  await opens(world)
  const before = await openedBy(age, world, scratch)
  world.snp.report = {
    ...world.snp.report,
    launchTcb: 0xd415000000000103n,
    committedTcb: 0xd415000000000103n,
  }
  const { evidence } = await opens(world)
  assert.equal([evidence.renewed, evidence.generation], ['yes', 2])
  const after = await openedBy(age, world, scratch)
  assert.is(after.key, before.key)
  assert.is(after.key, keyOf(world))
})

test('nothing of the owner secret is on the disk, said or kept', async ({ scratch }) => {
  const world = worldOf(of(age))
  const { lines, effects, files } = await opens(world)
  const { passphrase } = await openedBy(age, world, scratch)
  const said = JSON.stringify([lines, effects, [...files]])
  assert.not.ok(said.includes(passphrase.slice(0, 24)))
  assert.not.ok(areaOf(world).includes(Buffer.from(passphrase, 'hex')))
})

test('without an owner nobody else has a keyslot, and the state says so', async () => {
  const world = worldOf(lasting)
  assert.is((await opens(world)).evidence.owner, 'none')
  assert.is(parseLuks2(areaOf(world), 'job-store', 'xts').header.keyslotSalts.length, 1)
})

test('the workspace never has an owner', async () => {
  const world = worldOf(`${of(age)}WORKSPACE_KEY=snp\n`)
  const { files } = await opens(world)
  assert.is(JSON.parse(files.get(statePath) ?? '{}').volumes.workspace.owner, 'none')
})

/** The header with the token of another owner, all checksums right: what a host can do. */
const swapped = async (world: World, owner: Owner | undefined): Promise<Buffer> => {
  const { header } = parseLuks2(areaOf(world), 'job-store', 'xts')
  const passphrase = secretOf(Buffer.alloc(32, 5))
  const keys = {
    passphrase: passphrase.bytes,
    mac: ownerMacKey(passphrase, 'job-store', header.uuid, 1).bytes,
  }
  const token = header.tokens?.tee ?? { provider: 'none', generation: 1, sealed: {} }
  return formatLuks2(
    {
      volume: 'job-store',
      uuid: header.uuid,
      profile: 'xts',
      volumeKey: Buffer.alloc(64, 6),
      dataBytes: header.dataBytes ?? 0n,
      tee: {
        keys: { passphrase: Buffer.alloc(64), mac: Buffer.alloc(64), mask: Buffer.alloc(64) },
        token,
      },
      owner: owner && { keys, token: wrapForOwner(owner.publicKey, header.uuid, passphrase) },
    },
    randomOf('host'),
  )
}

for (const [what, from, to] of [
  ['another', age, other],
  ['an RSA key in place of an age key', age, rsa],
  ['one, where none is configured,', undefined, other],
  ['none, where one is configured,', age, undefined],
] as const)
  test(`${what} as the owner in the header halts with header-owner, before a key is asked for`, async () => {
    const world = worldOf(from === undefined ? lasting : of(from))
    await opens(world)
    put(world, await swapped(world, to))
    const said = await halts(world, 'header-owner')
    assert.match(said, /its second keyslot is of (?:age-x25519 age1|rsa-oaep-256 sha256:|nobody)/)
    const { effects } = await booted(world)
    assert.not.ok(effects.some((e) => e.startsWith('snpDerivedKey')))
  })

test('a token of the same owner with something else wrapped halts with header-mac', async () => {
  const world = worldOf(of(age))
  await opens(world)
  put(world, await swapped(world, age))
  await halts(world, 'header-mac')
})

test('an owner configured later is refused: who opens a volume is decided when it is made', async () => {
  const world = worldOf(lasting)
  await opens(world)
  world.config = of(age)
  assert.match(await halts(world, 'header-owner'), /is of nobody, not of age-x25519 age1/)
})

test('a key that nothing can be wrapped to halts, and leaves the volume blank', async () => {
  const world = worldOf(`${lasting}JOBSTORE_OWNER=${lowOrder}\n`)
  await halts(world, 'owner-key')
  assert.ok(areaOf(world).every((byte) => byte === 0))
})

test.run()
