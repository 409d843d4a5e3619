// Why what is mounted can be trusted: from what the launch measured, by what it demands and what the kernel enforces, to
// each mount. Pure; from the state alone.

import { type Evidence, type State, volumesOf } from '../../layout/state.ts'

export type Trust = 'verified' | 'encrypted' | 'memory' | 'none'

/** One line of the chain. Each text is short; `from` says whether the measured launch vouches for it. */
export type Link = {
  readonly trust: Trust
  readonly name: string
  readonly demands: string
  readonly enforced: { readonly by: string; readonly on: string }
  readonly mounted: { readonly at: string; readonly how: string }
}

export type Chain = {
  readonly cvm: string
  /** Whether a TEE measured this launch. */
  readonly measured: 'measured' | 'not measured'
  readonly links: readonly Link[]
}

const short = (device: unknown): string => `${device ?? '?'}`.replace(/^\/dev\//, '')
const hex = (text: unknown): string => `${`${text ?? ''}`.slice(0, 12)}...`

const verified = (name: string, e: Evidence): Link => ({
  trust: 'verified',
  name,
  demands: `root hash ${hex(e['rootHash'])}`,
  enforced: { by: 'dm-verity', on: `${short(e['device'])} on ${short(e['data'])}, ${short(e['tree'])}` },
  mounted: { at: `${e['mount'] ?? 'not mounted'}`, how: `${e['fileSystem'] ?? ''}, read-only` },
})

/** A volume whose key does not last has no such word in the state: its file system is new in each boot. */
const madeBy = ({ provisioned = 'yes' }: Evidence): string => {
  if (provisioned === 'yes') return 'new'
  return provisioned === 'no' ? 'as it was kept' : 'made by an earlier boot'
}

const encrypted = (name: string, e: Evidence): Link => {
  const lasts = e['binding'] !== undefined
  const tags = e['integrity'] === undefined || e['integrity'] === 'none' ? '' : ' with integrity'
  return {
    trust: 'encrypted',
    name,
    demands: lasts ? `key by ${e['key']}, to ${e['binding']}` : `key by ${e['key']}, of this boot`,
    enforced: { by: `dm-crypt${tags}`, on: `${short(e['device'])} on ${short(e['data'])}` },
    mounted: {
      at: `${e['mount'] ?? 'not mounted'}`,
      how: `${e['fileSystem'] ?? ''}, ${madeBy(e)}`,
    },
  }
}

const unprotected = (name: string, e: Evidence): Link => ({
  trust: 'none',
  name,
  demands: 'no protection: the host reads it',
  enforced: { by: 'no mapping', on: short(e['data']) },
  mounted: { at: `${e['mount'] ?? 'not mounted'}`, how: `${e['fileSystem'] ?? ''}, no programs` },
})

const machineId = ({ file, place }: Evidence): Link => ({
  trust: 'memory',
  name: 'machine ID',
  demands: 'new, of this boot',
  enforced: { by: place === 'layer' ? 'overlayfs' : 'bind mount', on: 'memory' },
  mounted: { at: `${file}`, how: 'gone after this boot' },
})

const containerStore = (at: string): Link[] =>
  at === ''
    ? []
    : [
        {
          trust: 'memory',
          name: 'container storage',
          demands: '',
          enforced: { by: 'tmpfs', on: 'memory for layers' },
          mounted: { at, how: 'gone after this boot' },
        },
      ]

const inMemory = ({ step, evidence }: State['steps'][number]): Link[] => {
  if (step.startsWith('machine-id ')) return [machineId(evidence)]
  if (step.startsWith('container-stores ')) return `${evidence['stores']}`.split(' ').flatMap(containerStore)
  const at = evidence['mount']
  if (typeof at !== 'string' || evidence['volume'] !== undefined) return []
  if (step.startsWith('overlay ')) {
    const over = evidence['over'] === '' ? [] : [`${evidence['over'] ?? ''}`]
    const writable = evidence['writable'] === 'in memory'
    return [
      {
        trust: writable ? 'memory' : 'verified',
        name: over.length > 0 ? 'os-config over root-fs' : 'root-fs',
        demands: writable ? 'a layer in memory on top' : 'a layer, read-only',
        enforced: { by: 'overlayfs', on: writable ? 'written to memory' : 'verified below' },
        mounted: { at, how: writable ? 'gone after this boot' : 'read-only' },
      },
    ]
  }
  const bytes = /\bsize=(\d+)\b/.exec(step)?.[1]
  const limit = bytes === undefined ? '' : `at most ${Number(BigInt(bytes) / 1024n ** 2n)} MiB`
  return [
    {
      trust: 'memory',
      name: at === '/run/cvmboot/overlay' ? 'memory for layers' : 'tmp-fs',
      demands: limit,
      enforced: { by: 'tmpfs', on: evidence['noswap'] === 'yes' ? 'memory, never swapped' : 'memory' },
      mounted: { at, how: 'gone after this boot' },
    },
  ]
}

const linkOf = ([name, evidence]: [string, Evidence]): Link => {
  if (evidence['protection'] === 'verity') return verified(name, evidence)
  return evidence['protection'] === 'crypt' ? encrypted(name, evidence) : unprotected(name, evidence)
}

export const chainOf = (state: State): Chain => ({
  cvm: state.cvm,
  measured: state.cvm === 'sev-snp' || state.cvm === 'tdx' ? 'measured' : 'not measured',
  links: [...Object.entries(volumesOf(state)).map(linkOf), ...state.steps.flatMap(inMemory)],
})
