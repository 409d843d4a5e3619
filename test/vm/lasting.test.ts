// Volumes that last, by the production executable on a stand-in for SEV-SNP: boot after boot on one disk, each a
// machine launched as a scenario says. What is written to the disk in the boots that must halt is dropped.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { appraiseOwn } from '../../src/appraise/own.ts'
import { strictPolicy } from '../../src/appraise/policy.ts'
import type { Verifier } from '../../src/appraise/tee.ts'
import { type Config, parseConfig } from '../../src/config/config.ts'
import { readCmdline } from '../../src/config/verdict.ts'
import { parseEvidence, reportData } from '../../src/evidence/evidence.ts'
import { parseStatement } from '../../src/evidence/statement.ts'
import { headerAreaBytes, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { parseSnpCertificates, snpCertificateIds } from '../../src/machine/snp-certificates.ts'
import { parseSnpReport } from '../../src/machine/snp-report.ts'
import { planBoot } from '../../src/plan/plan.ts'
import { evidenceDiffers } from '../../src/proof/evidence.ts'
import { evidenceOf, printState, type State } from '../../src/proof/state.ts'
import { planDigest } from '../../src/proof/statement.ts'
import { planText } from '../../src/steps/index.ts'
import { printTcb } from '../../src/system/tcb.ts'
import { exampleManifest } from '../tables/measure/example.ts'
import { codesOf } from '../with/appraised.ts'
import { named } from '../with/params.ts'
import { counting } from '../with/snp.ts'
import { makeChipKey, testRoots } from '../with/snp-chain.ts'
import { suite } from '../with/suite.ts'
import { copyOf, partitionOf } from './disk.ts'
import { readReport } from './guest-report.ts'
import type { Disk } from './qemu.ts'
import { checkRefusal } from './refusal.ts'
import { packOnTee, teeWords } from './tee/build.ts'
import { powerOn, tcb } from './tee/scenarios.ts'
import { isSignedByStandIn, standInKeys } from './tee/signed.ts'
import { power, trees, type World, world } from './world.ts'

type Launch = Readonly<Record<string, string>>
type Context = {
  readonly from: World
  readonly scratch: string
  /** Bound to the measurement, formatted if blank; and the workspace bound to the ID block, provisioned. */
  readonly initramfs: { readonly measurement: string; readonly idBlock: string }
  /** What their boots write is kept. */
  readonly disk: { readonly measurement: string; readonly idBlock: string }
}
type Kind = keyof Context['disk']
const test = suite<Context>('volumes that last')

const configs: Readonly<Record<Kind, string>> = {
  measurement: `WORKSPACE_KEY=snp\nJOBSTORE_KEY=snp\nTEE_MIN_TCB=${printTcb(tcb)}\nTEE_EVIDENCE=required\n`,
  idBlock:
    'WORKSPACE_KEY=snp\nWORKSPACE_BIND=id-block\nWORKSPACE_BLANK=halt\nTEE_AFTER_BOOT=report\nTEE_EVIDENCE=auto\n',
}

test.before(async (context) => {
  const from = await world()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-lasting-'))
  const own = await readFile(join(trees, 'partition.conf'), 'utf8')
  const made = async (kind: Kind): Promise<[string, string]> => {
    const config = join(scratch, `${kind}.conf`)
    const encrypted = own.replace('JOBSTORE_ENCRYPTION=none\n', '')
    await writeFile(config, `${encrypted}INIT=/usr/libexec/keep-marker\n${configs[kind]}`)
    const initramfs = join(scratch, `${kind}.initramfs`)
    await packOnTee(from, 'cvmboot', config, initramfs)
    return [initramfs, await copyOf(from.disk, join(scratch, `${kind}.img`))]
  }
  const [measurement, disk] = await made('measurement')
  const [idBlock, other] = await made('idBlock')
  Object.assign(context, {
    from,
    scratch,
    initramfs: { measurement, idBlock },
    disk: { measurement: disk, idBlock: other },
  })
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

const started = (context: Context, kind: Kind, launch: Launch, more: string, disk: Disk) => ({
  initramfs: context.initramfs[kind],
  cmdline: `${context.from.cmdline} ${teeWords({ ...powerOn, ...launch })} ${more}`,
  disks: [disk],
})

/** Boots to the new root, which looks for its marker. */
const opens = async (
  context: Context,
  kind: Kind,
  { launch = {}, more = '', file }: { launch?: Launch; more?: string; file?: string } = {},
) => {
  const disk: Disk = file === undefined ? { file: context.disk[kind], writes: 'keep' } : { file }
  const { console } = await power(context.from, started(context, kind, launch, more, disk))
  const { state, facts, evidence } = readReport(console)
  const workspace = evidenceOf(state, 'open-lasting').find(({ volume }) => volume === 'workspace')
  return { facts, workspace, tee: evidenceOf(state, 'close-tee')[0]?.tee, state, evidence }
}

/** Boots into a refusal; returns its line. */
const halts = async (
  context: Context,
  kind: Kind,
  code: string,
  launch: Launch,
  file = context.disk[kind],
): Promise<string> => {
  const machine = started(context, kind, launch, '', { file })
  const boot = await power(context.from, { ...machine, until: 'halted', timeoutSeconds: 180 })
  return checkRefusal(boot, code)
}

/** A copy of a disk with the header area of the workspace changed, or with the spare area as well. */
const changed = async (
  context: Context,
  kind: Kind,
  change: (header: (volume: string) => Promise<Buffer>) => Promise<Buffer>,
): Promise<string> => {
  const copy = await copyOf(context.disk[kind], join(context.scratch, 'changed.img'))
  const file = await open(copy, 'r+')
  try {
    const header = async (volume: string): Promise<Buffer> => {
      const bytes = Buffer.alloc(headerAreaBytes)
      await file.read(bytes, 0, bytes.length, (await partitionOf(copy, volume)).start)
      return bytes
    }
    const areas = await change(header)
    await file.write(areas, 0, areas.length, (await partitionOf(copy, 'workspace')).start)
  } finally {
    await file.close()
  }
  return copy
}

/** Whether a file has a text anywhere. */
const has = async (path: string, text: string): Promise<boolean> => {
  let tail = ''
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 22 })) {
    const bytes = tail + (chunk as Buffer).toString('latin1')
    if (bytes.includes(text)) return true
    tail = bytes.slice(-text.length)
  }
  return false
}

