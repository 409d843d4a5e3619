// The inputs of a unified kernel image. Each is read and checked before anything is made from it.

import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { readCmdline } from '../config/verdict.ts'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { readBounded } from '../machine/bounded.ts'
import type { LimitName } from '../machine/limits.ts'
import { kernelHeadBytes, releaseOfKernel } from './bzimage.ts'
import { bootOf, type ImageBoot } from './image-boot.ts'
import { readToEnd, requireListed } from './image-manifest.ts'
import { parseOsRelease, printOsRelease, unnamedImage } from './os-release.ts'
import { packInitramfs, readConfig } from './pack.ts'
import type { Initramfs, Naming } from './uki-options.ts'

export const badInput = (path: string, reason: string) => fail('pack-input', { path, reason })

/** Faults: `pack-input`, `input-too-large`. */
const read = (path: string, limit: LimitName): Buffer => {
  try {
    return readBounded(path, limit)
  } catch (thrown) {
    throw thrown instanceof BootFault ? thrown : badInput(path, reasonOf(thrown))
  }
}

/** The first bytes of a file. */
const headOf = async (path: string, bytes: number): Promise<Buffer> => {
  const file = await open(path).catch((thrown) => {
    throw badInput(path, reasonOf(thrown))
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.subarray(0, bytesRead)
  } catch (thrown) {
    throw badInput(path, reasonOf(thrown))
  } finally {
    await file.close()
  }
}

/** A file that is not empty. Fault: `pack-input`. */
export const sourceOf = async (path: string): Promise<{ file: string; bytes: number }> => {
  const found = await stat(path).catch((thrown) => {
    throw badInput(path, reasonOf(thrown))
  })
  if (!found.isFile() || found.size === 0) throw badInput(path, 'it is no file, or an empty one')
  return { file: resolve(path), bytes: found.size }
}

/** The text of the section `.osrel`. Faults: `usage`, `pack-input`. */
export const readOsRelease = async ({ id, version, osRelease: file }: Naming): Promise<string> => {
  const base = file === undefined ? new Map() : parseOsRelease(read(file, 'osRelease').toString())
  if (typeof base === 'string') throw badInput(file ?? '', base)
  const fields = new Map([
    ...base,
    ...(id === undefined ? [] : ([['IMAGE_ID', id]] as const)),
    ...(version === undefined ? [] : ([['IMAGE_VERSION', version]] as const)),
  ])
  const wrong = unnamedImage(fields)
  if (wrong !== undefined) {
    const { field, reason } = wrong
    const option = field === 'IMAGE_ID' ? '--image-id' : '--image-version'
    const ofOption = (field === 'IMAGE_ID' ? id : version) !== undefined
    const whose = file === undefined || ofOption ? 'the name of the image' : file
    throw fail('usage', { reason: `${whose}: ${reason}; pass ${option}` })
  }
  // A boot loader shows only an image that has these two fields.
  const [imageId = '', imageVersion = ''] = [fields.get('IMAGE_ID'), fields.get('IMAGE_VERSION')]
  const shown = { ID: imageId, PRETTY_NAME: `${imageId} ${imageVersion}` }
  return printOsRelease(new Map([...Object.entries(shown).filter(([key]) => !fields.has(key)), ...fields]))
}

/** The release of the kernel. Fault: `pack-input`. */
export const readRelease = async (kernel: string, initramfs: Initramfs): Promise<string> => {
  const release = releaseOfKernel(await headOf(kernel, kernelHeadBytes))
  if (release === undefined) throw badInput(kernel, 'it is no kernel image with an EFI stub for x86-64')
  const other = initramfs.kind === 'ready' ? release : basename(resolve(initramfs.from.modules))
  if (other !== release) throw badInput(kernel, `it is ${release}, and the modules are those of ${other}`)
  return release
}

/**
 * Checks that a ready initramfs is whole, and for that kernel. A bad one is easy to replace here; in the image it halts every
 * boot.
 * Faults: `initramfs-incomplete`, `pack-input`, `config-*`.
 */
const readFit = async (
  initramfs: string,
  release: string,
  providers: readonly LastingProvider[],
): Promise<ImageBoot> => {
  const image = await readToEnd(createReadStream(initramfs), initramfs)
  const releases = requireListed(image).flatMap(
    ({ path }) => /^(?:\/usr)?\/lib\/modules\/([^/]+)\//.exec(path)?.[1] ?? [],
  )
  if (!releases.includes(release))
    throw badInput(initramfs, `the kernel is ${release}, and its modules are for ${releases[0] ?? 'none'}`)
  return bootOf(image, providers)
}

/**
 * Asks the boot whether it takes the line with the initramfs that goes in. Faults: `initramfs-incomplete`, `pack-input`,
 * `config-*`, `cmdline-*`, `environment-hostile`.
 */
export const requireCmdline = async (line: string, initramfs: Initramfs, release: string): Promise<void> => {
  const { config, pivot }: ImageBoot =
    initramfs.kind === 'ready'
      ? await readFit(initramfs.file, release, initramfs.providers)
      : { config: readConfig(initramfs.from.config, initramfs.from.providers), pivot: 'own' }
  readCmdline(line, config, pivot)
}

/** Packs an initramfs into `directory`, or takes the ready one. `said` has the lines to print about the packed one. */
export const initramfsOf = async (
  initramfs: Initramfs,
  directory: string,
): Promise<{ file: string; said: string }> => {
  if (initramfs.kind === 'ready') return { file: initramfs.file, said: '' }
  const file = join(directory, 'initramfs')
  const { from, compress } = initramfs
  const to = { kind: 'file', output: file, compress, existing: 'keep' } as const
  const { said } = await packInitramfs({ ...from, to })
  return { file, said: said.split('\n').slice(1).join('\n') }
}
