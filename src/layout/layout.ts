// The table of volumes: names, protections, defaults. A new volume is one more row. Pure. The types follow from the rows, and
// this file imports nothing.

const GiB = 1024n ** 3n

/** How a volume is protected. `none`: its owner lets the host read the volume. Every room uses these words. */
export type Protection = 'verity' | 'crypt' | 'tmpfs' | 'none'

/** One volume. `key` is the prefix of its keys in partition.conf; `aliases` are the prefixes that older files have for it. */
type Row = {
  readonly name: string
  readonly protection: Exclude<Protection, 'none'>
  readonly key: string
  readonly aliases: readonly string[]
  /** Bytes. `verity`: the limit of the image. `crypt`: the size of the partition. `tmpfs`: the limit of the file system. */
  readonly size: bigint
  readonly mount: string
  /**
   * The salt that `cvmboot setup` uses for a verity volume, in hex, so that the same tree gives the same root hash. The salt is
   * the SHA-256 of `cvmboot verity salt ` and the volume's name.
   */
  readonly salt?: string
}

export const volumes = [
  {
    name: 'root-fs',
    protection: 'verity',
    key: 'ROOT_FS',
    aliases: [],
    size: 20n * GiB,
    mount: '/',
    salt: '21d7a26fae274e71c8fef5569633026c374349d3b3e278fab0b8d03540fa7b82',
  },
  {
    name: 'oem-launcher',
    protection: 'verity',
    key: 'LAUNCHER',
    aliases: ['OEM_LAUNCHER'],
    size: 1n * GiB,
    mount: '/mnt/nvflare/oem-launcher',
    salt: '5279b66296aff597cad66041ca312a40ec0cf491a6781276e337b02d21a91f5f',
  },
  {
    name: 'os-config',
    protection: 'verity',
    key: 'CONFIG',
    aliases: ['OS_CONFIG'],
    size: 5n * GiB,
    mount: '/mnt/nvflare/os-config',
    salt: '186599ae2ed3ca529120fab1d459757db57448f4c680689353fe60e939e2280d',
  },
  {
    name: 'workspace',
    protection: 'crypt',
    key: 'WORKSPACE',
    aliases: [],
    size: 50n * GiB,
    mount: '/mnt/nvflare/workspace',
  },
  {
    name: 'job-store',
    protection: 'crypt',
    key: 'JOBSTORE',
    aliases: ['JOB_STORE'],
    size: 10n * GiB,
    mount: '/mnt/nvflare/job-store',
  },
  { name: 'tmp-fs', protection: 'tmpfs', key: 'TMPFS', aliases: ['TMP_FS'], size: 8n * GiB, mount: '/tmp' },
] as const satisfies readonly Row[]

export type Volume = (typeof volumes)[number]
export type VolumeName = Volume['name']
export type VerityName = Extract<Volume, { protection: 'verity' }>['name']
export type CryptName = Extract<Volume, { protection: 'crypt' }>['name']

const named = <P extends Volume['protection']>(protection: P) =>
  volumes.filter((v) => v.protection === protection).map((v) => v.name) as Extract<
    Volume,
    { protection: P }
  >['name'][]

/** Volumes that a root hash opens, in the order of the boot. The root is first, since the others are mounted inside the root. */
export const verityNames: readonly VerityName[] = named('verity')
/** Volumes that dm-crypt encrypts, unless their owner decides otherwise. The running system writes them. */
export const cryptNames: readonly CryptName[] = named('crypt')

/** The GPT name of the partition that has the hash tree of a verity volume. */
export const treeName = (name: VerityName): string => `${name}-verity`

/** The volume that a launch can name by the value of its site, in place of the command line. */
export const siteVolume = 'os-config' satisfies VerityName
