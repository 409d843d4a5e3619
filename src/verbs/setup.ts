// The verb `setup`: its options and words.

import type { FileSystem } from '../layout/filesystem.ts'
import { blockSizes } from '../layout/gpt.ts'
import type { SetupOptions } from '../setup/options.ts'
import type { Option, Values } from './table/option.ts'
import { configOr, hook } from './table/shared.ts'
import { type Forms, verb } from './table/verb.ts'

const source = (volume: string) =>
  ({
    kind: 'file',
    value: 'PATH',
    need: 'required',
    help: `The content of ${volume}: a directory, a tar (compressed or not), or an image of erofs, squashfs or ext4, which setup writes to the disk unchanged.`,
  }) as const satisfies Option

export const options = {
  'root-fs': source('root-fs'),
  'oem-launcher': source('oem-launcher'),
  'os-config': source('os-config'),
  disk: {
    kind: 'file',
    value: 'FILE|DEVICE',
    need: { otherwise: 'NVFLARE_DEVICE of the environment, or else DEVICE of the configuration' },
    help: 'The image file or the block device to write.',
  },
  config: configOr('partition.conf of this directory, or else the built-in configuration'),
  out: {
    kind: 'directory',
    value: 'DIR',
    need: { otherwise: 'the directory of the image file, or this directory where --disk is a device' },
    help: 'The directory for roothashes.json, cmdline and partition.conf.',
  },
  format: {
    kind: 'choice',
    words: ['erofs', 'squashfs', 'ext4'] satisfies FileSystem[],
    need: { default: 'erofs' },
    help: 'The file system that setup makes from directories and tars.',
  },
  'sector-size': {
    kind: 'choice',
    words: ['512', '4096'],
    need: { otherwise: '512 for an image file' },
    help: 'The bytes of a logical block of the disk that the image file is for. A disk does not show a partition table that was made for the other size. A device has its own size, and takes no other.',
  },
  esp: {
    kind: 'text',
    value: 'SIZE',
    need: 'optional',
    help: 'Reserve an EFI system partition of this size, such as 512M, behind all other partitions. cvmboot pack --uki --into fills the partition, and the disk then boots by itself.',
  },
  'round-to': {
    kind: 'text',
    value: 'SIZE',
    need: { otherwise: '1M' },
    help: 'Make the size of the image file a multiple of this size. Clouds take images of whole GiB only.',
  },
  append: {
    kind: 'text',
    value: 'TEXT',
    need: 'optional',
    help: 'Words to add to the emitted kernel command line. Setup refuses a word that the boot would refuse.',
  },
  'site-by-host-data': {
    kind: 'flag',
    help: 'Leave os-config to the launch: the command line is the same for all sites, the disk has a site record, and the summary has the value that the launch gives the TEE.',
  },
  hook: { ...hook, with: 'append' },
  force: { kind: 'flag', help: 'Replace what --disk and --out hold.' },
} as const

/** The values of the options as src/setup/ takes them. */
export const askedOf = (given: Values<typeof options>): SetupOptions => {
  const { disk, config, out, format, append, hook, force } = given
  return {
    sources: {
      'root-fs': given['root-fs'],
      'oem-launcher': given['oem-launcher'],
      'os-config': given['os-config'],
    },
    disk,
    config,
    out,
    format,
    append,
    siteBy: given['site-by-host-data'] ? 'host data' : 'command line',
    esp: given.esp,
    roundTo: given['round-to'],
    sectorSize: blockSizes.find((size) => `${size}` === given['sector-size']),
    pivot: hook ? 'framework' : 'own',
    existing: force ? 'replace' : 'keep',
  }
}

const whole = verb({
  about: 'lay out a disk for an image',
  text: [
    'Makes a disk from three directories, tars or file system images, and prints the root hash of each of these volumes. Leaves the partitions of the encrypted volumes blank: the first boot formats them.',
  ],
  options,
  words: {},
  notes: [
    'Environment: NVFLARE_ROOT replaces ROOT_MOUNT of the configuration, and NVFLARE_DEVICE takes the place of --disk. ENCRYPT_JOBS=true encrypts the job-store, and ENCRYPT_JOBS=false leaves it readable by the host. SOURCE_DATE_EPOCH is the time of every file in the images, in seconds since 1970.',
  ],
  run: async (given, { providers }) => {
    const { setup } = await import('../setup/setup.ts')
    await setup(askedOf(given), process.env, providers)
  },
})

const site = verb({
  about: 'make the disk of one site of a fleet',
  text: [
    'Makes a disk with the os-config of one site and its site record, for VMs whose command line says cvmboot.roothash.os-config=host-data. Prints the value that the launch gives the TEE. The image of the fleet and its measurement stay as they are.',
  ],
  options: {
    site: {
      ...source('os-config'),
      help: `The content of os-config at this site. ${source('os-config').help}`,
    },
    disk: { ...options.disk, need: 'required' },
    config: options.config,
    format: options.format,
    'sector-size': options['sector-size'],
    force: { kind: 'flag', help: 'Replace what --disk holds.' },
  },
  words: {},
  run: async (given, { providers }) => {
    const { setupSite } = await import('../setup/site-disk.ts')
    const { site, disk, config, format, force } = given
    const sectorSize = blockSizes.find((size) => `${size}` === given['sector-size'])
    const existing = force ? 'replace' : 'keep'
    await setupSite({ site, disk, config, format, sectorSize, existing }, process.env, providers)
  },
})

export const setup: Forms = {
  kind: 'forms',
  about: 'lay out a disk: images, verity trees, partitions, root hashes',
  text: ['Has two forms: without --site the first, with --site the second.'],
  forms: { site },
  otherwise: whole,
}
