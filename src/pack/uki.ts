// `cvmboot pack --uki`: kernel, initramfs and command line in one EFI program, which the firmware measures, and may check
// a signature of, as a whole. Nothing is written before all that goes in is understood, nor before it is read back.

import { constants } from 'node:fs'
import { access, chmod, open, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { readArguments } from '../arguments.ts'
import { parseParams } from '../cmdline/params.ts'
import { BootFault, fail } from '../fault.ts'
import { manifestPath, parseManifest } from '../layout/initramfs.ts'
import { reasonOf } from '../machine/errno.ts'
import { toolPath } from '../machine/exec.ts'
import { claimImage } from '../runtime/inspect-image.ts'
import { kernelHeadBytes, releaseOfKernel } from './bzimage.ts'
import { readImage } from './image.ts'
import { type OsRelease, parseOsRelease, printOsRelease, unnamedImage } from './os-release.ts'
import { checkOutput, packInitramfs } from './pack.ts'
import { checkUki } from './uki-check.ts'
import { makers, type Signing, type Tool, type UkiParts } from './uki-make.ts'
import { writeWhole } from './whole.ts'

export const ukiHelp = `
cvmboot pack --uki: make a unified kernel image, an EFI program

  cvmboot pack --uki --kernel FILE --cmdline TEXT|@FILE --output FILE
               (--initramfs FILE | --modules DIR [--config FILE] ...)
               [--os-release FILE] [--image-id NAME] [--image-version VERSION]
               [--stub FILE] [--tool FILE] [--force]
               [--secureboot-private-key FILE --secureboot-certificate FILE]

  --kernel        the kernel image, as /boot/vmlinuz-RELEASE
  --cmdline       the kernel command line, or @ and the file that cvmboot setup wrote; one that
                  the boot would refuse is refused here
  --initramfs     a ready initramfs of dracut, initramfs-tools or cvmboot pack; otherwise one is
                  packed for --modules, with the options above
  --os-release    os-release file of the image; otherwise one with its name only
  --image-id, --image-version
                  IMAGE_ID and IMAGE_VERSION, where that file has none or others
  --stub          systemd's EFI stub; otherwise the one installed here
  --tool          the ukify or objcopy to use; otherwise ukify where it is installed, else objcopy
  --secureboot-private-key, --secureboot-certificate
                  PEM files to sign the image with, by sbsign; the kernel in it stays as it is
  --force         replace FILE
`

const text = { type: 'string' } as const
const accepted = {
  uki: { type: 'boolean' },
  kernel: text,
  cmdline: text,
  initramfs: text,
  'os-release': text,
  'image-id': text,
  'image-version': text,
  stub: text,
  tool: text,
  'secureboot-private-key': text,
  'secureboot-certificate': text,
  output: text,
  force: { type: 'boolean' },
  modules: text,
  config: text,
  executable: text,
  mke2fs: text,
  compress: text,
} as const
const ofInitramfs = ['modules', 'config', 'executable', 'mke2fs', 'compress'] as const

type Given = ReturnType<typeof readArguments<typeof accepted>>

const badUsage = (reason: string) => fail('usage', { reason })
const badInput = (path: string, reason: string) => fail('pack-input', { path, reason })

/** Debian's systemd-boot-efi, and most others. */
const installedStub = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub'

const read = async (path: string): Promise<Buffer> => {
  try {
    return await readFile(path)
  } catch (thrown) {
    throw badInput(path, reasonOf(thrown))
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

/** A file with something in it. */
const sourceOf = async (path: string): Promise<{ file: string; bytes: number }> => {
  const found = await stat(path).catch((thrown) => {
    throw badInput(path, reasonOf(thrown))
  })
  if (!found.isFile() || found.size === 0) throw badInput(path, 'it is no file, or an empty one')
  return { file: resolve(path), bytes: found.size }
}

/**
 * One line that the boot takes, as bytes of the section. The stub makes UTF-16 of it and the kernel makes bytes of that,
 * so that only ASCII is the same at both ends. Faults: `usage`, `pack-input`, `cmdline-*`.
 */
const readCmdline = async (given: string): Promise<string> => {
  const line = (given.startsWith('@') ? (await read(given.slice(1))).toString('latin1') : given).trim()
  if (/[^ -~]/.test(line)) throw badInput('the command line', 'it is not one line of printable ASCII')
  parseParams(line)
  return line
}

/** Faults: `pack-input`. */
const readOsRelease = async (given: Given): Promise<OsRelease> => {
  const { 'image-id': id, 'image-version': version, 'os-release': file } = given
  const name = file ?? '--image-id and --image-version'
  const base = file === undefined ? new Map() : parseOsRelease((await read(file)).toString())
  if (typeof base === 'string') throw badInput(name, base)
  const fields = new Map([
    ...base,
    ...(id === undefined ? [] : ([['IMAGE_ID', id]] as const)),
    ...(version === undefined ? [] : ([['IMAGE_VERSION', version]] as const)),
  ])
  const wrong = unnamedImage(fields)
  if (wrong !== undefined) throw badInput(name, `${wrong}; pass --image-id and --image-version`)
  // A boot loader shows an image that has these.
  const [imageId = '', imageVersion = ''] = [fields.get('IMAGE_ID'), fields.get('IMAGE_VERSION')]
  const shown = { ID: imageId, PRETTY_NAME: `${imageId} ${imageVersion}` }
  return new Map([...Object.entries(shown).filter(([key]) => !fields.has(key)), ...fields])
}

/** Fault: `usage`. */
const readSigning = (given: Given): Signing | undefined => {
  const { 'secureboot-private-key': key, 'secureboot-certificate': certificate } = given
  if (key === undefined && certificate === undefined) return undefined
  if (key === undefined || certificate === undefined)
    throw badUsage('--secureboot-private-key and --secureboot-certificate are given both or not at all')
  return { key: resolve(key), certificate: resolve(certificate) }
}

const isThere = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

/** Fault: `usage`. */
const chooseTool = async (given: string | undefined): Promise<Tool> => {
  if (given !== undefined) {
    const kind = basename(given)
    if (kind !== 'ukify' && kind !== 'objcopy')
      throw badUsage(`--tool takes a ukify or an objcopy, not ${given}`)
    return { kind, path: given }
  }
  // systemd 253 and 254 had it in a directory of its own.
  const places = [...toolPath.split(':'), '/usr/lib/systemd'].map((directory) => join(directory, 'ukify'))
  for (const path of places) if (await isThere(path)) return { kind: 'ukify', path }
  return { kind: 'objcopy', path: 'objcopy' }
}

/** The release of the kernel. Fault: `pack-input`. */
const readRelease = async (kernel: string, modules: string | undefined): Promise<string> => {
  const release = releaseOfKernel(await headOf(kernel, kernelHeadBytes))
  if (release === undefined) throw badInput(kernel, 'it is no kernel image with an EFI stub for x86-64')
  const other = modules === undefined ? release : basename(resolve(modules))
  if (other !== release) throw badInput(kernel, `it is ${release}, and the modules are those of ${other}`)
  return release
}

/**
 * A ready initramfs: whole, and for that kernel. Here it is a matter of making it again; in the image it halts every boot.
 * Faults: `initramfs-incomplete`, `pack-input`.
 */
const requireFit = async (initramfs: string, release: string): Promise<void> => {
  const { refused } = await claimImage(initramfs)
  if (refused !== undefined) throw new BootFault(refused)
  const image = await readImage(await read(initramfs))
  const entries = parseManifest(image.get(manifestPath)?.content.toString('latin1') ?? '') ?? []
  const releases = entries.flatMap(({ path }) => /^(?:\/usr)?\/lib\/modules\/([^/]+)\//.exec(path)?.[1] ?? [])
  if (!releases.includes(release))
    throw badInput(initramfs, `the kernel is ${release}, and its modules are for ${releases[0] ?? 'none'}`)
}

/** Packs one into `directory`, or takes the ready one; and what there is to say about it. */
const initramfsOf = async (
  given: Given,
  release: string,
  directory: string,
): Promise<{ file: string; said: string }> => {
  if (given.initramfs !== undefined) {
    await requireFit(given.initramfs, release)
    return { file: given.initramfs, said: '' }
  }
  const file = join(directory, 'initramfs')
  const options = ofInitramfs.flatMap((name) => (given[name] === undefined ? [] : [`--${name}`, given[name]]))
  const said = await packInitramfs([...options, '--output', file])
  return { file, said: said.split('\n').slice(1).join('\n') }
}

const need = (given: Given, name: 'kernel' | 'cmdline' | 'output'): string => {
  const value = given[name]
  if (value === undefined || value === '') throw badUsage(`pack --uki needs --${name}`)
  return value
}

/** Fault: `usage`. */
const readOptions = (args: readonly string[]) => {
  const given = readArguments(args, accepted)
  const { initramfs, modules, force } = given
  if ((initramfs === undefined) === (modules === undefined))
    throw badUsage('pack --uki needs either --initramfs FILE or --modules DIR')
  const useless = initramfs === undefined ? undefined : ofInitramfs.find((name) => given[name] !== undefined)
  if (useless !== undefined) throw badUsage(`--${useless} means nothing to a ready --initramfs`)
  return {
    given,
    kernel: resolve(need(given, 'kernel')),
    cmdline: need(given, 'cmdline'),
    output: resolve(need(given, 'output')),
    stub: resolve(given.stub ?? installedStub),
    signing: readSigning(given),
    existing: force === true ? ('replace' as const) : ('keep' as const),
  }
}

/** Packs the image. Faults: `usage`, `cmdline-*`, `pack-*`, `tool-*`, `initramfs-incomplete`, and those of `pack`. */
export const packUki = async (args: readonly string[]): Promise<void> => {
  const { given, kernel, output, stub, signing, existing, ...options } = readOptions(args)
  await checkOutput({ output, existing })
  const cmdline = await readCmdline(options.cmdline)
  const osRelease = printOsRelease(await readOsRelease(given))
  const release = await readRelease(kernel, given.modules)
  const tool = await chooseTool(given.tool)
  if (given.initramfs !== undefined) await sourceOf(given.initramfs)
  await sourceOf(stub).catch(() => {
    throw badInput(stub, 'it is not there; apt-get install systemd-boot-efi, or pass --stub')
  })
  let said = ''
  await writeWhole(output, async (directory) => {
    const initramfs = await initramfsOf(given, release, directory)
    said = initramfs.said
    const holding = async (name: string, content: string) => {
      await writeFile(join(directory, name), content)
      return sourceOf(join(directory, name))
    }
    const parts: UkiParts = {
      '.osrel': await holding('os-release', osRelease),
      '.uname': await holding('uname', release),
      '.cmdline': await holding('cmdline', cmdline),
      '.initrd': await sourceOf(initramfs.file),
      '.linux': await sourceOf(kernel),
    }
    const image = await makers[tool.kind]({ tool: tool.path, stub, parts, signing, directory })
    await checkUki(image, parts, { tool: tool.kind, signed: signing === undefined ? 'no' : 'yes' })
    await chmod(image, 0o644)
    return image
  }).catch((thrown) => {
    throw thrown instanceof BootFault
      ? thrown
      : fail('pack-write', { path: output, reason: reasonOf(thrown) })
  })
  const { size } = await stat(output)
  const kind = signing === undefined ? 'not signed' : 'signed'
  process.stdout.write(
    `${output}: ${(size / 1e6).toFixed(1)} MB, by ${tool.kind}, ${kind}\nLinux ${release}\n${said}`,
  )
}
