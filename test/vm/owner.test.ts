// The owner's keyslot end to end. The production executable makes a job-store on a stand-in for SEV-SNP, the guest leaves a
// result, the host hands the disk back, and the owner reads the result by cvmboot and by the tools of any Debian. The same with
// dm-integrity below, and after the host wrote to the disk.

import { spawnSync } from 'node:child_process'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { superblockFor } from '../../src/layout/integrity.ts'
import { dataOffset, headerAreaBytes, type Luks2Profile, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { printOwnerKey } from '../../src/layout/owner-key.ts'
import { run } from '../../src/machine/exec.ts'
import { evidenceOf } from '../../src/proof/state.ts'
import { ageOwner, areaFor, type Owner } from '../with/owner-keys.ts'
import { suite } from '../with/suite.ts'
import { copyOf, flipByte, partitionOf } from './disk.ts'
import { readReport } from './guest-report.ts'
import type { Suite } from './kernel.ts'
import { checkRefusal } from './refusal.ts'
import { runStock } from './stock.ts'
import { packOnTee, teeWords } from './tee/build.ts'
import { powerOn, tcb } from './tee/scenarios.ts'
import { executable, power, project, trees, type World, world } from './world.ts'

type Side = { readonly initramfs: string; readonly disk: string }
type Context = {
  readonly from: World
  readonly scratch: string
  readonly identity: string
  readonly sides: Readonly<Record<Luks2Profile, Side>>
}
const test = suite<Context>("the owner's results")

const owner: Owner = ageOwner()
const result = 'marker of job-store, to be found by no one'
const configs: Readonly<Record<Luks2Profile, string>> = {
  xts: '',
  // The workspace too, with a key of each boot.
  'xts-hmac': 'JOBSTORE_INTEGRITY=hmac-sha256\nWORKSPACE_INTEGRITY=hmac-sha256\n',
}

test.before(async (context) => {
  const from = await world()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-owner-'))
  const identity = join(scratch, 'owner.key')
  await writeFile(identity, owner.file)
  const own = (await readFile(join(trees, 'partition.conf'), 'utf8')).replace(
    'JOBSTORE_ENCRYPTION=none\n',
    '',
  )
  const key = `JOBSTORE_KEY=snp\nJOBSTORE_OWNER=${printOwnerKey(owner.publicKey)}\n`
  const side = async (profile: Luks2Profile): Promise<Side> => {
    const config = join(scratch, `${profile}.conf`)
    await writeFile(config, `${own}INIT=/usr/libexec/keep-marker\n${key}${configs[profile]}`)
    const initramfs = join(scratch, `${profile}.initramfs`)
    await packOnTee(from, 'cvmboot', config, initramfs)
    return { initramfs, disk: await copyOf(from.disk, join(scratch, `${profile}.img`)) }
  }
  const sides = { xts: await side('xts'), 'xts-hmac': await side('xts-hmac') }
  Object.assign(context, { from, scratch, identity, sides })
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

/** Boots to the new root, which looks for its marker and leaves both volumes unmounted. */
const boots = async (
  { from, sides }: Context,
  profile: Luks2Profile,
  {
    launch = {},
    words = 'keep-marker.unmount',
  }: { launch?: Readonly<Record<string, string>>; words?: string } = {},
) => {
  const { initramfs, disk } = sides[profile]
  const cmdline = `${from.cmdline} ${teeWords({ ...powerOn, ...launch })} ${words}`
  const { console } = await power(from, { initramfs, cmdline, disks: [{ file: disk, writes: 'keep' }] })
  const { state, facts } = readReport(console)
  return {
    console,
    facts,
    jobStore: evidenceOf(state, 'open-lasting').find(({ volume }) => volume === 'job-store'),
    workspace: evidenceOf(state, 'open-ephemeral').find(({ volume }) => volume === 'workspace'),
  }
}

const halts = async (
  { from, sides }: Context,
  profile: Luks2Profile,
  file: string,
  code: string,
): Promise<string> => {
  const cmdline = `${from.cmdline} ${teeWords(powerOn)}`
  const machine = { initramfs: sides[profile].initramfs, cmdline, disks: [{ file }] }
  return checkRefusal(await power(from, { ...machine, until: 'halted', timeoutSeconds: 180 }), code)
}

/** What `cvmboot owner open` writes to its pipe. */
const passphraseOf = ({ identity }: Context, disk: string): Buffer => {
  const { status, stdout, stderr } = spawnSync(executable('cvmboot'), [
    'owner',
    'open',
    disk,
    '--identity',
    identity,
  ])
  assert.is(status, 0, stderr.toString())
  assert.is(stdout.length, 32)
  return stdout
}

/** What the owner finds on the disk, in a machine with a Debian release's own tools. */
const asOwner = async (context: Context, release: Suite, profile: Luks2Profile) => {
  const { disk } = context.sides[profile]
  const [line = ''] = (await readFile(join(project, 'docs/owner.md'), 'utf8'))
    .split('\n')
    .filter((one) => one.startsWith('cryptsetup luksDump ') && one.includes(' age '))
  const files = {
    'keys/passphrase': passphraseOf(context, disk),
    'keys/owner.key': owner.file,
    line: Buffer.from(`${line}\n`),
  }
  const script = await readFile(join(import.meta.dirname, 'stock/owner.sh'), 'utf8')
  const { facts } = await runStock(release, script, files, [{ file: disk }], context.scratch)
  return (name: string): string => facts.get(name) ?? `no fact ${name}`
}

const check = (fact: (name: string) => string): void => {
  assert.match(fact('dump'), /^0 LUKS header information Version:\s+2 .*\s1: cvmboot-owner\s+Keyslot:\s+1\s/)
  assert.not.match(fact('dump'), /WARNING|[Ii]nvalid|[Rr]epair/)
  assert.is(fact('repair'), '0')
  assert.is(fact('open by passphrase'), '0')
  assert.is(fact('read by passphrase'), result)
  assert.is(fact('open by line'), '0')
  assert.is(fact('read by line'), result)
  assert.match(fact('open by another'), /^2 /)
}

/** Where a block of 4096 bytes of the job-store lies on the disk, below dm-integrity. */
const placeOf = async (disk: string, block: number): Promise<number> => {
  const { start, bytes } = await partitionOf(disk, 'job-store')
  const superblock = superblockFor(BigInt(bytes), BigInt(dataOffset))
  if (superblock === undefined) throw new Error('there is no room for dm-integrity')
  const before = 8 + superblock.journalSections * 264
  const runs = Math.floor(block / 4096)
  return start + dataOffset + (before + (runs + 1) * 256) * 512 + block * 4096
}

test('a boot makes the job-store, and says whose second keyslot it has', async (context) => {
  const { jobStore, console } = await boots(context, 'xts')
  assert.equal(
    [jobStore?.provisioned, jobStore?.owner, jobStore?.integrity],
    ['yes', printOwnerKey(owner.publicKey), 'none'],
  )
  const passphrase = passphraseOf(context, context.sides.xts.disk)
  for (const encoding of ['hex', 'base64', 'latin1'] as const)
    assert.not.ok(console.includes(passphrase.toString(encoding).slice(0, 16)))
})

test('the owner reads the result with the tools of Debian 12', async (context) => {
  const fact = await asOwner(context, 'bookworm', 'xts')
  assert.ok(fact('version').startsWith('cryptsetup 2.6.1'))
  check(fact)
})

test('a newer TCB seals it anew, and the owner reads it still, with the tools of Debian 13', async (context) => {
  const before = passphraseOf(context, context.sides.xts.disk)
  const newer = `${tcb + 1n}`
  const launch = { launch_tcb: newer, committed_tcb: newer, current_tcb: newer }
  const { jobStore, facts } = await boots(context, 'xts', { launch })
  assert.equal([jobStore?.renewed, jobStore?.generation], ['yes', 2])
  assert.is(facts.get('marker job-store'), result)
  assert.not.equal(passphraseOf(context, context.sides.xts.disk), before)
  const fact = await asOwner(context, 'trixie', 'xts')
  assert.ok(fact('version').startsWith('cryptsetup 2.7.5'))
  check(fact)
})

/** A copy of the disk with something written into the job-store. */
const changed = async (
  { sides, scratch }: Context,
  profile: Luks2Profile,
  change: (area: Buffer) => Promise<Buffer>,
): Promise<string> => {
  const copy = await copyOf(sides[profile].disk, join(scratch, 'changed.img'))
  const { start } = await partitionOf(copy, 'job-store')
  const file = await open(copy, 'r+')
  try {
    const area = Buffer.alloc(headerAreaBytes)
    await file.read(area, 0, area.length, start)
    await file.write(await change(area), 0, headerAreaBytes, start)
  } finally {
    await file.close()
  }
  return copy
}

test('a header of another owner, as the host can make one, halts with header-owner', async (context) => {
  const disk = await changed(context, 'xts', async (area) => {
    const { dataBytes = 0n } = parseLuks2(area, 'job-store', 'xts').header
    return areaFor(ageOwner(), 'xts', { dataBytes })
  })
  const said = await halts(context, 'xts', disk, 'header-owner')
  assert.ok(said.includes(`not of age-x25519 ${printOwnerKey(owner.publicKey)}`))
})

test('a partition that was made smaller halts with header-extent', async (context) => {
  const disk = await changed(context, 'xts', async (area) => area)
  const { number, bytes } = await partitionOf(disk, 'job-store')
  const input = Buffer.from(`, ${bytes / 1024 ** 2 - 1}MiB\n`)
  await run('sfdisk', ['--quiet', '--no-reread', '-N', `${number}`, disk], { input, package: 'fdisk' })
  assert.is((await partitionOf(disk, 'job-store')).bytes, bytes - 1024 ** 2)
  await halts(context, 'xts', disk, 'header-extent')
})

test('with tags: both volumes open, one for good', async (context) => {
  const { jobStore, workspace } = await boots(context, 'xts-hmac', { words: 'keep-marker.where' })
  for (const evidence of [jobStore, workspace]) {
    assert.is(evidence?.integrity, 'hmac-sha256')
    assert.match(`${evidence?.table}`, /^capi:authenc\(hmac\(sha256\),xts\(aes\)\)-plain64 :96:logon:/)
  }
  assert.is(jobStore?.provisioned, 'yes')
})

let block = 0
test('with tags: the next boot replays the journal of ext4, and the owner reads the result', async (context) => {
  const { facts, jobStore } = await boots(context, 'xts-hmac', {
    words: 'keep-marker.where keep-marker.unmount',
  })
  assert.is(facts.get('marker job-store'), result)
  assert.is(jobStore?.provisioned, 'no')
  block = Number(facts.get('block job-store'))
  assert.ok(block > 0)
  const fact = await asOwner(context, 'trixie', 'xts-hmac')
  check(fact)
  assert.match(fact('table'), /^0 \d+ crypt capi:authenc/)
})

test('with tags: a byte of the result that the host changed is an error in the guest, not another byte', async (context) => {
  const { disk } = context.sides['xts-hmac']
  const at = await placeOf(disk, block)
  // One boot more brings all that dm-integrity's journal still held to its place.
  assert.is((await boots(context, 'xts-hmac')).facts.get('marker job-store'), result)
  const [before] = await flipByte(disk, at + 7)
  const { facts } = await boots(context, 'xts-hmac')
  assert.is(facts.get('marker job-store'), undefined)
  assert.match(facts.get('error job-store') ?? '', /^cat: .*\/marker: Input\/output error$/)
  assert.is((await flipByte(disk, at + 7))[1], before)
  assert.is((await boots(context, 'xts-hmac')).facts.get('marker job-store'), result)
})

test('with tags: a superblock of dm-integrity that the host changed halts before the kernel reads it', async (context) => {
  const disk = await changed(context, 'xts-hmac', async (area) => area)
  await flipByte(disk, (await partitionOf(disk, 'job-store')).start + dataOffset + 12)
  await halts(context, 'xts-hmac', disk, 'integrity-superblock')
})

test('with tags: a journal of dm-integrity that the host broke halts, and both mappings are closed', async (context) => {
  const disk = await changed(context, 'xts-hmac', async (area) => area)
  const file = await open(disk, 'r+')
  // Behind the superblock's block; the kernel then fails every read.
  await file.write(
    Buffer.alloc(264 * 512),
    0,
    264 * 512,
    (await partitionOf(disk, 'job-store')).start + dataOffset + 4096,
  )
  await file.close()
  await halts(context, 'xts-hmac', disk, 'mount-failed')
})

test.run()
