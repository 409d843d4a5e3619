// The fields of state.json: for each kind of step, what the step says that it established. One table gives the types of
// the evidence, the checks of the reader, and the page docs/reference/state.md. Pure.

import { cryptNames, siteVolume, verityNames } from '../layout/layout.ts'

type Presence = {
  /** The condition under which the field is there; a field without a condition is always there. */
  readonly when?: string
}

export type Field = { readonly about: string } & Presence &
  (
    | { readonly type: 'text' | 'number' | 'list of texts' }
    | { readonly type: 'word'; readonly words: readonly string[] }
  )

type ValueOf<F extends Field> = F extends { readonly words: readonly (infer W)[] }
  ? W
  : F extends { readonly type: 'number' }
    ? number
    : F extends { readonly type: 'text' }
      ? string
      : readonly string[]

type Optional<Fs> = { [N in keyof Fs]: Fs[N] extends { readonly when: string } ? N : never }[keyof Fs]

/** The values that belong to a set of fields. */
export type ValuesOf<Fs extends Readonly<Record<string, Field>>> = {
  readonly [N in Exclude<keyof Fs, Optional<Fs>>]: ValueOf<Fs[N]>
} & { readonly [N in Optional<Fs>]?: ValueOf<Fs[N]> }

const text = (about: string) => ({ type: 'text', about }) as const
const number = (about: string) => ({ type: 'number', about }) as const
const texts = (about: string) => ({ type: 'list of texts', about }) as const
const word = <const W extends readonly string[]>(about: string, words: W) =>
  ({ type: 'word', about, words }) as const

const verityVolume = word('the volume', verityNames)
const cryptVolume = word('the volume', cryptNames)
const mount = text('the mount point, as the running system has it')
const fileSystem = text('the type of the file system')

const mapping = {
  integrity: word('what authenticates each sector', ['none', 'hmac-sha256']),
  device: text('the device of the dm-crypt mapping'),
  table: text('the table of dm-crypt, as the kernel shows the table: a name stands in place of the key'),
  integrityTable: {
    ...text('the table of dm-integrity below dm-crypt'),
    when: 'where `integrity` is not `none`',
  },
} as const

/** Fields of the whole boot. */
export const bootFields = {
  edition: text('the build that booted: `cvmboot` or `cvmboot-mock`'),
  version: text('the version of cvmboot'),
  node: text('the version of Node in the executable'),
  git: text('the commit that the executable was built from'),
  kernel: text('the release of the kernel'),
  cvm: text('the kind of confidential VM: `sev-snp`, `tdx` or `mock`'),
  plan: {
    ...text('the sha256 of the plan, as `cvmboot plan` prints the plan'),
    when: 'in a boot of a version that has the verb `attest`',
  },
  keyProvider: text('the provider of keys that do not outlive the boot'),
  entered: number('milliseconds from the start of the machine to the start of cvmboot'),
  started: number('milliseconds from the start of the machine to the first step'),
} as const satisfies Readonly<Record<string, Field>>

/** Fields of one step, beside its evidence. */
export const stepFields = {
  step: text('the step as `cvmboot plan` prints it, for people; programs read `evidence`'),
  at: number('milliseconds from the start of the machine to the start of the step'),
  milliseconds: number('how long the step took'),
} as const satisfies Readonly<Record<string, Field>>