const chipId = counting(0x99, 64)

/** A verifier that takes the launch and the plan of this test, the test's chain, and a certificate of the stand-in's key. */
const verifierOf = (context: Context, plan: string, config: Config): Verifier => ({
  roots: testRoots,
  policy: {
    ...strictPolicy,
    snp: {
      ...strictPolicy.snp,
      hostData: [powerOn.host_data],
      revocation: 'if-given',
      leastTcb: { Milan: {} },
    },
  },
  manifest: {
    ...exampleManifest,
    image: null,
    boot: { planDigest: plan, rootHashes: rootHashesOf(context, config), refused: null },
    snp: exampleManifest.snp.map((row) => ({ ...row, digest: powerOn.measurement })),
  },
  certificates: [
    {
      id: snpCertificateIds.vcek,
      // The components of the stand-in's TCB version.
      bytes: makeChipKey({
        keys: standInKeys,
        tcb: [0x04, 0x01, 0x15, 0xd4],
        hardwareId: Buffer.from(chipId, 'hex'),
      }),
    },
  ],
  revocationList: undefined,
  collateral: undefined,
  date: new Date('2026-12-01'),
})

const rootHashesOf = ({ from }: Context, config: Config): Record<string, string> =>
  Object.fromEntries(
    Object.entries(readCmdline(from.cmdline, config, 'own').verity).map(([name, verity]) => [
      name,
      named(verity).rootHash,
    ]),
  )

