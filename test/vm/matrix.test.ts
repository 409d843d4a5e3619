// The failure matrix: what a hostile host or a careless owner may do, each a real boot that must end with the code
// named here, or get through. Two boots at a time; a table of what each took at the end.

import { mkdtemp, open, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FaultCode } from '../../src/fault.ts'
import type { GptPartition } from '../../src/layout/gpt.ts'
import { manifestPath } from '../../src/layout/initramfs.ts'
import type { RootHash } from '../../src/layout/verity.ts'
import { withoutEntries } from './archives.ts'
import { copyOf, flipByte, partitionOf } from './disk.ts'
import { rewritePartitions, ruinTables, writeAt } from './gpt-edit.ts'
import type { Boot } from './qemu.ts'
import { checkRefusal, refusal } from './refusal.ts'
import { pack, power, trees, type World, world } from './world.ts'

type Change = Parameters<typeof power>[1] & object
type Bench = {
  readonly from: World
  /** A copy of the disk, changed. */
  readonly disk: (change: (disk: string) => Promise<unknown>) => Promise<Change>
  readonly file: (name: string) => string
}
/** The code, `boots` for one that must get through, `panic` where the kernel itself stops. */
type Row = readonly [
  what: string,
  ends: FaultCode | 'boots' | 'panic',
  change: (bench: Bench) => Change | Promise<Change>,
]

const parameter = (cmdline: string, name: string): string =>
  cmdline.split(' ').find((word) => word.startsWith(`${name}=`)) ?? ''
const rootHash = 'cvmboot.roothash.root-fs'
const hashOf = (cmdline: string): RootHash =>
  parameter(cmdline, rootHash).slice(rootHash.length + 1) as RootHash

/** The command line with something added. */
const plus =
  (...words: string[]) =>
  ({ from }: Bench): Change => ({ cmdline: [from.cmdline, ...words].join(' ') })
/** The command line with the root's hash written another way. */
const hashAs =
  (write: (hash: RootHash) => string) =>
  ({ from }: Bench): Change => ({
    cmdline: from.cmdline.replace(hashOf(from.cmdline), write(hashOf(from.cmdline))),
  })

const soon = 'cvmboot.device-timeout=2'
const impatient = ({ from }: Bench, change: Change): Change => ({
  cmdline: `${from.cmdline} ${soon}`,
  ...change,
})

const rename =
  (names: Readonly<Record<string, string>>) =>
  (all: readonly GptPartition[]): GptPartition[] =>
    all.map((p) => {
      const other = all.find((q) => q.name === names[p.name])
      return other === undefined ? p : { ...p, uuid: other.uuid }
    })
const resize =
  (name: string, blocks: bigint) =>
  (all: readonly GptPartition[]): GptPartition[] =>
    all.map((p) => (p.name === name ? { ...p, last: p.last + blocks * 8n } : p))

/** What there is where memory ended behind the executable, before these. */
const without = async ({ from, file }: Bench, kept: (path: string) => boolean): Promise<Change> => {
  await pack(from.guest, 'cvmboot-mock', join(trees, 'partition.conf'), file('whole'), 'none')
  await withoutEntries(file('whole'), file('initramfs'), kept)
  await rm(file('whole'))
  return { initramfs: file('initramfs') }
}

/** Copies the start of one partition over another. */
const overwrite = async (disk: string, from: string, to: string): Promise<void> => {
  const source = await partitionOf(disk, from)
  const target = await partitionOf(disk, to)
  const bytes = Buffer.alloc(Math.min(source.bytes, target.bytes))
  const file = await open(disk, 'r')
  await file.read(bytes, 0, bytes.length, source.start)
  await file.close()
  await writeAt(disk, target.start, bytes)
}

const blank = async (path: string, bytes: number): Promise<string> => {
  const file = await open(path, 'w')
  await file.truncate(bytes)
  await file.close()
  return path
}
const swapMark = Buffer.from('SWAPSPACE2')

