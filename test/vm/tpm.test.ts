// Volumes whose key a TPM keeps, by the production executable on a stand-in for SEV-SNP and swtpm behind QEMU's tpm-tis:
// boot after boot on one disk and one TPM. What is written to the disk in the boots that must halt is dropped.

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { evidenceOf } from '../../src/proof/state.ts'
import { fenceDigest, srkName } from '../../src/system/tpm.ts'
import { counting } from '../with/snp.ts'
import { suite } from '../with/suite.ts'
import { copyOf } from './disk.ts'
import { readReport } from './guest-report.ts'
import { checkRefusal } from './refusal.ts'
import { packOnTee, teeWords } from './tee/build.ts'
import { powerOn } from './tee/scenarios.ts'
import { power, trees, type World, world } from './world.ts'

type Kind = 'alone' | 'second'
type Context = {
  readonly from: World
  readonly scratch: string
}
const test = suite<Context>('TPM')

// PCR 1 is what this firmware measures of the machine; it leaves 9, 11 and 12 at zero.
const configs: Readonly<Record<Kind, string>> = {
  alone: 'WORKSPACE_KEY=tpm2\nTPM_TRUST=inside\nTPM_PCRS="1 4 9 11 12"\n',
  second: 'WORKSPACE_KEY=snp+tpm2\nTPM_PCRS="1 4 9 11 12"\n',
}

const at = ({ scratch }: Context, kind: Kind) => ({
  initramfs: join(scratch, `${kind}.initramfs`),
  disk: join(scratch, `${kind}.img`),
  tpm: join(scratch, `${kind}.tpm`),
})

test.before(async (context) => {
  const from = await world()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-tpm-'))
  Object.assign(context, { from, scratch })
  const own = await readFile(join(trees, 'partition.conf'), 'utf8')
  for (const kind of ['alone', 'second'] as const) {
    const config = join(scratch, `${kind}.conf`)
    await writeFile(config, `${own}INIT=/usr/libexec/keep-marker\n${configs[kind]}`)
    const { initramfs, disk, tpm } = at(context, kind)
    await packOnTee(from, 'cvmboot', config, initramfs)
    await copyOf(from.disk, disk)
    await mkdir(tpm)
  }
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

type Differently = {
  readonly launch?: Readonly<Record<string, string>>
  readonly tpm?: string | undefined
  readonly serial?: string
}

const machine = (context: Context, kind: Kind, differently: Differently) => {
  const { initramfs, tpm: own } = at(context, kind)
  const { launch = {}, serial = 'one' } = differently
  const tpm = 'tpm' in differently ? differently.tpm : own
  return {
    // As the distribution has it: a kernel that QEMU starts by PVH finds no TPM.
    kernel: context.from.guest.kernel,
    initramfs,
    serial,
    ...(tpm === undefined ? {} : { tpm }),
    cmdline: `${context.from.cmdline} ${teeWords({ ...powerOn, ...launch })}`,
  }
}

/** Boots to the new root, which looks for its marker. */
const opens = async (context: Context, kind: Kind) => {
  const disks = [{ file: at(context, kind).disk, writes: 'keep' as const }]
  const { console } = await power(context.from, { ...machine(context, kind, {}), disks })
  const { state, facts } = readReport(console)
  const workspace = evidenceOf(state, 'open-lasting').find(({ volume }) => volume === 'workspace')
  return { facts, workspace, closed: evidenceOf(state, 'close-tpm')[0] }
}

/** Boots into a refusal; returns its line. */
const halts = async (context: Context, kind: Kind, code: string, differently: Differently) => {
  const disks = [{ file: at(context, kind).disk }]
  const boot = await power(context.from, {
    ...machine(context, kind, differently),
    disks,
    until: 'halted',
    timeoutSeconds: 180,
  })
  return checkRefusal(boot, code)
}

/** Another TPM: new seeds, or those of the other machine. */
const newTpm = async ({ scratch }: Context): Promise<string> => mkdtemp(join(scratch, 'new-tpm-'))

for (const kind of ['alone', 'second'] as const) {
  const key = kind === 'alone' ? 'tpm2' : 'snp+tpm2'

  test(`${key}: the first boot makes the volume, and leaves PCR 11 extended`, async (context) => {
    const { facts, workspace, closed } = await opens(context, kind)
    assert.equal([workspace?.provisioned, workspace?.key], ['yes', key])
    assert.match(`${workspace?.srk}`, srkName)
    // Zero before, as this firmware leaves it: so the new root finds another value than the key is sealed to.
    const after = createHash('sha256').update(Buffer.alloc(32)).update(fenceDigest()).digest('hex')
    assert.equal(closed?.values, [after])
    assert.is(facts.get('pcr 11')?.toLowerCase(), after)
    assert.not.match(facts.get('pcr 4') ?? '', /^0*$/)
  })

  test(`${key}: the second boot finds what the first one left there`, async (context) => {
    const { facts, workspace } = await opens(context, kind)
    assert.is(facts.get('marker workspace'), 'marker of workspace, to be found by no one')
    assert.equal([workspace?.provisioned, workspace?.generation], ['no', 1])
  })

  test(`${key}: another TPM halts with tpm-srk`, async (context) => {
    const line = await halts(context, kind, 'tpm-srk', { tpm: await newTpm(context) })
    assert.match(line, /its storage key is 000b[0-9a-f]{64}, expected 000b[0-9a-f]{64};/)
  })
}

test('tpm2: a machine that the firmware measures otherwise halts with tpm-pcrs', async (context) => {
  await halts(context, 'alone', 'tpm-pcrs', { serial: 'two' })
})

test('tpm2: no TPM halts with tpm-none', async (context) => {
  await halts(context, 'alone', 'tpm-none', { tpm: undefined })
})

test('snp+tpm2: the right TPM under another measurement halts with header-mac', async (context) => {
  await halts(context, 'second', 'header-mac', { launch: { measurement: counting(0x45, 48) } })
})

test.run()
