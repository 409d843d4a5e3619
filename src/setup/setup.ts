// The verb `setup`: everything looked at, then built beside the target, then written, then given its names.

import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { printConfig } from '../config/config.ts'
import { BootFault, fail } from '../fault.ts'
import { cryptNames, treeName, verityNames } from '../layout/layout.ts'
import { readBounded } from '../machine/bounded.ts'
import { reasonOf } from '../machine/errno.ts'
import { type Options, outOf, readOptions } from './options.ts'
import { outputNames, printOutputs } from './outputs.ts'
import { alignUp, gptOf, planPartitions } from './partitions.ts'
import { startProgress } from './progress.ts'
import { lookAt, requireOutside, type Source } from './source.ts'
import { openTarget, type Target } from './target.ts'
import { type BuiltVolume, buildVolume } from './volume.ts'
import { type Work, withWork } from './work.ts'
import { writeDisk } from './write.ts'

export { setupHelp } from './options.ts'

/** Faults: `usage`, `config-*`, `source-*`, `target-*`, `tool-*`, `cmdline-*`. */
export const setup = async (args: readonly string[]): Promise<void> => {
  const options = readOptions(args, process.env)
  const sources = verityNames.map((name) => lookAt(name, options.sources[name]))
  requireOutside(sources, dirname(options.disk))
  const target = await openTarget(options.disk, options.existing)
  try {
    requireOutside(sources, outOf(options, target.kind))
    const out = openOut(options, target)
    const summary = await withWork(startProgress(process.stderr), (work) =>
      make(work, { options, sources, target, out }),
    )
    process.stdout.write(summary)
  } finally {
    if (target.kind === 'device') await target.handle.close()
  }
}

/** Faults: `target-not-empty`, `target-write`, `usage`. */
const openOut = (options: Options, target: Target): string => {
  const out = outOf(options, target.kind)
  const { configFile, config, existing } = options
  try {
    mkdirSync(out, { recursive: true })
    for (const name of outputNames) {
      const path = join(out, name)
      if (!existsSync(path)) continue
      if (configFile !== undefined && realpathSync(path) === realpathSync(configFile)) {
        if (readBounded(path, 'config').toString() === printConfig(config)) continue
        throw fail('usage', {
          reason: `${path} would be replaced by its complete form; choose another --out`,
        })
      }
      if (existing === 'keep') throw fail('target-not-empty', { target: path, found: 'a file' })
    }
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('target-write', { target: out, reason: reasonOf(thrown) })
  }
  return out
}

type Job = {
  readonly options: Options
  readonly sources: readonly Source[]
  readonly target: Target
  readonly out: string
}

const make = async (work: Work, { options, sources, target, out }: Job): Promise<string> => {
  const directory = work.temporary(out)
  const built = await work.together(
    sources.map((source) => () => buildVolume(work, source, options, directory)),
  )
  const blockSize = target.kind === 'device' ? target.blockSize : 512
  const plan = planPartitions(built, options.config, blockSize)
  const bytes = target.kind === 'device' ? target.bytes : alignUp(plan.needed)
  if (bytes < plan.needed) throw fail('target-too-small', { target: target.path, bytes, needed: plan.needed })
  const outputs = printOutputs(built, plan, options.config, options.appended)
  const gpt = gptOf(plan, blockSize, bytes)
  const files = new Map(
    built.flatMap((one) => [[one.name, one.image] as const, [treeName(one.name), one.tree]]),
  )

  for (const file of outputNames) writeFileSync(join(directory, file), outputs[file])

  if (target.kind === 'device') {
    const { handle, path } = target
    forget(out)
    await writeDisk(work, { target: path, handle, gpt, files, before: 'anything' })
    name(directory, out, () => {})
  } else {
    const disk = join(work.temporary(dirname(target.path)), basename(target.path))
    const handle = await openNew(disk)
    try {
      await writeDisk(work, { target: target.path, handle, gpt, files, before: 'blank' })
    } finally {
      await handle.close()
    }
    work.check()
    name(directory, out, () => renameSync(disk, target.path))
  }
  return summarize(target, bytes, built, options, out)
}

const openNew = (path: string) =>
  open(path, 'wx').catch((thrown) => {
    throw fail('target-write', { target: path, reason: reasonOf(thrown) })
  })

/** Old root hashes beside a new disk would look like a pair. */
const forget = (out: string): void => {
  for (const file of ['roothashes.json', 'cmdline']) rmSync(join(out, file), { force: true })
}

/** Gives everything its name, the disk last. Synchronous: no signal comes between. Fault: `target-write`. */
const name = (directory: string, out: string, nameDisk: () => void): void => {
  try {
    forget(out)
    for (const file of outputNames) renameSync(join(directory, file), join(out, file))
    nameDisk()
  } catch (thrown) {
    forget(out)
    throw fail('target-write', { target: out, reason: reasonOf(thrown) })
  }
}

const summarize = (
  target: Target,
  bytes: bigint,
  built: readonly BuiltVolume[],
  options: Options,
  out: string,
): string => {
  const used =
    target.kind === 'file' ? `, ${human(BigInt(statSync(target.path).blocks) * 512n)} of them used` : ''
  const volumes = built.map(
    (v) =>
      `  ${v.name.padEnd(13)} ${human(v.bytes).padStart(12)} ${v.fileSystem}, ${human(v.treeBytes)} tree, root hash ${v.rootHash}`,
  )
  const crypt = cryptNames.map((n) => `  ${n.padEnd(13)} ${human(options.config.size[n]).padStart(12)} blank`)
  return [
    `wrote ${target.path}: ${human(bytes)}${used}`,
    ...volumes,
    ...crypt,
    `configuration: ${options.configFile ?? 'the defaults'}; ${outputNames.join(', ')} are in ${out}`,
    `next: cvmboot pack --modules DIR --output FILE --config ${join(out, 'partition.conf')}`,
    '',
  ].join('\n')
}

const human = (bytes: bigint): string => {
  const [factor, unit] = bytes < 1n << 20n ? [10n, 'KiB'] : bytes < 10n << 30n ? [20n, 'MiB'] : [30n, 'GiB']
  return `${(Number(bytes) / 2 ** Number(factor)).toFixed(1)} ${unit}`
}
