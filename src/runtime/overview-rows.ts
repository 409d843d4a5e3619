// The rows of `status`: for each step of the plan, the present state of the volume or directory that the step mounted. A kind
// of step without an entry does not compile. Pure over a scene.

import { hostData } from '../cmdline/params.ts'
import { parseCryptTable } from '../layout/crypt.ts'
import { evidenceOf, type VolumeState, volumeIn } from '../proof/state.ts'
import type { Step } from '../steps/index.ts'
import { outside } from '../system/new-root.ts'
import { namedIn } from './check-site.ts'
import { type StepOf, stepsOf } from './planned.ts'
import { mountOn, type Scene } from './scene.ts'

export type VolumeRow = {
  readonly name: string
  readonly state: 'verified' | 'encrypted' | 'in memory' | 'not protected' | 'missing'
  /** Such as `/dev/dm-0`; empty for a file system in memory. */
  readonly device: string
  /** The partitions beneath the device. */
  readonly on: readonly string[]
  /** The protection: a root hash, a cipher, or another one. */
  readonly by: string
  /** The key provider; empty where the volume has no key. */
  readonly key: string
  readonly table: string
  readonly mount: string
  readonly fileSystem: string
  readonly options: readonly string[]
  /** The size in bytes; undefined where the file system cannot be asked. */
  readonly bytes: bigint | undefined
  readonly used: bigint | undefined
}

const where = (scene: Scene, mount: string) => {
  const found = mountOn(scene, mount)
  const space = found === undefined ? undefined : scene.system.space(mount)
  return {
    mount: found === undefined ? '' : mount,
    fileSystem: found?.type ?? '',
    options: found?.options ?? [],
    bytes: space?.bytes,
    used: space?.used,
  }
}

const ciphers = { xts: 'aes-xts-plain64', 'xts-hmac': 'aes-xts-plain64, hmac-sha256' } as const

/** The cipher by the name that configurations use, which differs from the spelling of the kernel's crypto API. */
const cipherOf = (table: string): string => {
  const parsed = parseCryptTable(table)
  return parsed === undefined ? 'unknown' : ciphers[parsed.profile]
}

const partitionsOf = (known: VolumeState['opened'] | undefined): string[] => {
  if (known === undefined) return []
  return known.kind === 'open-verity' ? [known.data, known.tree] : [known.data]
}

type Mounted = StepOf<'mount-verity' | 'mount-ephemeral' | 'mount-lasting'>

/** The row of a volume with a mapping. `by` names the protection, given the table of the mapping. */
const mappedRow = (
  { volume, mount }: Mounted,
  scene: Scene,
  state: 'verified' | 'encrypted',
  by: (table: string) => string,
): VolumeRow => {
  const known = volumeIn(scene.state, volume)?.opened
  const place = where(scene, mount)
  const mapping = scene.system.mapping(volume)
  const expected = known === undefined || known.kind === 'mount-plain' ? undefined : known.table
  return {
    name: volume,
    on: partitionsOf(known),
    ...place,
    state: mapping === undefined || place.mount === '' ? 'missing' : state,
    device: mapping?.device ?? '',
    by: by(mapping?.table ?? ''),
    key: known !== undefined && 'key' in known ? known.key : '',
    // A table that is none of ours may hold a key.
    table: mapping === undefined || mapping.table !== expected ? '' : `${mapping.target} ${mapping.table}`,
  }
}

/** The field of the TEE that names the volume of the site, and its value. */
const siteIn = ({ state }: Scene): string => {
  const [site] = evidenceOf(state, 'read-site')
  return site === undefined ? ', of a site that the state does not name' : `, by ${site.field} ${site.value}`
}

