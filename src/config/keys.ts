// The keys of partition.conf: what each takes, and how it reads and prints. Pure. Keys of the scripts this
// replaces stay readable; one that only confirms a constant is checked.

import { type Binding, type CryptName, type Volume, type VolumeName, volumes } from '../layout/layout.ts'
import { type OwnerKey, parseOwnerKey, printOwnerKey, rsaBits } from '../layout/owner-key.ts'

/** Where a volume's key comes from, what it is bound to, and what is made of a volume that is blank. */
export type KeyPolicy = {
  readonly provider: 'ephemeral' | 'snp'
  readonly binding: Binding
  readonly blank: 'format' | 'halt'
}

/** Everything the configuration decides, complete: absent keys have their defaults. */
export type Config = {
  /** Block device or image file that `setup` writes when its command line names none. */
  readonly device: string | undefined
  /** Bytes: at most for a verity image, exactly for a crypt partition, as limit for tmpfs. */
  readonly size: Readonly<Record<VolumeName, bigint>>
  /** Absolute path in the new root. */
  readonly mount: Readonly<Record<VolumeName, string>>
  /** `crypt`: unreadable to the host. `plain`: the host reads and writes the results (option 2). */
  readonly jobStore: 'crypt' | 'plain'
  readonly keys: Readonly<Record<CryptName, KeyPolicy>>
  /** Whether the running system keeps the driver by which keys that last are derived. */
  readonly teeAfterBoot: 'remove' | 'keep'
  /** Who besides the VM can open the job-store. */
  readonly jobStoreOwner: OwnerKey | undefined
  readonly tmp: { readonly mode: number; readonly uid: number; readonly gid: number }
  /** What dm-verity does when a block read after the boot does not verify. */
  readonly onCorruption: 'panic' | 'restart'
  /** Layers the directory `etc` of os-config over /etc. */
  readonly configOverEtc: boolean
  /** Paths that get a writable layer in memory over the verified root. */
  readonly overlays: readonly string[]
  /** Bytes that all writable layers together may take. */
  readonly overlaySize: bigint
  /** Executable in the new root that becomes PID 1. */
  readonly init: string
}

export type Draft = { -readonly [K in keyof Config]: Config[K] } & {
  size: Record<VolumeName, bigint>
  mount: Record<VolumeName, string>
  keys: Record<CryptName, KeyPolicy>
}

/** One key: `read` stores a value and says whether it was good; `print` gives it back, '' for nothing to say. */
export type Key = {
  readonly key: string
  readonly aliases: readonly string[]
  readonly expected: string
  readonly read: (text: string, to: Draft) => boolean
  readonly print: (config: Config) => string
}

const units = { K: 1024n, M: 1024n ** 2n, G: 1024n ** 3n, T: 1024n ** 4n } as const
const MiB = units.M

/** `20G` -> bytes. K, M, G, T are powers of 1024; whole MiB only, since partitions lie on them. */
export const parseSize = (text: string): bigint | undefined => {
  const match = /^([1-9][0-9]{0,8})([KMGT])$/.exec(text)
  if (match === null) return undefined
  const bytes = BigInt(match[1] ?? '') * units[match[2] as keyof typeof units]
  return bytes % MiB === 0n && bytes <= 1024n * units.T ? bytes : undefined
}

export const printSize = (bytes: bigint): string => {
  for (const [unit, factor] of [
    ['T', units.T],
    ['G', units.G],
  ] as const)
    if (bytes % factor === 0n) return `${bytes / factor}${unit}`
  return `${bytes / MiB}M`
}

const aPath = /^(?:\/[A-Za-z0-9._+@-]+)+$/
const isPath = (text: string): boolean => aPath.test(text) && !/\/\.\.?(?:\/|$)/.test(text)
// The kernel's own file systems and /run come with the boot; a volume there would be hidden or hide them.
const isMountPoint = (text: string): boolean => isPath(text) && !/^\/(?:proc|sys|dev|run)(?:\/|$)/.test(text)

/** A key that only confirms what is a constant here. */
const constant = (key: string, value: string, aliases: readonly string[] = []): Key => ({
  key,
  aliases,
  expected: `${value} (nothing else is supported)`,
  read: (text) => text === value,
  print: () => '',
})

const encryption = (volume: Volume): Omit<Key, 'key' | 'aliases'> => {
  if (volume.name === 'job-store')
    return {
      expected: 'required (the host cannot read it) or none (the host can)',
      read: (text, to) => {
        // `optional` left the choice to an environment variable; the safe reading is the only one here.
        to.jobStore = text === 'none' ? 'plain' : 'crypt'
        return ['none', 'required', 'optional'].includes(text)
      },
      print: (config) => (config.jobStore === 'plain' ? 'none' : 'required'),
    }
  const needed = volume.protection === 'crypt' ? ['required', 'optional'] : ['none']
  return { expected: needed[0] ?? '', read: (text) => needed.includes(text), print: () => '' }
}