const rows: readonly Row[] = [
  ['the root hash twice, equal', 'cmdline-duplicate', (b) => plus(parameter(b.from.cmdline, rootHash))(b)],
  ['the root hash twice, different', 'cmdline-duplicate', plus(`${rootHash}=${'0'.repeat(64)}`)],
  [
    'the root hash twice, once with _',
    'cmdline-duplicate',
    plus(`cvmboot.roothash.root_fs=${'0'.repeat(64)}`),
  ],
  ['the root hash in upper case', 'cmdline-value', hashAs((hash) => hash.toUpperCase())],
  ['the root hash too short', 'cmdline-value', hashAs((hash) => hash.slice(1))],
  ['the root hash too long', 'cmdline-value', hashAs((hash) => `${hash}0`)],
  ['the root hash in quotes', 'boots', hashAs((hash) => `"${hash}"`)],
  ['roothash= with the same hash', 'boots', (b) => plus(`roothash=${hashOf(b.from.cmdline)}`)(b)],
  ['roothash= with another hash', 'cmdline-conflict', plus(`roothash=${'0'.repeat(64)}`)],
  ['an unknown parameter of ours in quotes', 'cmdline-unknown', plus('"cvmboot.verity=no thanks"')],
  ['a parameter of ours after --', 'cmdline-forbidden', plus('-- cvmboot.on-failure=reboot')],
  ['init=/bin/sh', 'cmdline-forbidden', plus('init=/bin/sh')],
  ['single', 'cmdline-forbidden', plus('single')],
  ['emergency', 'cmdline-forbidden', plus('emergency')],
  ['rd.break', 'cmdline-forbidden', plus('rd.break=pre-mount')],
  ['resume=', 'cmdline-forbidden', plus('resume=/dev/vda1')],
  ['NODE_DEBUG=', 'environment-hostile', plus('NODE_DEBUG=fs')],
  ['OPENSSL_CONF=', 'environment-hostile', plus('OPENSSL_CONF=/x')],
  ['GLIBC_TUNABLES=', 'environment-hostile', plus('GLIBC_TUNABLES=glibc.malloc.check=3')],
  ['rdinit= of a shell that is not there', 'panic', plus('rdinit=/bin/sh')],
  ["a salt that is not the image's", 'verity-corrupt', plus('cvmboot.salt.root-fs=00')],
  [
    'fewer data blocks than the tree covers',
    'verity-corrupt',
    ({ from }) => ({ cmdline: from.cmdline.replace(/(data-blocks\.root-fs=)\d+/, '$1128') }),
  ],
  [
    'one byte of a superblock of ours: never read',
    'boots',
    ({ disk }) => disk(async (d) => flipByte(d, (await partitionOf(d, 'root-fs-verity')).start + 100)),
  ],
  [
    'the last block of the data',
    'verity-corrupt',
    ({ disk }) =>
      disk(async (d) => {
        const { start, bytes } = await partitionOf(d, 'oem-launcher')
        await flipByte(d, start + bytes - 1)
      }),
  ],
  [
    'data of two volumes swapped',
    'device-geometry',
    ({ disk }) =>
      disk((d) => rewritePartitions(d, rename({ 'oem-launcher': 'os-config', 'os-config': 'oem-launcher' }))),
  ],
  [
    "another volume's tree",
    'verity-corrupt',
    ({ disk }) => disk((d) => overwrite(d, 'root-fs-verity', 'oem-launcher-verity')),
  ],
  [
    'a data partition one block larger',
    'boots',
    ({ disk }) => disk((d) => rewritePartitions(d, resize('os-config', 1n))),
  ],
  [
    'a data partition one block smaller',
    'device-geometry',
    ({ disk }) => disk((d) => rewritePartitions(d, resize('oem-launcher', -1n))),
  ],
  [
    'a tree partition one block smaller',
    'device-geometry',
    ({ disk }) => disk((d) => rewritePartitions(d, resize('root-fs-verity', -1n))),
  ],
  [
    'no primary table',
    'device-missing',
    async (b) => impatient(b, await b.disk((d) => ruinTables(d, 'primary'))),
  ],
  ['no backup table', 'boots', ({ disk }) => disk((d) => ruinTables(d, 'backup'))],
  [
    'no table at all',
    'device-missing',
    async (b) => impatient(b, await b.disk((d) => ruinTables(d, 'primary', 'backup'))),
  ],
  [
    'overlapping entries',
    'device-missing',
    async (b) =>
      impatient(
        b,
        await b.disk((d) =>
          rewritePartitions(d, (all) =>
            all.map((p) => (p.number === 2 ? { ...p, first: p.first - 8n * 300n } : p)),
          ),
        ),
      ),
  ],
  [
    '128 entries of garbage',
    'device-missing',
    async (b) =>
      impatient(
        b,
        await b.disk((d) =>
          rewritePartitions(d, (all) =>
            Array.from({ length: 128 }, (_, i) => ({
              ...(all[i % all.length] as GptPartition),
              number: i + 1,
              first: BigInt(i * 7919),
              last: BigInt(i * 104729),
              name: '\u0007\ud800'.repeat(9),
            })),
          ),
        ),
      ),
  ],
  [
    'no partition for the workspace',
    'device-missing',
    async (b) =>
      impatient(
        b,
        await b.disk((d) => rewritePartitions(d, (all) => all.filter((p) => p.name !== 'workspace'))),
      ),
  ],
  [
    'two partitions named workspace',
    'device-duplicate',
    ({ disk }) =>
      disk((d) =>
        rewritePartitions(d, (all) =>
          all.map((p) => (p.name === 'job-store' ? { ...p, name: 'workspace' } : p)),
        ),
      ),
  ],
  [
    "a stranger's data in the job-store",
    'device-foreign',
    ({ disk }) =>
      disk(async (d) => writeAt(d, (await partitionOf(d, 'job-store')).start, Buffer.from('somebody'))),
  ],
  [
    'swap space on a whole disk',
    'swap-present',
    async ({ from, file }) => {
      const swap = await blank(file('swap.img'), 1 << 24)
      await writeAt(swap, 4086, swapMark)
      return { disks: [{ file: from.disk }, { file: swap }] }
    },
  ],
  [
    'swap space in a partition of ours',
    'swap-present',
    ({ disk }) => disk(async (d) => writeAt(d, (await partitionOf(d, 'workspace')).start + 4086, swapMark)),
  ],
  ['a disk that is not there at all', 'device-missing', (b) => impatient(b, { disks: [] })],
  // The kernel logs `unpacking failed: write error` and goes on without what did not fit: here without /init.
  ['too little memory for the executable', 'panic', () => ({ memoryMiB: 300 })],
  [
    'an archive without its last entry',
    'initramfs-incomplete',
    (b) => without(b, (path) => path !== manifestPath.slice(1)),
  ],
  [
    'an archive without mke2fs',
    'initramfs-incomplete',
    (b) => without(b, (path) => !path.endsWith('/mke2fs')),
  ],
]