/** The evidence that the boot made: the stand-in's key signed it, and the statement says what this boot was. */
const checkEvidence = async (context: Context, kind: Kind, state: State, text: string): Promise<void> => {
  const evidence = parseEvidence(text)
  if ('wrong' in evidence) throw new Error(evidence.wrong)
  const [taken] = evidenceOf(state, 'take-evidence')
  assert.is(taken?.tee, 'sev-snp')
  assert.is(evidenceDiffers(taken?.digest, text), undefined)
  if (evidence.tee?.type !== 'sev-snp') throw new Error('no report of SEV-SNP')
  const report = parseSnpReport(evidence.tee.report)
  assert.ok(isSignedByStandIn(report))
  assert.is(report.reportData, reportData(Buffer.alloc(0), evidence.statement).toString('hex'))
  assert.equal(
    [report.vmpl, report.measurement, report.hostData],
    [0, powerOn.measurement, powerOn.host_data],
  )
  assert.is(parseSnpCertificates(evidence.tee.certificates)?.length, 1)
  const statement = parseStatement(evidence.statement)
  if ('wrong' in statement) throw new Error(statement.wrong)
  const config = parseConfig(await readFile(join(context.scratch, `${kind}.conf`), 'utf8'))
  // The launcher of the stand-in takes its own words away before the agent reads the line.
  const params = readCmdline(context.from.cmdline, config, 'own')
  const plan = planDigest(planText(planBoot(params, config, 'own')))
  assert.equal([statement.plan, state.plan], [plan, plan])
  const before = state.steps.findIndex((step) => step.evidence.kind === 'take-evidence')
  const stateThen = printState({ ...state, steps: state.steps.slice(0, before) })
  assert.is(statement.state, createHash('sha256').update(stateThen).digest('hex'))
  const verifier = verifierOf(context, plan, config)
  assert.equal(codesOf(appraiseOwn(evidence, verifier, Buffer.alloc(0))), [])
  const other = { ...verifier, manifest: verifierOf(context, 'ab'.repeat(32), config).manifest }
  assert.equal(codesOf(appraiseOwn(evidence, other, Buffer.alloc(0))), ['appraise-statement'])
  assert.equal(statement.keys, {
    workspace: 'snp binding=measurement',
    'job-store': 'snp binding=measurement',
  })
}

test('the first boot makes both volumes, and the TEE is gone from the new root', async (context) => {
  const launch = { chip_id: chipId }
  const { facts, workspace, tee, state, evidence } = await opens(context, 'measurement', { launch })
  assert.is(facts.get('marker workspace'), undefined)
  assert.equal([workspace?.provisioned, workspace?.generation, workspace?.key], ['yes', 1, 'snp'])
  assert.is(tee, 'removed')
  assert.is(facts.get('tee'), 'gone')
  await checkEvidence(context, 'measurement', state, evidence)
})

test('what it wrote is there in the second boot, and nowhere on the disk', async (context) => {
  const { facts, workspace } = await opens(context, 'measurement')
  for (const volume of ['workspace', 'job-store'])
    assert.is(facts.get(`marker ${volume}`), `marker of ${volume}, to be found by no one`)
  assert.equal([workspace?.provisioned, workspace?.renewed], ['no', 'no'])
  // The script that writes the marker has these words without the volume's name.
  assert.not.ok(await has(context.disk.measurement, 'marker of workspace, to be'))
  // The search finds what is in the clear.
  assert.ok(await has(context.disk.measurement, 'cvmboot MAC 3'))
})

