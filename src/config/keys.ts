// All keys of partition.conf. Pure. The keys of the scripts that cvmboot replaces are read, too. Where the value of such a key is
// a constant of cvmboot, the key only confirms it.

import { parseListed, printListed, takesListed } from '../cmdline/listed.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { lastingProviders } from '../keys/providers.ts'
import { volumes } from '../layout/layout.ts'
import { parseOwnerKey, printOwnerKey, rsaBits } from '../layout/owner-key.ts'
import { bare, isEtcName } from '../system/etc-layer.ts'
import { hardeningKeys } from './hardening-keys.ts'
import { constant, type Key } from './key.ts'
import { providerKeys } from './provider-keys.ts'
import { defaultBase } from './settings.ts'
import { apart, isMountPoint, isOfData, isPath, listOf, once, parseSize, printSize } from './values.ts'
import { volumeKeys } from './volume-keys.ts'

const id = (key: string, field: 'uid' | 'gid'): Key => ({
  key,
  aliases: [],
  expected: 'a number from 0 to 65534',
  read: (text, to) => {
    to.tmp = { ...to.tmp, [field]: Number(text) }
    return /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65534
  },
  print: (config) => `${config.tmp[field]}`,
})

const least = (key: string, field: 'disk' | 'memory', without: string): Key => ({
  key,
  aliases: [],
  expected: `a whole number of MiB as 512M, 20G or 1T: what cvmboot check asks for at the least; without it, ${without}`,
  read: (text, to) => {
    const bytes = parseSize(text)
    if (bytes !== undefined) to.least = { ...to.least, [field]: bytes }
    return bytes !== undefined
  },
  print: ({ least }) => {
    const bytes = least[field]
    return bytes === undefined ? '' : printSize(bytes)
  },
})

/** Whether a name is a value that CONFIG_OVER_ETC took in an older cvmboot. As the name of a file it is a mistake. */
const isAnswer = (name: string): boolean => /^(?:yes|no|true|false)$/.test(name)
const etcList =
  'no, or names of files and directories in the etc of os-config with a space between, each once, none inside another; for yes, cvmboot config migrate FILE --os-config TREE writes the list'
const isModule = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text)
/** The name as the kernel has it, with `_` alone. */
const canonical = (module: string): string => module.replaceAll('-', '_')

