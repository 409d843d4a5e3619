// The report's table over the kinds of steps: the colour of a step, what the step is about, and the lines that the step
// adds to the chain of trust. A kind without a row does not compile. Pure; from the state alone.

import {
  type EvidenceKind,
  type EvidenceOf,
  type State,
  type StepEvidence,
  volumeIn,
} from '../../proof/state.ts'
import { overlayStore } from '../../system/container-stores.ts'
import type { Link } from './link.ts'

/** The kind of work that a step does: steps of one kind of work have one colour. */
export type Work = 'check' | 'verify' | 'encrypt' | 'open' | 'memory' | 'harden' | 'other'

type StepRow<E> = {
  readonly work: Work
  /** The volume, path or setting of the step; may be empty. */
  readonly subject: (evidence: E) => string
  /** The lines in the chain of trust; none for a step that adds no mount. */
  readonly links: (evidence: E, state: State) => readonly Link[]
}

const short = (device: string): string => device.replace(/^\/dev\//, '')
const hex = (text: string): string => `${text.slice(0, 12)}...`

const nothing = (): string => ''
const volume = (evidence: { readonly volume: string }): string => evidence.volume
const mount = (evidence: { readonly mount: string }): string => evidence.mount
const none = (): readonly Link[] => []

const quiet = (work: Work): StepRow<StepEvidence> => ({ work, subject: nothing, links: none })

type OpenedEvidence = Extract<StepEvidence, { readonly protection: string }>

const mountedAs = (state: State, evidence: OpenedEvidence, how: string): Link['mounted'] => {
  const mounted = volumeIn(state, evidence.volume)?.mounted
  return { at: mounted?.mount ?? 'not mounted', how: `${mounted?.fileSystem ?? ''}, ${how}` }
}

const verified = (evidence: EvidenceOf<'open-verity'>, state: State): Link[] => [
  {
    trust: 'verified',
    name: evidence.volume,
    demands: `root hash ${hex(evidence.rootHash)}`,
    enforced: {
      by: 'dm-verity',
      on: `${short(evidence.device)} on ${short(evidence.data)}, ${short(evidence.tree)}`,
    },
    mounted: mountedAs(state, evidence, 'read-only'),
  },
]

const encrypted = (
  evidence: EvidenceOf<'open-ephemeral' | 'open-lasting'>,
  state: State,
  demands: string,
  how: string,
): Link => ({
  trust: 'encrypted',
  name: evidence.volume,
  demands: `key by ${evidence.key}, ${demands}`,
  enforced: {
    by: `dm-crypt${evidence.integrity === 'none' ? '' : ' with integrity'}`,
    on: `${short(evidence.device)} on ${short(evidence.data)}`,
  },
  mounted: mountedAs(state, evidence, how),
})

const made = { yes: 'new', no: 'as it was kept', resumed: 'made by an earlier boot' } as const

const unprotected = (evidence: EvidenceOf<'mount-plain'>, state: State): Link[] => [
  {
    trust: 'none',
    name: evidence.volume,
    demands: 'no protection: the host reads it',
    enforced: { by: 'no mapping', on: short(evidence.data) },
    mounted: mountedAs(state, evidence, 'no programs'),
  },
]

const inMemory = (name: string, demands: string, enforced: Link['enforced'], at: string): Link => ({
  trust: 'memory',
  name,
  demands,
  enforced,
  mounted: { at, how: 'gone after this boot' },
})

const tmpfs = ({ mount: at, bytes, noswap }: EvidenceOf<'mount-tmpfs'>): Link[] => {
  const name = at === overlayStore ? 'memory for layers' : 'tmp-fs'
  const limit = /^\d+$/.test(bytes) ? `at most ${Number(BigInt(bytes) / 1024n ** 2n)} MiB` : ''
  const on = noswap === 'yes' ? 'memory, never swapped' : 'memory'
  return [inMemory(name, limit, { by: 'tmpfs', on }, at)]
}

const layer = ({ mount: at, over, writable }: EvidenceOf<'overlay'>): Link[] => {
  const name = over.length > 0 ? 'os-config over root-fs' : 'root-fs'
  if (writable === 'in memory')
    return [inMemory(name, 'a layer in memory on top', { by: 'overlayfs', on: 'written to memory' }, at)]
  return [
    {
      trust: 'verified',
      name,
      demands: 'a layer, read-only',
      enforced: { by: 'overlayfs', on: 'verified below' },
      mounted: { at, how: 'read-only' },
    },
  ]
}

const directory = (evidence: EvidenceOf<'bind-directory'>): Link[] => [
  {
    trust: 'encrypted',
    name: `directory of ${evidence.from}`,
    demands: '',
    enforced: { by: 'bind mount', on: evidence.from },
    mounted: { at: evidence.mount, how: evidence.directory === 'made' ? 'new' : 'as it was kept' },
  },
]

const rows: { readonly [K in EvidenceKind]: StepRow<EvidenceOf<K>> } = {
  'check-initramfs': quiet('check'),
  'load-modules': quiet('other'),
  'require-cvm': quiet('check'),
  'forbid-swap': quiet('check'),
  'read-site': { work: 'verify', subject: ({ volume: name, value }) => `${name} ${hex(value)}`, links: none },
  'open-verity': { work: 'verify', subject: volume, links: verified },
  'mount-verity': { work: 'verify', subject: volume, links: none },
  'open-ephemeral': {
    work: 'encrypt',
    subject: volume,
    links: (evidence, state) => [encrypted(evidence, state, 'of this boot', 'new')],
  },
  'mount-ephemeral': { work: 'encrypt', subject: volume, links: none },
  'open-lasting': {
    work: 'encrypt',
    subject: volume,
    links: (evidence, state) => [
      encrypted(evidence, state, `to ${evidence.binding}`, made[evidence.provisioned]),
    ],
  },
  'mount-lasting': { work: 'encrypt', subject: volume, links: none },
  'mount-plain': { work: 'open', subject: volume, links: unprotected },
  'mount-tmpfs': { work: 'memory', subject: mount, links: tmpfs },
  overlay: { work: 'memory', subject: mount, links: layer },
  'container-stores': {
    work: 'memory',
    subject: nothing,
    links: ({ stores }) =>
      stores.map((at) => inMemory('container storage', '', { by: 'tmpfs', on: 'memory for layers' }, at)),
  },
  'bind-directory': { work: 'encrypt', subject: mount, links: directory },
  'machine-id': {
    work: 'memory',
    subject: ({ file }) => file,
    links: ({ file, place }) => [
      inMemory(
        'machine ID',
        'new, of this boot',
        { by: place === 'layer' ? 'overlayfs' : 'bind mount', on: 'memory' },
        file,
      ),
    ],
  },
  'request-release': quiet('check'),
  'take-evidence': quiet('check'),
  'close-tee': quiet('check'),
  'close-tpm': quiet('check'),
  'mask-swap': quiet('harden'),
  harden: { work: 'harden', subject: ({ setting }) => setting, links: none },
  'harden-users': quiet('harden'),
  'close-doors': quiet('harden'),
  'keep-sysctls': quiet('harden'),
  'write-state': quiet('other'),
  'switch-root': quiet('other'),
  'hand-over': quiet('other'),
}

/** The row of the kind of step that left this evidence. */
export const rowOf = (evidence: StepEvidence): StepRow<StepEvidence> =>
  // The table is keyed by the evidence's own kind, which the type of an indexed union cannot express.
  rows[evidence.kind] as StepRow<StepEvidence>
