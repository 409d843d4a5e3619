// `npm run bench`: cvmboot against other ways to boot the same disk, in guest instructions, which do not depend on
// this machine or on what else it does. Prints Markdown; --write puts table and chart into docs/reference/speed.md.
// `npm run bench -- boots` does one part only; parts: boots, memory, growth, lasting, setup,
// throughput.

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePackages } from '../build/packages.ts'
import { dracutForBench } from '../test/vm/dracut.ts'
import { debianGuest } from '../test/vm/guest.ts'
import { toolsForBench } from '../test/vm/initramfs-tools.ts'
import { build, project } from '../test/vm/world.ts'
import { printChart } from './chart.ts'
import { benchDisk, ownInitramfs } from './disk.ts'
import { dracutInitramfs } from './dracut.ts'
import { growth } from './growth.ts'
import { lasting } from './lasting.ts'
import { bootsWith, type Figures, measure, type Peer } from './measure.ts'
import { peers } from './peers.ts'
import { setupSpeed } from './setup-speed.ts'
import { markdown, type Row } from './table.ts'
import { throughput } from './throughput.ts'

const say = (progress: string) => void process.stderr.write(`bench: ${progress}\n`)
const print = (text: string) => void process.stdout.write(`${text}\n`)

type Contender = {
  readonly key: string
  readonly label: string
  readonly ours: 'ours' | 'peer'
  readonly peer: Peer
}
type Measured = Contender & { readonly figures: Figures; readonly bytes: number }

const budgets = [
  { what: 'whole boot, shell with LUKS', of: 'whole', against: 'shell-luks.zst', most: 0.85 },
  { what: 'whole boot, shell with plain dm-crypt', of: 'whole', against: 'shell-plain.zst', most: 1.1 },
  { what: 'whole boot, dracut with systemd', of: 'whole', against: 'dracut.zst', most: 0.4 },
  { what: 'from /init on, shell with LUKS', of: 'fromInit', against: 'shell-luks.zst', most: 0.6 },
  { what: 'whole boot, C program (stretch)', of: 'whole', against: 'c.zst', most: 1 },
] as const

const number = (value: number, digits: number): string => (Number.isNaN(value) ? '' : value.toFixed(digits))

const table = (all: readonly Measured[], least: ReadonlyMap<string, number>): Row[] => [
  [
    ...['', 'initramfs, MB', 'unpack', 'from /init on', 'whole boot', 'RAM before, MiB', 'after'],
    ...(least.size > 0 ? ['least'] : []),
  ],
  ...all.map(({ key, label, bytes, figures }) => [
    label,
    number(bytes / 1e6, 1),
    number(figures.unpack, 2),
    number(figures.fromInit, 2),
    number(figures.whole, 2),
    number(figures.memoryBefore, 0),
    number(figures.memoryAfter, 0),
    ...(least.size > 0 ? [`${least.get(key) ?? ''}`] : []),
  ]),
]

const ratios = (all: readonly Measured[]): Row[] => {
  const of = (key: string) => all.find((one) => one.key === key)?.figures
  const ours = of('cvmboot.lz4')
  const plain = of('cvmboot.none')
  return [
    ['cvmboot ÷', 'budget', 'lz4', 'uncompressed'],
    ...budgets.map(({ what, of: figure, against, most }) => {
      const peer = of(against)
      const ratio = (one: Figures | undefined) =>
        number((one?.[figure] ?? Number.NaN) / (peer?.[figure] ?? Number.NaN), 2)
      return [what, `≤ ${most}`, ratio(ours), ratio(plain)]
    }),
  ]
}

/** The least memory in steps of 16 MiB, by halving. */
const leastMemory = async (peer: Peer): Promise<number> => {
  let [low, high] = [64, 640]
  while (high - low > 16) {
    const middle = Math.floor((low + high) / 32) * 16
    if (await bootsWith(peer, middle)) high = middle
    else low = middle
  }
  return high
}

