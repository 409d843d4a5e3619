// /run/cvmboot/state.json: print / parse. The file says what a boot established, for `status`, `verify`, `report` and for
// people. The file holds no secrets. docs/reference/state.md describes it. Pure.

import type { VolumeName } from '../layout/layout.ts'
import { bootFields, evidenceFields, type Field, stepFields, type ValuesOf } from './fields.ts'

export const statePath = '/run/cvmboot/state.json'
/** The measured configuration as the boot read it. The initramfs that held it is gone once the system runs. */
export const bootedConfigPath = '/run/cvmboot/partition.conf'

/** The version of the file. Format 1 had evidence without kinds. */
const format = 2

export type EvidenceKind = keyof typeof evidenceFields

/** What a step of one kind established. */
export type EvidenceOf<K extends EvidenceKind> = {
  readonly [P in K]: { readonly kind: P } & ValuesOf<(typeof evidenceFields)[P]>
}[K]

/** What a step established. */
export type StepEvidence = EvidenceOf<EvidenceKind>

export type StepState = ValuesOf<typeof stepFields> & { readonly evidence: StepEvidence }

export type State = ValuesOf<typeof bootFields> & { readonly steps: readonly StepState[] }

const isKind = <K extends EvidenceKind>(
  evidence: StepEvidence,
  kind: K,
): evidence is StepEvidence & EvidenceOf<K> => evidence.kind === kind

/** The evidence of all steps of one kind, in the order of the steps. */
export const evidenceOf = <K extends EvidenceKind>(
  { steps }: Pick<State, 'steps'>,
  kind: K,
): EvidenceOf<K>[] => steps.flatMap(({ evidence }) => (isKind(evidence, kind) ? [evidence] : []))

/** A volume as the boot left it: the evidence of the step that opened it, and where it is mounted. */
export type VolumeState = {
  readonly opened: EvidenceOf<'open-verity' | 'open-ephemeral' | 'open-lasting' | 'mount-plain'>
  readonly mounted: { readonly mount: string; readonly fileSystem: string } | undefined
}

/** All volumes, in the order in which the boot opened the volumes. */
export const volumesOf = (state: Pick<State, 'steps'>): VolumeState[] => {
  const mounts = (['mount-verity', 'mount-ephemeral', 'mount-lasting', 'mount-plain'] as const).flatMap(
    (kind) => evidenceOf<typeof kind>(state, kind),
  )
  return state.steps.flatMap(({ evidence }): VolumeState[] => {
    const { kind } = evidence
    if (
      kind !== 'open-verity' &&
      kind !== 'open-ephemeral' &&
      kind !== 'open-lasting' &&
      kind !== 'mount-plain'
    )
      return []
    return [{ opened: evidence, mounted: mounts.find(({ volume }) => volume === evidence.volume) }]
  })
}

/** One volume; undefined where the boot did not open the volume. */
export const volumeIn = (state: Pick<State, 'steps'>, name: VolumeName): VolumeState | undefined =>
  volumesOf(state).find(({ opened }) => opened.volume === name)

/** The evidence of the steps once more, sorted by volume, since readers ask for a volume first. */
const printVolumes = (state: State) =>
  Object.fromEntries(
    volumesOf(state).map(({ opened, mounted }) => {
      const { kind: _, volume, ...rest } = opened
      return [
        volume,
        mounted === undefined ? rest : { ...rest, mount: mounted.mount, fileSystem: mounted.fileSystem },
      ]
    }),
  )

export const printState = (state: State): string =>
  `${JSON.stringify({ format, ...state, volumes: printVolumes(state) }, undefined, 2)}\n`

type Tree = Readonly<Record<string, unknown>>

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === 'string'

const isOf = (field: Field, value: unknown): boolean => {
  if (field.type === 'number') return typeof value === 'number'
  if (field.type === 'list of texts') return Array.isArray(value) && value.every(isText)
  return isText(value) && (!('words' in field) || field.words.includes(value))
}

/** Whether a tree has these fields and, beside the names in `more`, no others. */
const hasFields = (tree: Tree, fields: Readonly<Record<string, Field>>, more: readonly string[]): boolean =>
  Object.keys(tree).every((name) => Object.hasOwn(fields, name) || more.includes(name)) &&
  Object.entries(fields).every(([name, field]) =>
    Object.hasOwn(tree, name) ? isOf(field, tree[name]) : field.when !== undefined,
  )

const isEvidenceKind = (value: unknown): value is EvidenceKind =>
  isText(value) && Object.hasOwn(evidenceFields, value)

const isEvidence = (value: unknown): value is StepEvidence =>
  isTree(value) && isEvidenceKind(value['kind']) && hasFields(value, evidenceFields[value['kind']], ['kind'])

const isStep = (value: unknown): value is StepState =>
  isTree(value) && hasFields(value, stepFields, ['evidence']) && isEvidence(value['evidence'])

/** More steps than any plan has. */
const mostSteps = 1000

const isState = (tree: Tree): tree is Tree & State =>
  hasFields(tree, bootFields, ['steps']) &&
  Array.isArray(tree['steps']) &&
  tree['steps'].length <= mostSteps &&
  tree['steps'].every(isStep)

const treeOf = (text: string): Tree | undefined => {
  try {
    const found: unknown = JSON.parse(text)
    return isTree(found) ? found : undefined
  } catch {
    return undefined
  }
}

/** The state that a text holds; undefined for any text that `printState` would not print. */
export const parseState = (text: string): State | undefined => {
  const tree = treeOf(text)
  if (tree === undefined) return undefined
  const { format: _format, volumes: _volumes, ...state } = tree
  // The shape is checked before the tree is printed: a tree that is nested too deep crashes its printer.
  return isState(state) && printState(state) === text ? state : undefined
}

/** Says to a person why `parseState` refuses a text. */
export const whyNoState = (text: string): string => {
  const found = treeOf(text)?.['format']
  return typeof found === 'number' && Number.isSafeInteger(found) && found !== format
    ? `it has format ${found}, and this cvmboot reads format ${format} only: ask the cvmboot that booted that VM`
    : 'cvmboot did not write it so'
}