const verityRow = (step: StepOf<'mount-verity'>, scene: Scene): VolumeRow => {
  const opened = stepsOf(scene.plan, 'open-verity').find(({ volume }) => volume === step.volume)
  const named = opened === undefined ? undefined : namedIn(scene, opened)
  const by =
    named === undefined
      ? 'unknown'
      : `sha256 ${named.rootHash}${opened?.rootHash === hostData ? siteIn(scene) : ''}`
  return mappedRow(step, scene, 'verified', () => by)
}

const cryptRow = (step: StepOf<'mount-ephemeral' | 'mount-lasting'>, scene: Scene): VolumeRow =>
  mappedRow(step, scene, 'encrypted', cipherOf)

const plainRow = ({ volume, mount }: StepOf<'mount-plain'>, scene: Scene): VolumeRow => {
  const on = partitionsOf(volumeIn(scene.state, volume)?.opened)
  const place = where(scene, mount)
  const state = place.mount === '' ? 'missing' : 'not protected'
  return { name: volume, on, ...place, state, device: on[0] ?? '', by: 'nothing', key: '', table: '' }
}

const memoryRow = ({ target }: StepOf<'mount-tmpfs'>, scene: Scene): VolumeRow => {
  const [first] = stepsOf(scene.plan, 'mount-tmpfs')
  const name = target === first?.target ? 'tmp-fs' : 'layers'
  const place = where(scene, outside(target))
  const state = place.mount === '' ? 'missing' : 'in memory'
  return { name, state, device: '', on: [], by: place.fileSystem, key: '', table: '', ...place }
}

const directoryRow = ({ path }: StepOf<'bind-directory'>, scene: Scene): VolumeRow => {
  const place = where(scene, path)
  const device = scene.system.mapping('workspace')?.device ?? ''
  const state = place.mount === '' ? 'missing' : 'encrypted'
  return { name: 'on workspace', state, device, on: [], by: 'workspace', key: '', table: '', ...place }
}

/** The parts of the table, in the order in which `status` shows the parts. */
const parts = ['volumes', 'directories', 'memory'] as const

type Entry<S> =
  | 'no row'
  | { readonly part: (typeof parts)[number]; row: (step: S, scene: Scene) => VolumeRow }

const entries: { readonly [K in Step['kind']]: Entry<StepOf<K>> } = {
  'check-initramfs': 'no row',
  'load-modules': 'no row',
  'require-cvm': 'no row',
  // The row of the volume has the value of the site.
  'read-site': 'no row',
  // The step that mounts a volume has the row of the volume.
  'open-verity': 'no row',
  'request-release': 'no row',
  'open-ephemeral': 'no row',
  'open-lasting': 'no row',
  'mount-verity': { part: 'volumes', row: verityRow },
  'mount-ephemeral': { part: 'volumes', row: cryptRow },
  'mount-lasting': { part: 'volumes', row: cryptRow },
  'mount-plain': { part: 'volumes', row: plainRow },
  'mount-tmpfs': { part: 'memory', row: memoryRow },
  'bind-directory': { part: 'directories', row: directoryRow },
  // The content of these mounts lies in the memory for layers or on a verified volume, and both have a row already.
  overlay: 'no row',
  'container-stores': 'no row',
  'machine-id': 'no row',
  'forbid-swap': 'no row',
  'take-evidence': 'no row',
  'close-tee': 'no row',
  'close-tpm': 'no row',
  'mask-swap': 'no row',
  'close-doors': 'no row',
  harden: 'no row',
  'harden-users': 'no row',
  'keep-sysctls': 'no row',
  'write-state': 'no row',
  'switch-root': 'no row',
  'hand-over': 'no row',
}

// The table is keyed by the step's own kind, which the type of an indexed union cannot express.
const entryOf = (step: Step): Entry<Step> => entries[step.kind] as Entry<Step>

export const rowsOf = (scene: Scene): VolumeRow[] =>
  parts.flatMap((part) =>
    scene.plan.flatMap((step) => {
      const entry = entryOf(step)
      return entry !== 'no row' && entry.part === part ? [entry.row(step, scene)] : []
    }),
  )
