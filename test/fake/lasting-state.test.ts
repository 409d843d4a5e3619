// Ring 3: the state's words about a lasting volume, compared with the actions of the machine. The rows are the pairs of header
// areas that a host or a power cut can leave, under each policy for a blank volume.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Lasting, type LastingVolume, sealLasting } from '../../src/keys/lasting.ts'
import { snp } from '../../src/keys/snp.ts'
import { headerAreaBytes, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { statePath } from '../../src/proof/state.ts'
import { Secret } from '../../src/secret/secret.ts'
import { booted } from './booted.ts'
import { fakeMachine, goodCmdline, goodWorld, teeOf, type World } from './machine.ts'

const device = '/dev/vda7'
const config = 'WORKSPACE_KEY=snp\nWORKSPACE_BIND=id-block\n'
const launches = {
  format: { config, cmdline: goodCmdline },
  halt: { config: `${config}WORKSPACE_BLANK=halt\n`, cmdline: goodCmdline },
  provision: {
    config: `${config}WORKSPACE_BLANK=halt\n`,
    cmdline: `${goodCmdline} cvmboot.provision=workspace`,
  },
} as const
type Policy = keyof typeof launches
const policies: readonly Policy[] = ['format', 'halt', 'provision']

/** All but `foreign` are of one volume; `older` is the first header of it, sealed under older firmware. */
type Content = 'blank' | 'first' | 'later' | 'older' | 'foreign'

// own, spare, and then for each policy: the state's word, `renewed` where the volume is sealed anew, and what was written
// in which order, or the code of a halt. s is the spare area, o the header's own.
const table: readonly (readonly [Content, Content, string, string, string])[] = [
  ['blank', 'blank', 'yes sos', 'header-blank', 'yes sos'],
  ['blank', 'first', 'resumed os', 'resumed os', 'provision-exists os'],
  ['blank', 'later', 'no os', 'no os', 'provision-exists os'],
  ['blank', 'older', 'resumed renewed ossos', 'resumed renewed ossos', 'provision-exists os'],
  ['blank', 'foreign', 'yes sos', 'header-blank', 'yes sos'],
  ['first', 'blank', 'no', 'no', 'provision-exists'],
  ['first', 'first', 'resumed os', 'resumed os', 'provision-exists os'],
  ['first', 'later', 'no os', 'no os', 'provision-exists os'],
  ['first', 'older', 'resumed renewed ossos', 'resumed renewed ossos', 'provision-exists os'],
  ['first', 'foreign', 'no', 'no', 'provision-exists'],
  ['later', 'blank', 'no', 'no', 'provision-exists'],
  ['later', 'first', 'resumed os', 'resumed os', 'provision-exists os'],
  ['later', 'later', 'no os', 'no os', 'provision-exists os'],
  ['later', 'older', 'resumed renewed ossos', 'resumed renewed ossos', 'provision-exists os'],
  ['later', 'foreign', 'no', 'no', 'provision-exists'],
  ['older', 'blank', 'no renewed sos', 'no renewed sos', 'provision-exists'],
  ['older', 'first', 'resumed os', 'resumed os', 'provision-exists os'],
  ['older', 'later', 'no os', 'no os', 'provision-exists os'],
  ['older', 'older', 'resumed renewed ossos', 'resumed renewed ossos', 'provision-exists os'],
  ['older', 'foreign', 'no renewed sos', 'no renewed sos', 'provision-exists'],
  ['foreign', 'blank', 'header-mac', 'header-mac', 'header-mac'],
  ['foreign', 'first', 'resumed os', 'resumed os', 'provision-exists os'],
  ['foreign', 'later', 'no os', 'no os', 'provision-exists os'],
  ['foreign', 'older', 'resumed renewed ossos', 'resumed renewed ossos', 'provision-exists os'],
  ['foreign', 'foreign', 'header-mac', 'header-mac', 'header-mac'],
]

const newerTcb = { launchTcb: 0xd415000000000103n, committedTcb: 0xd415000000000103n }

/** What the header areas hold, and the disk of a world with that volume under newer firmware. */
const make = async () => {
  const world = goodWorld()
  Object.assign(world, launches.format)
  await booted(world)
  const read = () => fakeMachine(world).machine.read(device, 0n, headerAreaBytes)
  const older = read()
  const { uuid, tokens, dataBytes = 0n } = parseLuks2(older, 'workspace', 'xts').header
  world.snp.report = { ...world.snp.report, ...newerTcb }
  const wanted: LastingVolume = {
    volume: 'workspace',
    policy: { ...snp.defaults, binding: 'id-block' },
    provider: snp,
    profile: 'xts',
    dataBytes,
    rootHashes: [],
    owner: undefined,
  }
  const sealed = async (of: World, generation: number): Promise<Buffer> => {
    using key = new Secret(Buffer.from(world.fileSystems.get('254:7') ?? '', 'hex'))
    const before: Lasting = { uuid, generation: generation - 1, sealed: tokens?.tee.sealed ?? {}, digest: '' }
    return (await sealLasting(key, wanted, teeOf(fakeMachine(of).machine), before)).area
  }
  const otherChip = goodWorld()
  otherChip.snp.report = world.snp.report
  otherChip.snp.secrets = { vcek: Buffer.alloc(64, 1), vlek: undefined }
  const areas: Readonly<Record<Content, Buffer>> = {
    blank: Buffer.alloc(headerAreaBytes),
    first: await sealed(world, 1),
    later: await sealed(world, 3),
    older,
    foreign: await sealed(otherChip, 1),
  }
  return { world, areas }
}

const { world: made, areas } = await make()
const generations: Readonly<Record<Content, number>> = { blank: 0, first: 1, later: 3, older: 1, foreign: 1 }

/** Boots such a disk, which a host may have changed; returns what happened, as the table says it. */
const boot = async (own: Content, spare: Content, policy: Policy, changed = new Map<number, number>()) => {
  const world: World = { ...made, disk: new Map(made.disk), fileSystems: new Map(made.fileSystems) }
  Object.assign(world, launches[policy])
  const { machine } = fakeMachine(world)
  machine.write(device, 0n, areas[own])
  const spareArea = Buffer.from(areas[spare])
  for (const [at, bit] of changed) spareArea.writeUInt8(spareArea.readUInt8(at) ^ (1 << bit), at)
  machine.write(device, BigInt(headerAreaBytes), spareArea)
  const { halt, ended, effects, files, lines } = await booted(world)
  const e = JSON.parse(files.get(statePath) ?? '{}').volumes?.workspace ?? {}
  const places = effects.filter((one) => one.startsWith(`write ${device} `))
  const written = places.map((one) => (one.startsWith(`write ${device} 0 `) ? 'o' : 's')).join('')
  const words = halt === undefined ? [e.provisioned, e.renewed === 'yes' ? 'renewed' : ''] : [code(halt)]
  const [ownAfter, spareAfter] = [0, headerAreaBytes].map((at) =>
    machine.read(device, BigInt(at), headerAreaBytes),
  )
  return {
    said: [...words, written].filter((word) => word !== '').join(' '),
    provisioned: e.provisioned,
    generation: e.generation,
    made: effects.some((one) => one.startsWith('makeExt4 /dev/dm-3')),
    saidNew: lines.some(({ line }) => line === 'workspace was blank: it is new, and empty'),
    saidOlder: lines.some(({ line }) => line.startsWith('workspace was made by an earlier boot: ')),
    ended,
    ownAfter,
    spareAfter,
  }
}

const code = (halt: string): string => /^halt: ([a-z-]+): /.exec(halt)?.[1] ?? halt

for (const [own, spare, ...expected] of table)
  for (const [i, policy] of policies.entries())
    test(`own area ${own}, spare area ${spare}, ${policy}: ${expected[i]}`, async () => {
      const did = await boot(own, spare, policy)
      assert.is(did.said, expected[i])
      assert.is(did.ended, did.provisioned === undefined ? 'halt' : 'switch-root')
      // The rule itself, whatever the table says.
      assert.is(did.provisioned === 'yes', did.made)
      assert.is(did.saidNew, did.made)
      assert.is(did.saidOlder, did.provisioned === 'resumed')
      const fromSpare = ['first', 'later', 'older'].includes(spare)
      if (did.said === 'provision-exists os') assert.equal(did.ownAfter, areas[spare])
      if (fromSpare) assert.equal(did.spareAfter, areas.blank)
      if (did.provisioned === undefined || did.made) return
      const renewed = did.said.includes('renewed') ? 1 : 0
      assert.is(did.generation, generations[fromSpare ? spare : own] + renewed)
      if (renewed === 0) assert.equal(did.ownAfter, areas[fromSpare ? spare : own])
      else assert.equal(did.spareAfter, areas.blank)
    })

test('the table has every pair once', () => {
  const contents = Object.keys(areas)
  assert.equal(
    table.map(([own, spare]) => `${own} ${spare}`),
    ['blank', 'first', 'later', 'older', 'foreign'].flatMap((own) =>
      ['blank', 'first', 'later', 'older', 'foreign'].map((spare) => `${own} ${spare}`),
    ),
  )
  assert.is(contents.length ** 2, table.length)
})

test('the page has each word that the state can say of a volume, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/luks2.md'), 'utf8')
  const listed = [...page.matchAll(/^\| `provisioned: ([a-z]+)` \|/gm)].map(([, word]) => word)
  const words = table.flatMap(([, , ...cells]) => cells.map((cell) => cell.split(' ')[0] ?? ''))
  const said = words.filter((word) => !/-/.test(word))
  assert.equal(listed.sort(), [...new Set(said)].sort())
})

/** Ends of the parts of a header area, and some of what lies between. */
const places = [0, 7, 24, 167, 448, 4095, 4096, 16_384, 20_481, 32_767, 32_768, 290_815, 290_816, 548_864]
  .concat([800_001, 1_044_479, 1_044_480, 1_044_495, 1_044_496, 1_044_527, 1_044_528, 1_044_559])
  .concat([1_044_560, 1_044_623, 1_044_624, 1_044_655, 1_044_656, headerAreaBytes - 1])

test('a spare header with any bit changed counts for nothing, and the own header opens', async () => {
  for (const [i, at] of places.entries()) {
    const did = await boot('first', 'later', 'halt', new Map([[at, i % 8]]))
    assert.equal([did.said, did.generation], ['no', 1], `${at}`)
  }
})

test('a spare area in which a host sets one bit decides nothing, wherever the bit is', async () => {
  for (const [i, at] of places.entries()) {
    const changed = new Map([[at, i % 8]])
    assert.is((await boot('first', 'blank', 'halt', changed)).said, 'no', `${at}`)
    assert.is((await boot('blank', 'blank', 'halt', changed)).said, 'header-blank', `${at}`)
  }
})

test.run()
