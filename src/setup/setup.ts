// `cvmboot setup`: checks all inputs, builds the volumes beside the target, writes the disk, then gives the files their names.

import { existsSync, mkdirSync, readdirSync, realpathSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import { isPlain } from '../config/verdict.ts'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail, printable } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { partitionAlignment } from '../layout/gpt.ts'
import { cryptNames, treeName, verityNames, volumes } from '../layout/layout.ts'
import { readBounded } from '../machine/bounded.ts'
import { startProgress } from '../terminal/progress.ts'
import { inTenths } from '../terminal/size.ts'
import type { BuiltVolume } from './built.ts'
import { forget, giveNames, type NamedDirectory, openDiskName, openNamed } from './names.ts'
import {
  type CompleteSetup,
  completeOptions,
  type Environment,
  outOf,
  requireEspSize,
  type SetupOptions,
} from './options.ts'
import { outputNames, printOutputs } from './outputs.ts'
import { requireTar } from './packed.ts'
import { alignUp, gptOf, planPartitions } from './partitions.ts'
import { viewOfImage } from './root/image.ts'
import { requireRoot } from './root/require.ts'
import { viewOfTree } from './root/view.ts'
import { printValues, siteOf } from './site.ts'
import { lookAt, requireOutside, type Source } from './source.ts'
import { openTarget, type Target } from './target.ts'
import { buildVolume } from './volume.ts'
import { type Work, withWork } from './work.ts'
import { writeDisk } from './write.ts'

/**
 * `providers` are the key providers of the build that boots.
 * Faults: `usage`, `config-*`, `source-*`, `root-*`, `target-*`, `tool-*`, `cmdline-*`.
 */
export const setup = async (
  asked: SetupOptions,
  environment: Environment,
  providers: readonly LastingProvider[],
): Promise<void> => {
  const options = completeOptions(asked, environment, providers)
  const sources = verityNames.map((name) => lookAt(name, options.sources[name]))
  requireOutside(sources, dirname(options.disk))
  for (const source of sources) if (source.kind === 'tar') await requireTar(source)
  const notes = await lookAtRoot(sources, options)
  const absent = [dirname(options.disk), options.out ?? '.'].map(firstAbsent)
  try {
    process.stdout.write(await setUp(options, sources, notes))
  } catch (thrown) {
    for (const directory of absent) if (directory !== undefined) removeEmpty(directory)
    throw thrown
  }
}

/** Builds the volumes, writes the disk, and returns the summary for standard output. */
const setUp = async (
  options: CompleteSetup,
  sources: readonly Source[],
  notes: readonly string[],
): Promise<string> => {
  const target = await openTarget(options.disk, options.existing)
  try {
    requireOptionsOf(options, target)
    requireOutside(sources, outOf(options, target.kind))
    using out = openOut(options, target)
    return await withWork(startProgress(process.stderr), (work) =>
      make(work, { options, sources, target, out, notes }),
    )
  } finally {
    if (target.kind === 'device') await target.handle.close()
  }
}

/** Checks a root in a tree or an image. The root in a tar is checked later, after it is unpacked. Faults: `root-*`, `tool-*`. */
const lookAtRoot = async (
  sources: readonly Source[],
  { config }: CompleteSetup,
): Promise<readonly string[]> => {
  const source = sources.find(({ volume }) => volume === 'root-fs')
  if (source === undefined || source.kind === 'tar') return []
  const { path } = source
  return source.kind === 'image'
    ? requireRoot({ view: viewOfImage(path, source.fileSystem), path, config, missing: 'refuse' })
    : requireRoot({ view: viewOfTree(path), path, config, missing: 'make' })
}

/** The size and the logical blocks of a device are fixed: the options have to fit them. Fault: `usage`. */
const requireOptionsOf = ({ sectorSize, espBytes, roundTo }: CompleteSetup, target: Target): void => {
  if (target.kind === 'file') return
  if (sectorSize !== undefined && sectorSize !== target.blockSize)
    throw fail('usage', {
      reason: `--sector-size ${sectorSize} is not that of ${target.path}, whose logical blocks have ${target.blockSize} bytes; leave it out`,
    })
  if (roundTo !== undefined)
    throw fail('usage', { reason: `--round-to is for an image file, and ${target.path} is a device` })
  requireEspSize(espBytes, target.blockSize)
}

/** The uppermost directory of the path that does not exist yet; undefined where all directories exist. */
const firstAbsent = (path: string): string | undefined => {
  if (existsSync(path)) return undefined
  return firstAbsent(dirname(path)) ?? path
}

/** Removes directories that were made for output of a failed run. A directory that holds a file stays. */
const removeEmpty = (directory: string): void => {
  try {
    for (const name of readdirSync(directory)) removeEmpty(join(directory, name))
    rmdirSync(directory)
  } catch {
    // The directory does not exist, or holds a file.
  }
}

/** Makes and opens the directory of the text files. Faults: `target-not-empty`, `target-write`, `usage`. */
const openOut = (options: CompleteSetup, target: Target): NamedDirectory => {
  const out = outOf(options, target.kind)
  let opened: NamedDirectory | undefined
  try {
    mkdirSync(out, { recursive: true })
    opened = openNamed(out)
    requireFree(opened, options)
    return opened
  } catch (thrown) {
    opened?.[Symbol.dispose]()
    if (thrown instanceof BootFault) throw thrown
    throw fail('target-write', { target: out, reason: reasonOf(thrown) })
  }
}

