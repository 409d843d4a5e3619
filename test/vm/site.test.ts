// One measurement for a fleet, in real boots: the stand-in for SEV-SNP reports the HOSTDATA of a site, and the production
// executable opens the os-config of this site alone.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { run } from '../../src/machine/exec.ts'
import { evidenceOf } from '../../src/proof/state.ts'
import { counting } from '../with/snp.ts'
import { suite } from '../with/suite.ts'
import { readReport } from './guest-report.ts'
import { checkRefusal } from './refusal.ts'
import { packOnTee, teeWords } from './tee/build.ts'
import { powerOn } from './tee/scenarios.ts'
import { executable, makeSources, power, trees, type World, world } from './world.ts'

type Context = {
  readonly from: World
  readonly scratch: string
  readonly initramfs: string
  readonly disk: string
  readonly cmdline: string
  /** HOSTDATA of the site, as `setup` printed it. */
  readonly value: string
}
const test = suite<Context>('the site of a launch')

test.before(async (context) => {
  const from = await world()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-site-'))
  const sources = await makeSources(from.guest, join(scratch, 'sources'))
  const config = join(scratch, 'site.conf')
  const own = await readFile(join(trees, 'partition.conf'), 'utf8')
  await writeFile(config, `${own}INIT=/usr/libexec/keep-marker\nTEE_EVIDENCE=required\n`)
  const disk = join(scratch, 'disk.img')
  const said = await run(executable('cvmboot'), [
    ...['setup', '--config', config, '--disk', disk, '--site-by-host-data'],
    ...['--root-fs', sources.rootFs, '--oem-launcher', sources.oemLauncher, '--os-config', sources.osConfig],
  ])
  const value = /^ {2}HOSTDATA +([0-9a-f]{64}) or /m.exec(said)?.[1] ?? ''
  const initramfs = join(scratch, 'initramfs')
  await packOnTee(from, 'cvmboot', config, initramfs)
  const cmdline = (await readFile(join(scratch, 'cmdline'), 'utf8')).trim()
  Object.assign(context, { from, scratch, initramfs, disk, cmdline, value })
})
test.after(({ scratch }) => rm(scratch, { recursive: true, force: true }))

const started = ({ initramfs, disk, cmdline }: Context, host_data: string) => ({
  initramfs,
  cmdline: `${cmdline} ${teeWords({ ...powerOn, host_data })}`,
  disks: [{ file: disk }],
})

test('a VM that was launched for the site opens its os-config, and the evidence names the site', async (context) => {
  const { console } = await power(context.from, started(context, context.value))
  const { state, evidence } = readReport(console)
  const [site] = evidenceOf(state, 'read-site')
  assert.equal([site?.field, site?.value], ['HOSTDATA', context.value])
  const opened = evidenceOf(state, 'open-verity').find(({ volume }) => volume === 'os-config')
  assert.is(opened?.rootHash, site?.rootHash)
  const statement = Buffer.from(JSON.parse(evidence).statement, 'base64').toString('utf8')
  assert.is(JSON.parse(statement).site, context.value)
})

test('a VM that was launched for another site refuses the disk', async (context) => {
  const machine = started(context, counting(0x21, 32))
  const cmdline = `cvmboot.device-timeout=2 ${machine.cmdline}`
  const boot = await power(context.from, { ...machine, cmdline, until: 'halted', timeoutSeconds: 180 })
  checkRefusal(boot, 'site-record')
})

test.run()