/** Of volumes that are encrypted. BIND and BLANK say nothing of a key that does not last, so they are then refused. */
const keyPolicy = (name: CryptName, key: string, also: (suffix: string) => string[]): Key[] => {
  const set = (to: Draft, change: Partial<KeyPolicy>) => {
    to.keys[name] = { ...to.keys[name], ...change }
  }
  const lasts = ({ keys }: Pick<Config, 'keys'>) => keys[name].provider !== 'ephemeral'
  const onlyLasting = `; only with ${key}_KEY=snp`
  return [
    {
      key: `${key}_KEY`,
      aliases: also('KEY'),
      expected: 'ephemeral (new at each boot) or snp (of the TEE: it lasts), for a volume that is encrypted',
      read: (text, to) => {
        set(to, { provider: text === 'snp' ? 'snp' : 'ephemeral' })
        const encrypted = name !== 'job-store' || to.jobStore === 'crypt'
        return text === 'ephemeral' || (text === 'snp' && encrypted)
      },
      print: ({ keys }) => keys[name].provider,
    },
    {
      key: `${key}_BIND`,
      aliases: also('BIND'),
      expected: `measurement or id-block${onlyLasting}`,
      read: (text, to) => {
        set(to, { binding: text === 'id-block' ? 'id-block' : 'measurement' })
        return lasts(to) && (text === 'measurement' || text === 'id-block')
      },
      print: (config) => (lasts(config) ? config.keys[name].binding : ''),
    },
    {
      key: `${key}_BLANK`,
      aliases: also('BLANK'),
      // The word that provisions changes the measurement, so a key bound to that would never be found again.
      expected: `format, or halt with ${key}_BIND=id-block${onlyLasting}`,
      read: (text, to) => {
        set(to, { blank: text === 'halt' ? 'halt' : 'format' })
        const provisionable = text === 'halt' && to.keys[name].binding === 'id-block'
        return lasts(to) && (text === 'format' || provisionable)
      },
      print: (config) => (lasts(config) ? config.keys[name].blank : ''),
    },
  ]
}

const volumeKeys = (volume: Volume): Key[] => {
  const { name, key } = volume
  const also = (suffix: string) => volume.aliases.map((alias) => `${alias}_${suffix}`)
  return [
    {
      key: `${key}_SIZE`,
      aliases: also('SIZE'),
      expected: 'a whole number of MiB as 512M, 20G or 1T',
      read: (text, to) => {
        const bytes = parseSize(text)
        if (bytes !== undefined) to.size[name] = bytes
        return bytes !== undefined
      },
      print: (config) => printSize(config.size[name]),
    },
    constant(`${key}_TYPE`, volume.protection, also('TYPE')),
    {
      key: `${key}_MOUNT`,
      aliases: also('MOUNT'),
      expected: name === 'root-fs' ? '/' : 'an absolute path outside /proc, /sys, /dev and /run, without ..',
      read: (text, to) => {
        to.mount[name] = text
        return name === 'root-fs' ? text === '/' : isMountPoint(text)
      },
      print: (config) => config.mount[name],
    },
    { key: `${key}_ENCRYPTION`, aliases: also('ENCRYPTION'), ...encryption(volume) },
    ...(volume.protection === 'crypt' ? keyPolicy(volume.name, key, also) : []),
  ]
}

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

const yesNo = /^(?:yes|no|true|false)$/

/** All keys, in the order they are printed. kernel-cmdline.md has the same list; a test compares. */
export const configKeys: readonly Key[] = [
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
  ...volumes.flatMap(volumeKeys),
  {
    key: 'JOBSTORE_OWNER',
    aliases: ['JOB_STORE_OWNER'],
    expected: `an age public key (age1...), or RSA of ${rsaBits.least} to ${rsaBits.most} bits as PEM on one line, without its frame`,
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
    key: 'TEE_AFTER_BOOT',
    aliases: [],
    expected: 'remove or keep',
    read: (text, to) => {
      to.teeAfterBoot = text === 'keep' ? 'keep' : 'remove'
      return text === 'remove' || text === 'keep'
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
    expected: 'yes or no',
    read: (text, to) => {
      to.configOverEtc = text === 'yes' || text === 'true'
      return yesNo.test(text)
    },
    print: (config) => (config.configOverEtc ? 'yes' : 'no'),
  },
  {
    key: 'OVERLAYS',
    aliases: [],
    expected: 'absolute paths with a space between, each once, none inside another',
    read: (text, to) => {
      to.overlays = text.split(' ').filter((path) => path !== '')
      return to.overlays.every(isMountPoint) && apart(to.overlays)
    },
    print: (config) => config.overlays.join(' '),
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
    key: 'INIT',
    aliases: [],
    expected: 'an absolute path',
    read: (text, to) => {
      to.init = text
      return isPath(text)
    },
    print: (config) => config.init,
  },
  // The scripts opened these in a firewall; nothing in early boot has a network. Checked and left to others.
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

const defaultBase = '/mnt/nvflare'

const table = <T>(of: (volume: Volume) => T): Record<VolumeName, T> =>
  Object.fromEntries(volumes.map((v) => [v.name, of(v)])) as Record<VolumeName, T>

export const defaultConfig: Config = {
  device: undefined,
  size: table((v) => v.size),
  mount: table((v) => v.mount),
  jobStore: 'crypt',
  keys: {
    workspace: { provider: 'ephemeral', binding: 'measurement', blank: 'format' },
    'job-store': { provider: 'ephemeral', binding: 'measurement', blank: 'format' },
  },
  teeAfterBoot: 'remove',
  jobStoreOwner: undefined,
  tmp: { mode: 0o1777, uid: 0, gid: 0 },
  onCorruption: 'panic',
  configOverEtc: false,
  overlays: [],
  overlaySize: units.G,
  init: '/sbin/init',
}

/** No path is, or lies inside, another. */
const apart = (paths: readonly string[]): boolean =>
  paths.every((a, i) => paths.every((b, j) => i === j || !`${b}/`.startsWith(`${a}/`)))
