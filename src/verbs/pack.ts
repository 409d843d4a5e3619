// The verb `pack`, which has three forms. They make an initramfs as a file, lay an initramfs into the tree of a generator, and
// make a whole unified kernel image. This file has the options and words of each form.

import { fail } from '../fault/index.ts'
import { slotNames } from '../layout/esp.ts'
import type { Compression } from '../pack/pack.ts'
import type { Option } from './table/option.ts'
import { cmdline, config, executable } from './table/shared.ts'
import { type Forms, verb } from './table/verb.ts'

const modules = {
  kind: 'directory',
  value: 'DIR',
  need: 'required',
  help: 'The modules of the kernel to boot: /lib/modules/RELEASE of this machine or of another tree.',
} as const satisfies Option

const mke2fs = {
  kind: 'file',
  value: 'FILE',
  need: { otherwise: 'the mke2fs that is installed here' },
  help: 'The mke2fs that the initramfs carries.',
} as const satisfies Option

const compress = {
  kind: 'choice',
  words: ['lz4', 'zstd', 'none'] satisfies Compression[],
  need: { default: 'lz4' },
  help: 'The compression of the initramfs. lz4 boots fastest, zstd is smallest, and none unpacks fastest and needs the most memory.',
} as const satisfies Option

const output = { kind: 'file', value: 'FILE', need: 'required', help: 'The file to write.' } as const
const force = { kind: 'flag', help: 'Replace the file to write where it exists.' } as const

const initramfs = verb({
  about: 'pack the initramfs',
  text: ['Makes an initramfs that holds the files that the boot uses, and nothing else.'],
  options: { modules, output, config, executable, mke2fs, compress, force },
  words: {},
  run: async ({ output, compress, force, ...from }, { providers }) => {
    const { pack } = await import('../pack/pack.ts')
    const existing = force ? 'replace' : 'keep'
    await pack({ ...from, providers, to: { kind: 'file', output, compress, existing } })
  },
})

const into = verb({
  about: 'lay the initramfs into a tree',
  text: [
    'Lays the same files into the tree from which dracut or initramfs-tools makes an initramfs. The generator runs depmod, which writes the index of the modules.',
  ],
  options: {
    modules,
    into: { kind: 'directory', value: 'TREE', need: 'required', help: 'The tree that gets the files.' },
    config,
    executable,
    mke2fs,
    also: {
      kind: 'file',
      value: 'PATH',
      need: 'many',
      help: 'A path of the tree. The boot refuses an initramfs that lacks this path.',
    },
  },
  words: {},
  run: async ({ into, also, ...from }, { providers }) => {
    const { pack } = await import('../pack/pack.ts')
    await pack({ ...from, providers, to: { kind: 'tree', root: into, also } })
  },
})

const uki = verb({
  about: 'pack a unified kernel image',
  text: [
    'Makes a unified kernel image, an EFI program of kernel, initramfs and command line. Takes either a ready --initramfs, or --modules to pack one.',
  ],
  options: {
    uki: { kind: 'flag', need: 'required', help: 'Make a unified kernel image.' },
    kernel: {
      kind: 'file',
      value: 'FILE',
      need: 'required',
      help: 'The kernel image, such as /boot/vmlinuz-RELEASE.',
    },
    cmdline: { ...cmdline, help: `${cmdline.help} A line that the boot would refuse is refused here.` },
    output: { ...output, need: 'optional' },
    into: {
      kind: 'file',
      value: 'DISK',
      need: 'optional',
      help: 'The disk of cvmboot setup --esp whose EFI system partition gets the image, instead of --output. The disk then boots by itself.',
    },
    slot: {
      kind: 'choice',
      words: slotNames,
      need: { otherwise: 'the slot that does not boot now, or a on a new disk' },
      with: 'into',
      help: 'The slot of the partition that gets the image, and that boots from then on. The image of the other slot stays.',
    },
    initramfs: {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'A ready initramfs of dracut, initramfs-tools or cvmboot pack.',
    },
    modules: { ...modules, need: 'optional' },
    config: { ...config, with: 'modules' },
    executable: { ...executable, with: 'modules' },
    mke2fs: { ...mke2fs, with: 'modules' },
    compress: { ...compress, with: 'modules' },
    'os-release': {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: 'an os-release with the name of the image only' },
      help: 'The os-release file of the image.',
    },
    'image-id': {
      kind: 'text',
      value: 'NAME',
      need: { otherwise: 'IMAGE_ID of --os-release' },
      help: 'The name of the image, IMAGE_ID.',
    },
    'image-version': {
      kind: 'text',
      value: 'VERSION',
      need: { otherwise: 'IMAGE_VERSION of --os-release' },
      help: 'The version of the image, IMAGE_VERSION.',
    },
    stub: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: 'the stub that is installed here' },
      help: "systemd's EFI stub.",
    },
    tool: {
      kind: 'file',
      value: 'FILE',
      need: { otherwise: 'ukify where it is installed, or else objcopy' },
      help: 'The ukify or the objcopy that puts the image together.',
    },
    'secureboot-private-key': {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'The private key, as PEM, that signs the image. The kernel in the image gets no signature of its own.',
      with: 'secureboot-certificate',
    },
    'secureboot-certificate': {
      kind: 'file',
      value: 'FILE',
      need: 'optional',
      help: 'The certificate of that key, as PEM.',
    },
    force: {
      ...force,
      help: 'Replace the file to write where it exists. With --into, replace the image that boots, or other content of the partition.',
    },
  },
  words: {},
  run: async (given, { providers }) => {
    const { kernel, cmdline, output, into, stub, tool, initramfs, modules } = given
    const { config, executable, mke2fs, compress } = given
    const asked = {
      kernel,
      cmdline,
      stub,
      tool,
      initramfs,
      modules,
      made: { config, executable, mke2fs, compress, providers },
      name: { osRelease: given['os-release'], id: given['image-id'], version: given['image-version'] },
      signing: { key: given['secureboot-private-key'], certificate: given['secureboot-certificate'] },
      existing: given.force ? 'replace' : 'keep',
    } as const
    if ((output === undefined) === (into === undefined))
      throw fail('usage', { reason: 'pack --uki needs either --output FILE or --into DISK' })
    if (output !== undefined) {
      const { packUki } = await import('../pack/uki.ts')
      await packUki({ ...asked, output })
    } else if (into !== undefined) {
      const { packInto } = await import('../esp/into.ts')
      await packInto(asked, { disk: into, slot: given.slot })
    }
  },
})

export const pack: Forms = {
  kind: 'forms',
  about: 'pack the initramfs, or a unified kernel image',
  text: [
    'Has three forms: without --uki and --into the first, with --uki the second, with --into alone the third.',
  ],
  forms: { uki, into },
  otherwise: initramfs,
}
