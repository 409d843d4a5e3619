// One measurement for a fleet: the plan is the same for all sites, the TEE reports the value of the site, and each VM opens the
// volume of its own site alone.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseConfig } from '../../src/config/config.ts'
import { readCmdline } from '../../src/config/verdict.ts'
import { mockEdition } from '../../src/editions/mock.ts'
import { parseEvidence } from '../../src/evidence/evidence.ts'
import { parseStatement } from '../../src/evidence/statement.ts'
import { fail } from '../../src/fault/index.ts'
import { printSiteBlock, siteValue } from '../../src/layout/site.ts'
import { planBoot } from '../../src/plan/plan.ts'
import { printPlan } from '../../src/plan/show.ts'
import { evidencePath } from '../../src/proof/evidence.ts'
import { recordOf, siteDiffers } from '../../src/proof/site.ts'
import { evidenceOf, parseState, statePath } from '../../src/proof/state.ts'
import { attachSite, must, siteCmdline, siteOf, withoutOsConfig } from '../with/site.ts'
import { booted } from './booted.ts'
import { goodWorld, hashes, type World } from './machine.ts'

const [berlin, tokyo] = [siteOf('a'), siteOf('b')]

/** A VM of the site `launched`, with the disks of `attached`. */
const worldOf = (launched = berlin, attached = [launched], config = 'TEE_EVIDENCE=auto\n'): World => {
  const world = withoutOsConfig(goodWorld())
  world.config = config
  world.snp.report = { ...world.snp.report, hostData: siteValue(launched, 'HOSTDATA') }
  for (const [i, record] of attached.entries()) attachSite(world, record, 20 + 3 * i)
  return world
}

const opened = async (world: World) => {
  const result = await booted(world)
  assert.is(result.halt, undefined)
  const state = must(parseState(result.files.get(statePath) ?? ''))
  const evidence = parseEvidence(result.files.get(evidencePath) ?? '')
  return { ...result, state, site: must(evidenceOf(state, 'read-site')[0]), evidence }
}

const halted = async (world: World): Promise<string> => {
  const result = await booted(world)
  assert.is(result.ended, 'halt')
  assert.not.ok(result.effects.some((effect) => effect.startsWith('openMapping os-config')))
  return result.halt ?? ''
}

test('two sites have one plan, and each opens its own volume', async () => {
  const [first, second] = [await opened(worldOf(berlin)), await opened(worldOf(tokyo))]
  assert.is(first.state.plan, second.state.plan)
  for (const [{ state, site, effects }, record] of [
    [first, berlin],
    [second, tokyo],
  ] as const) {
    assert.equal(site, {
      kind: 'read-site',
      volume: 'os-config',
      field: 'HOSTDATA',
      value: siteValue(record, 'HOSTDATA'),
      data: '/dev/vdb22',
      rootHash: record.rootHash,
      blocks: '1000',
      salt: record.salt,
    })
    const of = evidenceOf(state, 'open-verity').find(({ volume }) => volume === 'os-config')
    assert.is(of?.rootHash, record.rootHash)
    assert.ok(
      effects.some((effect) => effect.startsWith('openMapping os-config') && effect.includes(record.salt)),
    )
  }
})

test('each VM refuses the disk of the other site', async () => {
  for (const [launched, other] of [
    [berlin, tokyo],
    [tokyo, berlin],
  ] as const) {
    const halt = await halted(worldOf(launched, [other]))
    assert.match(halt, /site-record: cannot take a site record: HOSTDATA is /)
    assert.ok(halt.includes(siteValue(other, 'HOSTDATA')))
  }
})

test('of several disks the digest decides, in each order', async () => {
  for (const attached of [
    [tokyo, berlin],
    [berlin, tokyo],
  ])
    assert.is((await opened(worldOf(berlin, attached))).site.rootHash, berlin.rootHash)
})

test('a TD has the value in MRCONFIGID, 48 bytes', async () => {
  const world = worldOf(berlin, [berlin], 'TEE_EVIDENCE=none\n')
  world.cvm = 'tdx'
  world.hostData = { field: 'MRCONFIGID', value: siteValue(berlin, 'MRCONFIGID') }
  const { site } = await (async () => {
    const { halt, files } = await booted(world)
    assert.is(halt, undefined)
    return { site: must(evidenceOf(must(parseState(files.get(statePath) ?? '')), 'read-site')[0]) }
  })()
  assert.is(site.field, 'MRCONFIGID')
  world.hostData = { field: 'MRCONFIGID', value: siteValue(berlin, 'HOSTDATA').padEnd(96, '0') }
  assert.match(await halted(world), /site-record: /)
})

test('without a value, a device or a record the boot halts and says why', async () => {
  const zero = worldOf()
  zero.snp.report = { ...zero.snp.report, hostData: '0'.repeat(64) }
  assert.match(await halted(zero), /site-zero: .*HOSTDATA is all zero/)
  assert.match(await halted({ ...worldOf(), noReports: true }), /site-none: /)
  assert.match(await halted(worldOf(berlin, [])), /site-missing: .*PARTLABEL=os-config-site within 30 s/)
  const failing = worldOf()
  failing.failing.set(
    'hostData',
    fail('tee-report', { reason: 'its report data is not that of the request' }),
  )
  assert.match(await halted(failing), /tee-report: /)
})