/** Fields of the evidence of each kind of step. */
export const evidenceFields = {
  'check-initramfs': {
    files: number('files of the initramfs, each of which is there with its whole length'),
  },
  'load-modules': {},
  'require-cvm': { cvm: text('the kind of confidential VM') },
  'read-site': {
    volume: word('the volume', [siteVolume]),
    field: word('the field of the TEE that has the value of the site', ['HOSTDATA', 'MRCONFIGID']),
    value: text('the value of the site, in hex: the digest of the site record'),
    data: text('the partition of the site record'),
    rootHash: text('the root hash of the record'),
    blocks: text('the data blocks of the record, in decimal'),
    salt: text('the salt of the record, in hex, or `-` for none'),
  },
  'open-verity': {
    volume: verityVolume,
    protection: word('how the volume is protected', ['verity']),
    rootHash: text('the root hash that the command line or the site record demands'),
    data: text('the partition of the data'),
    tree: text('the partition of the hash tree'),
    device: text('the device of the dm-verity mapping'),
    table: text('the table of dm-verity, as the kernel shows the table'),
  },
  'mount-verity': { volume: verityVolume, mount, fileSystem },
  'request-release': {
    volumes: texts('the volumes whose keys the boot asked for'),
    grants: texts(
      'of each grant: the volume, the sequence number, and the date until which the owner approved',
    ),
    owner: text('the public key of the owner, as RELEASE_OWNER has it'),
  },
  'open-ephemeral': {
    volume: cryptVolume,
    protection: word('how the volume is protected', ['crypt']),
    key: text('the provider of the key'),
    data: text('the partition'),
    ...mapping,
  },
  'mount-ephemeral': { volume: cryptVolume, mount, fileSystem },
  'open-lasting': {
    volume: cryptVolume,
    protection: word('how the volume is protected', ['crypt']),
    key: text('the provider of the key'),
    binding: text('what the key is bound to: `measurement`, `id-block` or `grant`'),
    generation: number('how often the key was sealed'),
    tcb: text('the version of the firmware that the key is bound to, in hex, or `-`'),
    srk: text('the name of the storage key of the TPM that sealed the key, or `-`'),
    provisioned: word(
      'whether this boot made the file system; `resumed`: an earlier boot made it, and lost power before the header was complete',
      ['yes', 'no', 'resumed'],
    ),
    renewed: word('whether this boot sealed the key anew', ['yes', 'no']),
    owner: text('the ID of the key of the owner who has a keyslot, or `none`'),
    header: text('the sha256 of the header on the disk'),
    data: text('the partition'),
    ...mapping,
  },
  'mount-lasting': { volume: cryptVolume, mount, fileSystem },
  'mount-plain': {
    volume: cryptVolume,
    protection: word('how the volume is protected', ['none']),
    readableBy: word('who else reads the volume', ['the host']),
    data: text('the partition'),
    mount,
    fileSystem,
    formatted: word('whether this boot made the file system', ['yes', 'no']),
  },
  'mount-tmpfs': {
    mount,
    bytes: text('the most bytes that the file system takes, in decimal'),
    noswap: word('whether the kernel keeps the files out of swap', ['yes', 'no']),
  },
  overlay: {
    mount,
    over: texts('the directories on top of the covered one, highest first'),
    names: texts('the names that these directories may hold'),
    writable: word('whether the layer takes writes, and where the layer keeps them', ['no', 'in memory']),
  },
  'container-stores': { stores: texts('the directories that got memory of their own') },
  'bind-directory': {
    mount,
    from: word('the volume that has the directory', ['workspace']),
    directory: word('whether this boot made the directory on the volume', ['made', 'found']),
    hides: number('names that root-fs has in the directory, and that are hidden now'),
  },
  'forbid-swap': { partitions: number('partitions that were looked at') },
  'take-evidence': {
    tee: word('the TEE whose report covers the statement; `none` where the machine gives no report', [
      'sev-snp',
      'tdx',
      'none',
    ]),
    digest: { ...text('the sha256 of evidence.json'), when: 'where `tee` is not `none`' },
    rtmr3: {
      ...word(
        'whether the boot extended RTMR 3 with the statement; `absent` where the kernel shows no RTMR 3',
        ['extended', 'absent'],
      ),
      when: 'where `tee` is `tdx`',
    },
  },
  'close-tee': {
    tee: word(
      'what became of the driver that derives keys; `report` where it asks at VMPL 1 and above alone',
      ['absent', 'removed', 'report'],
    ),
  },
  'close-tpm': {
    tpm: word('the state of the TPM', ['closed']),
    pcr: number('the PCR that was extended'),
    values: texts('the value of the PCR afterwards, in hex, for each TPM'),
  },
  'machine-id': {
    file: text('the file with the machine ID'),
    place: word('whether the file is mounted over the file of the root or lies in the layer', [
      'mounted',
      'layer',
    ]),
    digest: text('the sha256 of the file'),
  },
  'mask-swap': { swap: word('the state of the swap target of systemd', ['masked']) },
  'close-doors': {
    masked: texts('the generators that are masked'),
    units: number('units that are masked'),
  },
  harden: {
    setting: text('the name of the setting'),
    value: text('the value of the setting, or `not in this kernel`'),
  },
  'harden-users': {
    settings: number('settings that were made'),
    notInThisKernel: texts('settings that this kernel lacks'),
  },
  'keep-sysctls': { sysctls: number('settings that systemd makes again') },
  'write-state': {},
  'switch-root': {},
  'hand-over': {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field>>>>