type Result = { readonly boot: Boot; readonly seconds: number }
const test = suite<{ scratch: string; results: Map<string, Promise<Result>> }>('the failure matrix')

const handedOver = /cvmboot: handing over to /
const stopped = /Kernel panic - not syncing/

const runRow = async (
  from: World,
  scratch: string,
  index: number,
  [, ends, change]: Row,
): Promise<Result> => {
  const started = performance.now()
  const file = (name: string) => join(scratch, `${index}-${name}`)
  const disk: Bench['disk'] = async (edit) => {
    const copy = await copyOf(from.disk, file('disk.img'))
    await edit(copy)
    return { disks: [{ file: copy }] }
  }
  const until = ends === 'boots' ? handedOver : ends === 'panic' ? stopped : refusal
  const boot = await power(from, {
    timeoutSeconds: 120,
    ...(await change({ from, disk, file })),
    until,
    lingerSeconds: ends === 'boots' ? 0 : 3,
  })
  await rm(file('disk.img'), { force: true })
  return { boot, seconds: (performance.now() - started) / 1000 }
}

test.before(async (context) => {
  const from = await world()
  context.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-matrix-'))
  context.results = new Map()
  const lanes = Array.from({ length: Math.min(2, availableParallelism()) }, () =>
    Promise.resolve<unknown>(undefined),
  )
  for (const [index, row] of rows.entries()) {
    const lane = index % lanes.length
    const result = (lanes[lane] ?? Promise.resolve()).then(() => runRow(from, context.scratch, index, row))
    lanes[lane] = result.catch(() => {})
    context.results.set(row[0], result)
    result.catch(() => {}) // each test awaits its own
  }
})

test.after(async ({ scratch, results }) => {
  await rm(scratch, { recursive: true, force: true })
  for (const [what, ends] of rows) {
    const seconds = await results
      .get(what)
      ?.then((r) => r.seconds.toFixed(0))
      .catch(() => '-')
    process.stdout.write(`  ${what.padEnd(48)} ${ends.padEnd(22)} ${`${seconds}`.padStart(4)} s\n`)
  }
})

for (const [what, ends] of rows)
  test(what, async ({ results }) => {
    const { boot } = (await results.get(what)) as Result
    if (ends === 'boots') assert.match(boot.console, handedOver)
    else if (ends === 'panic') {
      assert.match(boot.console, stopped)
      assert.not.match(boot.console, /cvmboot: |systemd\[|[#$] $/m)
    } else {
      checkRefusal(boot, ends)
      assert.match(boot.console, /reboot: System halted/)
    }
  })

test.run()