const main = async (): Promise<void> => {
  const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'))
  const wanted = (part: string): boolean => asked.length === 0 || asked.includes(part)
  ensurePackages(say)
  await build(say)
  const guest = await debianGuest('trixie', say)
  const built = await peers(guest, say)
  const marker = join(built, 'marker')
  const small = await benchDisk(guest, marker, { workspace: '256M', jobStore: '256M' }, say)
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-bench-'))
  try {
    const dracut = join(scratch, 'dracut')
    await dracutInitramfs(join(built, 'dracut.zst'), small.cmdline, dracut)
    const of = (initramfs: string): Peer => ({
      kernel: guest.kernel,
      initramfs,
      cmdline: small.cmdline,
      disks: [{ file: small.disk }],
    })
    const peer = (key: string, label: string): Contender => ({
      key,
      label,
      ours: 'peer',
      peer: of(key === 'dracut.zst' ? dracut : join(built, key)),
    })
    const own = async (compression: 'lz4' | 'zstd' | 'none', label: string): Promise<Contender> => ({
      key: `cvmboot.${compression}`,
      label,
      ours: 'ours',
      peer: of(await ownInitramfs(guest, small.config, compression, say)),
    })
    // Debian's own initramfs with everything that it carries for any machine.
    const within = (key: string, label: string, initramfs: string): Contender => ({
      key: `cvmboot.${key}`,
      label,
      ours: 'ours',
      // Nobody but the agent is to look for a root.
      peer: { ...of(initramfs), cmdline: small.cmdline.replace(/ root=\S+/, '') },
    })
    const contenders = [
      await own('lz4', 'cvmboot, lz4'),
      await own('none', 'cvmboot, uncompressed'),
      await own('zstd', 'cvmboot, zstd'),
      within('dracut', 'cvmboot in dracut + systemd, zstd', await dracutForBench(small.config)),
      within('tools', 'cvmboot in initramfs-tools, zstd', await toolsForBench(small.config)),
      peer('c.zst', 'C program, zstd'),
      peer('shell-plain.zst', 'shell, dm-crypt, zstd'),
      peer('shell-plain.lz4', 'shell, dm-crypt, lz4'),
      peer('shell-luks.zst', 'shell, LUKS, zstd'),
      peer('dracut.zst', 'dracut + systemd, LUKS, zstd'),
    ]
    if (wanted('boots') || wanted('memory')) {
      const measured: Measured[] = []
      for (const one of contenders) {
        say(`booting ${one.label}`)
        try {
          const figures = await measure(one.peer)
          measured.push({ ...one, figures, bytes: (await stat(one.peer.initramfs)).size })
        } catch (thrown) {
          // One peer that does not come up loses its row, not the others theirs.
          say(`${one.label}: ${thrown instanceof Error ? thrown.message : thrown}`)
          process.exitCode = 1
        }
      }
      const least = new Map<string, number>()
      if (wanted('memory'))
        for (const { key, label, peer: one } of contenders) {
          say(`least memory of ${label}`)
          least.set(key, await leastMemory(one))
        }
      const text = [markdown(table(measured, least)), markdown(ratios(measured))]
      print(`\nG instructions, ${new Date().toISOString().slice(0, 10)}\n\n${text.join('\n')}`)
      const steps = measured.find(({ key }) => key === 'cvmboot.lz4')?.figures.steps ?? []
      print(
        markdown([
          ['step', 'M instructions and waiting, ms'],
          ...steps.map(({ step, milliseconds }) => [
            step.split(' ').slice(0, 2).join(' '),
            number(milliseconds, 1),
          ]),
        ]),
      )
      if (process.argv.includes('--write')) await write(text, measured)
    }
    if (wanted('growth')) print(await growth(guest, marker, say))
    if (wanted('lasting')) print(await lasting(guest, say))
    if (wanted('setup')) print(await setupSpeed(say))
    if (wanted('throughput')) print(await throughput(guest, say))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The page's table between its marks, and the chart that the page shows. */
const write = async (text: readonly string[], measured: readonly Measured[]): Promise<void> => {
  const page = join(project, 'docs/reference/speed.md')
  const before = await readFile(page, 'utf8')
  const marks = /(<!-- bench: written by npm run bench -- --write -->\n)[\s\S]*?(<!-- end -->)/
  if (!marks.test(before)) throw new Error('docs/reference/speed.md has no place for the table')
  await writeFile(
    page,
    before.replace(marks, (_, from, to) => `${from}\n${text.join('\n')}\n${to}`),
  )
  const bars = measured.map(({ label, ours, figures: { whole, fromInit } }) => ({
    label,
    ours,
    parts: [whole - fromInit, fromInit] as const,
  }))
  const chart = printChart('A boot in G instructions', bars)
  await writeFile(join(project, 'docs/pictures/speed.svg'), chart)
}

await main()