/** All keys of a build that has these key providers, in the order in which they are printed. */
export const configKeysOf = (providers: readonly LastingProvider[]): readonly Key[] => [
  {
    key: 'ROOT_MOUNT',
    aliases: [],
    expected: 'an absolute path outside /proc, /sys, /dev and /run, without ..',
    read: (text, to) => {
      for (const v of volumes)
        if (v.mount.startsWith(`${defaultBase}/`)) to.mount[v.name] = text + v.mount.slice(defaultBase.length)
      return isMountPoint(text)
    },
    print: () => '',
  },
  {
    key: 'DEVICE',
    aliases: [],
    expected: 'an absolute path',
    read: (text, to) => {
      to.device = text
      return isPath(text)
    },
    print: (config) => config.device ?? '',
  },
  ...volumes.flatMap((volume) => volumeKeys(volume, providers)),
  ...providerKeys(providers),
  {
    key: 'JOBSTORE_OWNER',
    aliases: ['JOB_STORE_OWNER'],
    expected: `an age public key (age1...), or RSA of ${rsaBits.least} to ${rsaBits.most} bits as PEM on one line, without its frame; only where the key of the job-store lasts`,
    read: (text, to) => {
      to.jobStoreOwner = parseOwnerKey(text)
      return to.jobStoreOwner !== undefined
    },
    print: (config) => (config.jobStoreOwner === undefined ? '' : printOwnerKey(config.jobStoreOwner)),
  },
  constant('CRYPT_CIPHER', 'aes-xts-plain64'),
  constant('CRYPT_KEYSIZE', '512'),
  constant('CRYPT_HASH', 'sha256'),
  constant('VERITY_HASH', 'sha256'),
  constant('VERITY_DATABLOCK', '4096'),
  constant('VERITY_HASHBLOCK', '4096'),
  {
    key: 'VERITY_ON_CORRUPTION',
    aliases: [],
    expected: 'panic or restart',
    read: (text, to) => {
      to.onCorruption = text === 'restart' ? 'restart' : 'panic'
      return text === 'panic' || text === 'restart'
    },
    print: (config) => config.onCorruption,
  },
  {
    key: 'TEE_EVIDENCE',
    aliases: [],
    expected: 'none, auto or required',
    read: (text, to) => {
      to.evidence = text === 'auto' || text === 'required' ? text : 'none'
      return text === 'none' || text === 'auto' || text === 'required'
    },
    print: (config) => config.evidence,
  },
  {
    key: 'TEE_AFTER_BOOT',
    aliases: [],
    expected: 'remove, report or keep',
    read: (text, to) => {
      to.teeAfterBoot = text === 'keep' || text === 'report' ? text : 'remove'
      return text === 'remove' || text === 'report' || text === 'keep'
    },
    print: (config) => config.teeAfterBoot,
  },
  {
    key: 'TMPFS_MODE',
    aliases: [],
    expected: 'an octal mode such as 1777',
    read: (text, to) => {
      to.tmp = { ...to.tmp, mode: Number.parseInt(text, 8) }
      return /^[0-7]{3,4}$/.test(text)
    },
    print: (config) => config.tmp.mode.toString(8).padStart(3, '0'),
  },
  id('TMPFS_UID', 'uid'),
  id('TMPFS_GID', 'gid'),
  {
    key: 'SWAP_ENABLED',
    aliases: [],
    expected: 'false (swap is forbidden)',
    read: (text) => text === 'false' || text === 'no',
    print: () => '',
  },
  {
    key: 'CONFIG_OVER_ETC',
    aliases: [],
    expected: etcList,
    read: (text, to) => {
      const names = text.split(' ').filter((name) => name !== '')
      to.configOverEtc = text === 'no' || text === 'false' ? [] : names
      const isList = to.configOverEtc.every((name) => isEtcName(name) && !isAnswer(name))
      return isList && apart(to.configOverEtc.map(bare))
    },
    print: ({ configOverEtc }) => (configOverEtc.length === 0 ? 'no' : configOverEtc.join(' ')),
  },
  {
    key: 'OVERLAYS',
    aliases: [],
    expected:
      'absolute paths with a space between, each once, none inside another, none with a volume mounted further down; or none',
    read: (text, to) => {
      to.overlays = text === 'none' ? [] : text.split(' ').filter((path) => path !== '')
      return to.overlays.every(isMountPoint) && apart(to.overlays)
    },
    print: (config) => config.overlays.join(' ') || 'none',
  },
  {
    key: 'OVERLAY_SIZE',
    aliases: [],
    expected: 'a whole number of MiB as 512M, 20G or 1T',
    read: (text, to) => {
      const bytes = parseSize(text)
      if (bytes !== undefined) to.overlaySize = bytes
      return bytes !== undefined
    },
    print: (config) => printSize(config.overlaySize),
  },
  {
    key: 'MACHINE_ID',
    aliases: [],
    expected: "new (each boot has another), or keep (the root's own)",
    read: (text, to) => {
      to.machineId = text === 'keep' ? 'keep' : 'new'
      return text === 'new' || text === 'keep'
    },
    print: (config) => config.machineId,
  },
  {
    key: 'WORKSPACE_DIRECTORIES',
    aliases: [],
    expected:
      'absolute paths with a space between, of at most 200 characters, each once, none inside another, outside the volumes, the layers and /etc, /usr, /bin, /sbin, /lib, /lib64 and /boot',
    read: (text, to) => {
      to.workspaceDirectories = listOf(text)
      return to.workspaceDirectories.every(isOfData) && apart(to.workspaceDirectories)
    },
    print: (config) => config.workspaceDirectories.join(' '),
  },
  {
    key: 'MODULES',
    aliases: [],
    expected: 'names of at most 64 kernel modules with a space between, each once',
    read: (text, to) => {
      to.modules = listOf(text)
      return to.modules.length <= 64 && to.modules.every(isModule) && once(to.modules.map(canonical))
    },
    print: (config) => config.modules.join(' '),
  },
  {
    key: 'INIT',
    aliases: [],
    expected: 'an absolute path',
    read: (text, to) => {
      to.init = text
      return isPath(text)
    },
    print: (config) => config.init,
  },
  {
    key: 'CMDLINE_WORDS',
    aliases: [],
    expected: takesListed,
    read: (text, to) => {
      const words = parseListed(text)
      if (words !== undefined) to.cmdlineWords = words
      return words !== undefined
    },
    print: (config) => config.cmdlineWords.map(printListed).join(' '),
  },
  ...hardeningKeys,
  least('MIN_DISK', 'disk', 'the room that all volumes need'),
  least('MIN_MEMORY', 'memory', 'what TMPFS_SIZE, OVERLAY_SIZE and the boot take'),
  // The scripts opened these ports in a firewall. Nothing in early boot has a network, so the values are only checked.
  {
    key: 'PORTS',
    aliases: [],
    expected: 'port numbers',
    read: (text) => /^[0-9]{1,5}(?:[ ,]+[0-9]{1,5})*$/.test(text),
    print: () => '',
  },
  {
    key: 'PORT_RANGES',
    aliases: [],
    expected: 'port ranges such as 8000-8010',
    read: (text) => /^[0-9]{1,5}[-:][0-9]{1,5}(?:[ ,]+[0-9]{1,5}[-:][0-9]{1,5})*$/.test(text),
    print: () => '',
  },
]

/** The keys of the production build. docs/reference/partition.conf.md has the same list; a test compares. */
export const configKeys = configKeysOf(lastingProviders)
