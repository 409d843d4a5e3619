// /run/cvmboot/state.json: print / parse. What a boot did, for `status` and for people. No secrets. Pure.

export const statePath = '/run/cvmboot/state.json'
/** The measured configuration as the boot read it, for who asks afterwards: the initramfs that held it is gone. */
export const bootedConfigPath = '/run/cvmboot/partition.conf'

/** What a step read back from the kernel, in words. */
export type Evidence = Readonly<Record<string, string | number>>

export type StepState = {
  /** The step as the plan prints it. */
  readonly step: string
  /** Milliseconds from the machine's start to its beginning. */
  readonly at: number
  /** How long it took. */
  readonly milliseconds: number
  readonly evidence: Evidence
}

export type State = {
  readonly edition: string
  readonly version: string
  readonly node: string
  readonly git: string
  readonly kernel: string
  /** `sev-snp`, `tdx` or `mock`. */
  readonly cvm: string
  /** Of keys that do not outlive the boot; each volume's evidence names its own. */
  readonly keyProvider: string
  /** Milliseconds from the machine's start to that of this program, by its own clock: kernel and unpacking are over. */
  readonly entered: number
  /** Milliseconds from the machine's start to the first step. */
  readonly started: number
  readonly steps: readonly StepState[]
}

const words = ['edition', 'version', 'node', 'git', 'kernel', 'cvm', 'keyProvider'] as const
const times = ['entered', 'started'] as const

/** The volumes are the steps' evidence again, by volume: what readers ask for first. */
export const printState = (state: State): string =>
  `${JSON.stringify({ format: 1, ...state, volumes: volumesOf(state) }, undefined, 2)}\n`

/** What the steps proved of each volume, together. */
export const volumesOf = (state: State): Record<string, Evidence> => {
  const volumes: Record<string, Evidence> = {}
  for (const { evidence } of state.steps) {
    const { volume, ...rest } = evidence
    if (typeof volume === 'string') volumes[volume] = { ...volumes[volume], ...rest }
  }
  return volumes
}

/** Undefined for anything `printState` would not print. */
export const parseState = (text: string): State | undefined => {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    return undefined
  }
  if (
    !isRecord(found) ||
    !Array.isArray(found['steps']) ||
    !times.every((time) => typeof found[time] === 'number')
  )
    return undefined
  if (!words.every((word) => typeof found[word] === 'string') || !found['steps'].every(isStep))
    return undefined
  const { format: _format, volumes: _volumes, ...state } = found
  // Nothing beside: what is nested deep enough crashes whoever prints it.
  if (Object.keys(state).length !== words.length + times.length + 1) return undefined
  return printState(state as unknown as State) === text ? (state as unknown as State) : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isStep = (value: unknown): value is StepState =>
  isRecord(value) &&
  Object.keys(value).length === 4 &&
  typeof value['step'] === 'string' &&
  typeof value['at'] === 'number' &&
  typeof value['milliseconds'] === 'number' &&
  isRecord(value['evidence']) &&
  Object.values(value['evidence']).every((v) => typeof v === 'string' || typeof v === 'number')