const hostile: readonly (readonly [string, (world: World) => void, RegExp])[] = [
  ['zeroes', (world) => world.content.delete('/dev/vdb22'), /no site record of version 1/],
  [
    'a later version',
    ({ content }) => void content.get('/dev/vdb22')?.write('cvmboot site v2'),
    /no site record of version 1/,
  ],
  [
    'bytes behind the record',
    ({ content }) => void content.get('/dev/vdb22')?.write('x', 4095),
    /no site record of version 1/,
  ],
  [
    'a partition of one sector',
    (world) => {
      world.partitions = world.partitions.map((p) => (p.device === '/dev/vdb22' ? { ...p, bytes: 512n } : p))
    },
    /has 512 bytes/,
  ],
  [
    'more partitions of the name than are read',
    (world) => {
      const site = must(world.partitions.find(({ device }) => device === '/dev/vdb22'))
      world.partitions.push(...Array.from({ length: 16 }, () => site))
    },
    /17 partitions are named os-config-site/,
  ],
]

for (const [name, change, reason] of hostile)
  test(`refused in the partition of the record: ${name}`, async () => {
    const world = worldOf()
    change(world)
    const halt = await halted(world)
    assert.match(halt, /site-record: /)
    assert.match(halt, reason)
  })

test('the mock build on a machine without a TEE takes no site: no value authenticates one there', async () => {
  const world = worldOf()
  world.cvm = undefined
  const { ended, halt } = await booted(world, mockEdition)
  assert.is(ended, 'halt')
  assert.match(halt ?? '', /site-none: /)
})

test('the right record without its volume halts where the volume is looked for', async () => {
  const world = worldOf()
  world.partitions = world.partitions.filter(({ name }) => name !== 'os-config')
  assert.match(await halted(world), /device-missing: .*os-config/)
})

test('a record with the root hash of another volume is refused', async () => {
  const record = { ...berlin, rootHash: hashes['root-fs'] }
  const world = worldOf(record, [])
  attachSite(world, berlin)
  world.content.set('/dev/vdb22', printSiteBlock(record))
  assert.match(await halted(world), /site-record: .*root hash is the one of root-fs/)
})

test('the statement names the site, its root hash, and the report has the value', async () => {
  const { evidence, site } = await opened(worldOf())
  if ('wrong' in evidence) throw new Error(evidence.wrong)
  const statement = parseStatement(evidence.statement)
  if ('wrong' in statement) throw new Error(statement.wrong)
  assert.is(statement.site, site.value)
  assert.is(statement.roots['os-config'], berlin.rootHash)
  assert.is(siteDiffers(site, evidence.tee), undefined)
  const other = { ...tokyo, blocks: `${tokyo.blocks}` }
  const swapped = { ...site, ...other, value: siteValue(tokyo, 'HOSTDATA') }
  assert.match(
    siteDiffers(swapped, evidence.tee) ?? '',
    /the report in the evidence of the boot has HOSTDATA/,
  )
  assert.is(siteDiffers(swapped, undefined), undefined)
})

test('a state whose record has another digest proves nothing', async () => {
  const { site } = await opened(worldOf())
  assert.equal(recordOf(site), berlin)
  for (const change of [
    { rootHash: tokyo.rootHash },
    { blocks: '999' },
    { blocks: '0' },
    { salt: '-' },
    { salt: 'x' },
  ])
    assert.match(siteDiffers({ ...site, ...change }, undefined) ?? '', /does not have the digest/)
})

test('a lasting volume depends on the site, and not on the root hash of one boot', async () => {
  const configs = [
    'WORKSPACE_KEY=snp\n',
    'WORKSPACE_KEY=snp\nWORKSPACE_BIND=id-block\n',
    'WORKSPACE_KEY=tpm2\nTPM_TRUST=inside\n',
  ]
  for (const config of configs) {
    const world = worldOf(berlin, [berlin, tokyo], config)
    world.snp.report = { ...world.snp.report, idKeyDigest: '11'.repeat(48) }
    await opened(world)
    await opened(world)
    // The firmware of SEV-SNP mixes HOSTDATA into its keys. A TPM does not, so there the value in `info` makes the difference.
    world.snp.report = { ...world.snp.report, hostData: siteValue(tokyo, 'HOSTDATA') }
    const { halt } = await booted(world)
    assert.match(halt ?? '', /header-/)
  }
})

test('the plan says what the boot will ask, and no value of a site', () => {
  const config = parseConfig('WORKSPACE_KEY=snp\n')
  const plan = printPlan(planBoot(readCmdline(siteCmdline, config, 'own'), config, 'own'))
  assert.match(plan, /read-site os-config on PARTLABEL=os-config-site by HOSTDATA or MRCONFIGID within=30s\n/)
  assert.match(plan, /open-verity os-config as the site record says on-corruption=/)
  assert.match(plan, /bound-to=measurement,root-hashes,site /)
})

test.run()
