// The options of `cvmboot pack --uki`, and the check that they are complete. This file opens no file.

import { basename, resolve } from 'node:path'
import { fail } from '../fault/index.ts'
import type { Compression, Packing } from './pack.ts'
import type { Signing, Tool } from './uki-make.ts'

/** The options as the caller gives them. A file that the caller does not name is undefined. */
export type UkiOptions = {
  readonly kernel: string
  /** The line, or @ and the file that holds it. */
  readonly cmdline: string
  readonly output: string
  readonly stub: string | undefined
  readonly tool: string | undefined
  /** A ready initramfs. Undefined: one is packed from `modules` and `made`. */
  readonly initramfs: string | undefined
  readonly modules: string | undefined
  readonly made: Omit<Packing, 'modules' | 'to'> & { readonly compress: Compression }
  readonly name: Naming
  readonly signing: { readonly key: string | undefined; readonly certificate: string | undefined }
  readonly existing: 'keep' | 'replace'
}

/** The name of the image: an os-release file, and values that replace its IMAGE_ID and IMAGE_VERSION. */
export type Naming = {
  readonly osRelease: string | undefined
  readonly id: string | undefined
  readonly version: string | undefined
}

/** The initramfs of the image: a ready one, or one to be packed. */
export type Initramfs =
  | { readonly kind: 'ready'; readonly file: string; readonly providers: Packing['providers'] }
  | { readonly kind: 'packed'; readonly from: Omit<Packing, 'to'>; readonly compress: Compression }

const badUsage = (reason: string) => fail('usage', { reason })

/** The path of the stub in Debian's systemd-boot-efi, and in most other distributions. */
const installedStub = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub'

/** Fault: `usage`. */
const readSigning = ({ key, certificate }: UkiOptions['signing']): Signing | undefined => {
  if (key === undefined && certificate === undefined) return undefined
  if (key === undefined || certificate === undefined)
    throw badUsage('--secureboot-private-key and --secureboot-certificate are given both or not at all')
  return { key: resolve(key), certificate: resolve(certificate) }
}

/** Fault: `usage`. */
const readTool = (path: string | undefined): Tool | undefined => {
  if (path === undefined) return undefined
  const kind = basename(path)
  if (kind !== 'ukify' && kind !== 'objcopy')
    throw badUsage(`--tool takes a ukify or an objcopy, not ${path}`)
  return { kind, path }
}

/** Fault: `usage`. */
const readInitramfs = ({ initramfs, modules, made }: UkiOptions): Initramfs => {
  const { compress, ...from } = made
  if (initramfs !== undefined && modules === undefined)
    return { kind: 'ready', file: initramfs, providers: made.providers }
  if (initramfs === undefined && modules !== undefined)
    return { kind: 'packed', from: { ...from, modules }, compress }
  throw badUsage('pack --uki needs either --initramfs FILE or --modules DIR')
}

/** Fault: `usage`. */
const requireNamed = ({ osRelease, id, version }: Naming): void => {
  if (osRelease !== undefined || (id && version)) return
  throw badUsage(
    'pack --uki needs the name of the image: --image-id NAME and --image-version VERSION, or --os-release FILE that has IMAGE_ID and IMAGE_VERSION',
  )
}

/** The options, complete and with absolute paths. Fault: `usage`. */
export const completeUki = (asked: UkiOptions) => {
  const initramfs = readInitramfs(asked)
  requireNamed(asked.name)
  return {
    initramfs,
    name: asked.name,
    kernel: resolve(asked.kernel),
    cmdline: asked.cmdline,
    output: resolve(asked.output),
    stub: resolve(asked.stub ?? installedStub),
    tool: readTool(asked.tool),
    signing: readSigning(asked.signing),
    existing: asked.existing,
  }
}
