// `npm run bench`: cvmboot against other ways to boot the same disk, in guest instructions, which do not depend on
// this machine or on what else it does. Prints Markdown; --write puts tables and chart into docs/reference/speed.md.
// `npm run bench -- boots` does one part only; the parts are in judge.ts. A missed budget of budgets.ts fails the run.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePackages } from '../build/packages.ts'
import { debianGuest } from '../test/vm/guest.ts'
import { build } from '../test/vm/world.ts'
import {
  bootsText,
  contendersFor,
  figuresOf,
  leastMemory,
  measureAll,
  stepsText,
  writePage,
} from './boots.ts'
import { budgets } from './budgets.ts'
import { benchDisk } from './disk.ts'
import { growth } from './growth.ts'
import { missedBudgets, type Part, type PartResult, parts } from './judge.ts'
import { lasting } from './lasting.ts'
import { peers } from './peers.ts'
import { setupSpeed } from './setup-speed.ts'
import { throughput } from './throughput.ts'

const say = (progress: string) => void process.stderr.write(`bench: ${progress}\n`)
const print = (text: string) => void process.stdout.write(`${text}\n`)

/** The parts that the words ask for; `memory` needs the boots. Throws for a word that is no part. */
const asked = (words: readonly string[]): readonly Part[] => {
  const unknown = words.find((word) => !parts.some((part) => part === word))
  if (unknown !== undefined) throw new Error(`${unknown}: no part of the benchmark; say ${parts.join(', ')}`)
  const named = (part: Part) => words.length === 0 || words.includes(part)
  return parts.filter((part) => named(part) || (part === 'boots' && named('memory')))
}

const main = async (): Promise<void> => {
  const ran = asked(process.argv.slice(2).filter((word) => word !== '--write'))
  const runs = (part: Part): boolean => ran.includes(part)
  ensurePackages(say)
  await build(say)
  const guest = await debianGuest('trixie', say)
  const built = await peers(guest, say)
  const marker = join(built, 'marker')
  const measured = new Map<string, number>()
  const take = ({ text, figures }: PartResult): void => {
    print(text)
    for (const [name, value] of figures) measured.set(name, value)
  }
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-bench-'))
  try {
    if (runs('boots')) {
      const disk = await benchDisk(guest, marker, { workspace: '256M', jobStore: '256M' }, say)
      const contenders = await contendersFor(guest, disk, { built, scratch }, say)
      const all = await measureAll(contenders, say)
      const least = new Map<(typeof contenders)[number]['way'], number>()
      if (runs('memory'))
        for (const { way, label, peer } of contenders) {
          say(`least memory of ${label}`)
          least.set(way, await leastMemory(peer))
        }
      const text = bootsText(all, least)
      print(`\nG instructions, ${new Date().toISOString().slice(0, 10)}\n`)
      take({ text: `${text}\n${stepsText(all)}`, figures: figuresOf(all, least) })
      if (process.argv.includes('--write')) await writePage(text, all)
    }
    if (runs('growth')) take(await growth(guest, marker, say))
    if (runs('lasting')) take(await lasting(guest, say))
    if (runs('setup')) print(await setupSpeed(say))
    if (runs('throughput')) take(await throughput(guest, say))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  const missed = missedBudgets(measured, ran, budgets)
  for (const line of missed) say(`missed: ${line}`)
  process.exitCode = missed.length === 0 ? 0 : 1
}

await main()
