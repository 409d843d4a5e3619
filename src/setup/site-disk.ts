// `cvmboot setup --site`: builds the os-config of one site, and writes a disk with this volume and its site record alone. The
// image of the fleet, its command line and its measurement stay as they are.

import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { fail, printable } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import type { FileSystem } from '../layout/filesystem.ts'
import { type BlockSize, partitionAlignment } from '../layout/gpt.ts'
import { siteVolume, treeName } from '../layout/layout.ts'
import { startProgress } from '../terminal/progress.ts'
import { inTenths } from '../terminal/size.ts'
import type { BuiltVolume } from './built.ts'
import { giveDiskName, openDiskName, openNamed } from './names.ts'
import { type Environment, readConfig, readTime } from './options.ts'
import { requireTar } from './packed.ts'
import { alignUp, gptOf, planSite } from './partitions.ts'
import { printValues, recordOf } from './site.ts'
import { lookAt, requireOutside, type Source } from './source.ts'
import { openTarget, type Target } from './target.ts'
import { type BuildOptions, buildVolume } from './volume.ts'
import { type Work, withWork } from './work.ts'
import { writeDisk } from './write.ts'

export type SiteOptions = {
  /** The content of os-config: a directory, a tar or an image. */
  readonly site: string
  readonly disk: string
  readonly config: string | undefined
  readonly format: FileSystem
  readonly sectorSize: BlockSize | undefined
  readonly existing: 'keep' | 'replace'
}

type Job = {
  readonly source: Source
  readonly target: Target
  readonly options: BuildOptions
  readonly sectorSize: BlockSize | undefined
}

/** `providers` are the key providers of the build that boots. Faults: `usage`, `config-*`, `source-*`, `target-*`, `tool-*`. */
export const setupSite = async (
  asked: SiteOptions,
  environment: Environment,
  providers: readonly LastingProvider[],
): Promise<void> => {
  const { format, sectorSize, existing } = asked
  const { config } = readConfig(asked.config, environment, providers)
  const options = { config, format, time: readTime(environment['SOURCE_DATE_EPOCH']) }
  const disk = resolve(asked.disk)
  const source = lookAt(siteVolume, resolve(asked.site))
  requireOutside([source], dirname(disk))
  if (source.kind === 'tar') await requireTar(source)
  const target = await openTarget(disk, existing)
  try {
    if (target.kind === 'device' && sectorSize !== undefined && sectorSize !== target.blockSize)
      throw fail('usage', {
        reason: `--sector-size ${sectorSize} is not that of ${disk}, whose logical blocks have ${target.blockSize} bytes; leave it out`,
      })
    const said = await withWork(startProgress(process.stderr), (work) =>
      make(work, { source, target, options, sectorSize }),
    )
    process.stdout.write(said)
  } finally {
    if (target.kind === 'device') await target.handle.close()
  }
}

const make = async (work: Work, { source, target, options, sectorSize }: Job): Promise<string> => {
  using beside = openNamed(target.kind === 'device' ? '.' : dirname(target.path))
  const directory = work.temporary(beside.directory, beside.path)
  const built = await buildVolume(work, source, options, directory)
  const site = recordOf(built)
  const blockSize = target.kind === 'device' ? target.blockSize : (sectorSize ?? 512)
  const plan = planSite(built, site, blockSize)
  const bytes = target.kind === 'device' ? target.bytes : alignUp(plan.needed, partitionAlignment)
  if (bytes < plan.needed) throw fail('target-too-small', { target: target.path, bytes, needed: plan.needed })
  const record = join(directory, site.partition)
  writeFileSync(record, site.block)
  const files = new Map([
    [built.name, built.image],
    [treeName(built.name), built.tree],
    [site.partition, record],
  ])
  const job = { target: target.path, gpt: gptOf(plan, blockSize, bytes), files }
  if (target.kind === 'device') await writeDisk(work, { ...job, handle: target.handle, before: 'anything' })
  else {
    using to = openDiskName(target.path)
    const file = join(directory, to.name)
    const handle = await open(file, 'wx').catch((thrown) => {
      throw fail('target-write', { target: target.path, reason: reasonOf(thrown) })
    })
    try {
      await writeDisk(work, { ...job, handle, before: 'blank' })
    } finally {
      await handle.close()
    }
    work.requireGoing()
    giveDiskName(file, to, target.path)
  }
  return summarize(target.path, bytes, built)
}

const summarize = (path: string, bytes: bigint, built: BuiltVolume): string =>
  [
    `wrote ${path}: ${inTenths(bytes)}`,
    `  ${built.name.padEnd(13)} ${inTenths(built.bytes).padStart(12)} ${built.fileSystem}, ${inTenths(built.treeBytes)} tree, root hash ${built.rootHash}`,
    ...printValues(recordOf(built)),
    ...built.notes.map((says) => printable(`note: ${says}`)),
    'next: attach this disk to a VM of the fleet, and launch the VM with one of the two values',
    '',
  ].join('\n')