/**
 * Refuses to overwrite files of an earlier run. A partition.conf that is this run's own configuration may be in its place.
 * Faults: `target-not-empty`, `usage`, `input-too-large`.
 */
const requireFree = (out: NamedDirectory, { configFile, configText, existing }: CompleteSetup): void => {
  for (const name of outputNames) {
    const path = join(out.path, name)
    const found = `${out.directory.path}/${name}`
    if (!existsSync(found)) continue
    if (configFile !== undefined && realpathSync(found) === realpathSync(configFile)) {
      if (readBounded(found, 'config').toString() === configText) continue
      throw fail('usage', {
        reason: `${path} would be replaced by its complete form; choose another --out`,
      })
    }
    if (existing === 'keep') throw fail('target-not-empty', { target: path, found: 'a file' })
  }
}
type Job = {
  readonly options: CompleteSetup
  readonly sources: readonly Source[]
  readonly target: Target
  readonly out: NamedDirectory
  /** Lines that the summary shows as notes. */
  readonly notes: readonly string[]
}

const make = async (work: Work, { options, sources, target, out, notes }: Job): Promise<string> => {
  const directory = work.temporary(out.directory, out.path)
  const built = await work.together(
    sources.map((source) => () => buildVolume(work, source, options, directory)),
  )
  const blockSize = target.kind === 'device' ? target.blockSize : (options.sectorSize ?? 512)
  const site = siteOf(built, options.siteBy)
  const plan = planPartitions(built, options.config, blockSize, options.espBytes, site)
  const bytes =
    target.kind === 'device' ? target.bytes : alignUp(plan.needed, options.roundTo ?? partitionAlignment)
  if (bytes < plan.needed) throw fail('target-too-small', { target: target.path, bytes, needed: plan.needed })
  const outputs = printOutputs(built, plan, options)
  const gpt = gptOf(plan, blockSize, bytes)
  const files = new Map(
    built.flatMap((one) => [[one.name, one.image] as const, [treeName(one.name), one.tree]]),
  )

  if (site !== undefined) {
    const path = join(directory, site.partition)
    writeFileSync(path, site.block)
    files.set(site.partition, path)
  }
  for (const file of outputNames) writeFileSync(join(directory, file), outputs[file])

  if (target.kind === 'device') {
    const { handle, path } = target
    forget(out)
    await writeDisk(work, { target: path, handle, gpt, files, before: 'anything' })
    giveNames(directory, out, undefined)
  } else {
    using to = openDiskName(target.path)
    const file = join(work.temporary(to.directory, dirname(target.path)), to.name)
    const handle = await openNew(file)
    try {
      await writeDisk(work, { target: target.path, handle, gpt, files, before: 'blank' })
    } finally {
      await handle.close()
    }
    work.requireGoing()
    giveNames(directory, out, { file, to })
  }
  return summarize({ target, bytes, built, options, out: out.path, notes })
}

const openNew = (path: string) =>
  open(path, 'wx').catch((thrown) => {
    throw fail('target-write', { target: path, reason: reasonOf(thrown) })
  })

type Summary = Omit<Job, 'sources' | 'out'> & {
  readonly out: string
  readonly bytes: bigint
  readonly built: readonly BuiltVolume[]
}

const summarize = ({ target, bytes, built, options, out, notes }: Summary): string => {
  const used =
    target.kind === 'file' ? `, ${inTenths(BigInt(statSync(target.path).blocks) * 512n)} of them used` : ''
  const volumes = built.map(
    (v) =>
      `  ${v.name.padEnd(13)} ${inTenths(v.bytes).padStart(12)} ${v.fileSystem}, ${inTenths(v.treeBytes)} tree, root hash ${v.rootHash}`,
  )
  const crypt = cryptNames.map(
    (n) => `  ${n.padEnd(13)} ${inTenths(options.config.size[n]).padStart(12)} blank`,
  )
  const ofSite = siteOf(built, options.siteBy)
  const site = ofSite === undefined ? [] : printValues(ofSite)
  const esp =
    options.espBytes === undefined
      ? []
      : [
          `  ${'esp'.padEnd(13)} ${inTenths(options.espBytes).padStart(12)} blank, for cvmboot pack --uki --into`,
        ]
  return [
    `wrote ${target.path}: ${inTenths(bytes)}${used}`,
    ...volumes,
    ...crypt,
    ...esp,
    ...site,
    `configuration: ${options.configFile ?? 'the defaults'}; ${outputNames.join(', ')} are in ${out}`,
    ...[...notes, ...built.flatMap((one) => one.notes)].map((says) => printable(`note: ${says}`)),
    `next: cvmboot pack --modules DIR --output FILE --config ${join(out, 'partition.conf')}`,
    ...lostAtPowerOff(options.config),
    '',
  ].join('\n')
}

/** The line that names volumes with ephemeral keys: their data is lost when the VM stops. No line where there are none. */
const lostAtPowerOff = ({ keys, jobStore }: Config): readonly string[] => {
  const lost = cryptNames.filter(
    (name) => keys[name].provider === 'ephemeral' && !isPlain(name, { jobStore }),
  )
  if (lost.length === 0) return []
  const all = lost
    .map((name) => volumes.find((volume) => volume.name === name)?.key)
    .map((key) => `${key}_KEY`)
  return [
    `power-off: ${lost.join(' and ')} ${lost.length > 1 ? 'have keys' : 'has a key'} of one boot (ephemeral): what is written there is lost when the VM stops; ${all.join(' and ')} (snp or tpm2) keep it`,
  ]
}
