// What `cvmboot pack --uki` is asked to do: its command line, complete. No file is looked at here.

import { basename, resolve } from 'node:path'
import { readArguments } from '../arguments.ts'
import { fail } from '../fault/index.ts'
import type { Signing, Tool } from './uki-make.ts'

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
                  IMAGE_ID and IMAGE_VERSION, where that file has none or others; needed without it
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
/** What only an initramfs that is packed here has a use for. */
export const ofInitramfs = ['modules', 'config', 'executable', 'mke2fs', 'compress'] as const

export type Given = ReturnType<typeof readArguments<typeof accepted>>

const badUsage = (reason: string) => fail('usage', { reason })

/** Debian's systemd-boot-efi, and most others. */
const installedStub = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub'

/** Fault: `usage`. */
const readSigning = (given: Given): Signing | undefined => {
  const { 'secureboot-private-key': key, 'secureboot-certificate': certificate } = given
  if (key === undefined && certificate === undefined) return undefined
  if (key === undefined || certificate === undefined)
    throw badUsage('--secureboot-private-key and --secureboot-certificate are given both or not at all')
  return { key: resolve(key), certificate: resolve(certificate) }
}

/** Fault: `usage`. */
const readTool = ({ tool: path }: Given): Tool | undefined => {
  if (path === undefined) return undefined
  const kind = basename(path)
  if (kind !== 'ukify' && kind !== 'objcopy')
    throw badUsage(`--tool takes a ukify or an objcopy, not ${path}`)
  return { kind, path }
}

const need = (given: Given, name: 'kernel' | 'cmdline' | 'output'): string => {
  const value = given[name]
  if (value === undefined || value === '') throw badUsage(`pack --uki needs --${name}`)
  return value
}

/** Fault: `usage`. */
export const readOptions = (args: readonly string[]) => {
  const given = readArguments(args, accepted)
  const { initramfs, modules, force } = given
  if ((initramfs === undefined) === (modules === undefined))
    throw badUsage('pack --uki needs either --initramfs FILE or --modules DIR')
  const named = given['os-release'] !== undefined || (given['image-id'] && given['image-version'])
  if (!named)
    throw badUsage(
      'pack --uki needs the name of the image: --image-id NAME and --image-version VERSION, or --os-release FILE that has IMAGE_ID and IMAGE_VERSION',
    )
  const useless = initramfs === undefined ? undefined : ofInitramfs.find((name) => given[name] !== undefined)
  if (useless !== undefined) throw badUsage(`--${useless} means nothing to a ready --initramfs`)
  return {
    given,
    kernel: resolve(need(given, 'kernel')),
    cmdline: need(given, 'cmdline'),
    output: resolve(need(given, 'output')),
    stub: resolve(given.stub ?? installedStub),
    tool: readTool(given),
    signing: readSigning(given),
    existing: force === true ? ('replace' as const) : ('keep' as const),
  }
}