for (const [what, code, launch] of [
  ['another measurement', 'header-mac', { measurement: counting(0x45, 48) }],
  ['another policy', 'header-mac', { policy: '0x20000' }],
  ['a policy with DEBUG', 'tee-policy-debug', { policy: '0xb0000' }],
  ['firmware older than TEE_MIN_TCB', 'tee-tcb-least', { launch_tcb: `${tcb - 1n}` }],
  ['no /dev/sev-guest', 'tee-device', { device: '0' }],
  ['firmware that gives no answer', 'tee-timeout', { report_errno: '110' }],
] as const)
  test(`${what} halts with ${code}`, async (context) => {
    await halts(context, 'measurement', code, launch)
  })

test("another volume's header halts with header-mac, and the refusal says which volume it is of", async (context) => {
  const disk = await changed(context, 'measurement', (header) => header('job-store'))
  const line = await halts(context, 'measurement', 'header-mac', {}, disk)
  assert.ok(line.includes('its label is job-store, not workspace'))
})

test('under a newer TCB both open, and are sealed to it', async (context) => {
  const newer = `${tcb + 1n}`
  const launch = { launch_tcb: newer, committed_tcb: newer, current_tcb: newer }
  const { facts, workspace } = await opens(context, 'measurement', { launch })
  assert.ok(facts.get('marker workspace')?.startsWith('marker of workspace'))
  assert.equal([workspace?.renewed, workspace?.generation], ['yes', 2])
  await halts(context, 'measurement', 'seal-tcb', {})
})

const idBlock = { id_key_digest: counting(1, 48), image_id: counting(2, 16), family_id: counting(3, 16) }

test('bound to the ID block, a volume is made by a boot with cvmboot.provision', async (context) => {
  const more = 'cvmboot.provision=workspace'
  const { workspace, facts, tee, evidence } = await opens(context, 'idBlock', { launch: idBlock, more })
  assert.equal([workspace?.provisioned, workspace?.binding], ['yes', 'id-block'])
  // TEE_AFTER_BOOT=report: the boot asked at VMPL 0, and the new root can ask at VMPL 1 alone.
  assert.equal([tee, facts.get('tee'), facts.get('vmpck')], ['report', 'here', '1'])
  const made = parseEvidence(evidence)
  if ('wrong' in made || made.tee?.type !== 'sev-snp') throw new Error('no evidence of SEV-SNP')
  assert.is(parseSnpReport(made.tee.report).vmpl, 0)
  assert.equal([facts.get('level 0'), facts.get('report at 0')], ['refused', 'refused'])
  assert.equal([facts.get('level 1'), facts.get('report at 1')], [undefined, '1'])
})

for (const [what, code, launch] of [
  ['firmware that answers each message', 'tee-vmpck-stays', { any_version: '1' }],
  ['firmware that answers for each VMPL', 'tee-vmpck-stays', { any_vmpl: '1' }],
] as const)
  test(`TEE_AFTER_BOOT=report: ${what} halts with ${code}`, async (context) => {
    await halts(context, 'idBlock', code, { ...idBlock, ...launch })
  })

test('an upgrade that the same ID key signed finds its data, in a volume that is said to be old', async (context) => {
  const launch = { ...idBlock, measurement: counting(0x45, 48) }
  // As a provisioning leaves it that lost power, or a host that copied the header.
  const file = await changed(context, 'idBlock', async (header) =>
    Buffer.concat([Buffer.alloc(headerAreaBytes), await header('workspace')]),
  )
  const { facts, workspace } = await opens(context, 'idBlock', { launch, file })
  assert.is(facts.get('marker workspace'), 'marker of workspace, to be found by no one')
  assert.is(workspace?.provisioned, 'resumed')
})

test('an erased header of a volume that must exist halts with header-blank', async (context) => {
  const disk = await changed(context, 'idBlock', async (header) => {
    const { tokens } = parseLuks2(await header('workspace'), 'workspace', 'xts').header
    assert.is(tokens?.tee.sealed['snp']?.['guest-svn'], powerOn.guest_svn)
    return Buffer.alloc(headerAreaBytes)
  })
  await halts(context, 'idBlock', 'header-blank', idBlock, disk)
})

test.run()
