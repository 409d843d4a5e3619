// The timeline of a boot: the phases as spans in a row, and the steps one by one. Pure.

import type { StepState } from '../../proof/state.ts'
import type { BootRecord, Span } from './record.ts'
import { rowOf, type Work } from './rows.ts'

export type Step = Span & {
  readonly work: Work
  /** The kind of the step, such as `open-verity`. */
  readonly verb: string
  /** The volume, path or setting of the step; may be empty. */
  readonly subject: string
}

export type Phase = Span & { readonly name: 'kernel' | 'start' | 'steps' | 'hand-over' | 'system' }

export type Timeline = {
  /** The phases in their order; each begins where the phase before ends. */
  readonly phases: readonly Phase[]
  /** The unpacking of the initramfs, which runs beside the kernel's own start. */
  readonly unpacking: Span | undefined
  readonly steps: readonly Step[]
  /** The time when the init of the verified root took over, or could take over. */
  readonly handOver: number
  readonly end: number
}

const stepOf = ({ at, milliseconds, evidence }: StepState): Step => {
  const { work, subject } = rowOf(evidence)
  return { work, verb: evidence.kind, subject: subject(evidence), from: at, to: at + milliseconds }
}

export const timelineOf = ({ state, unpacking, system }: BootRecord): Timeline => {
  const steps = state.steps.map(stepOf)
  const handOver = Math.max(state.started, ...steps.map(({ to }) => to))
  const phases: Phase[] = [
    { name: 'kernel', from: 0, to: state.entered },
    { name: 'start', from: state.entered, to: state.started },
    { name: 'steps', from: state.started, to: handOver },
  ]
  // The kernel, the agent and systemd use one clock, but the files of a record may be of two boots.
  if (system !== undefined && system.from >= handOver) {
    phases.push({ name: 'hand-over', from: handOver, to: system.from })
    if (system.to !== undefined) phases.push({ name: 'system', from: system.from, to: system.to })
  }
  const fits = unpacking !== undefined && unpacking.to <= state.entered
  return {
    phases,
    unpacking: fits ? unpacking : undefined,
    steps,
    handOver,
    end: phases.at(-1)?.to ?? handOver,
  }
}

/** A row of the report: one step, or several equal short ones together. */
export type ReportRow = Step & {
  /** The subjects of the steps in this row, in their order. */
  readonly subjects: readonly string[]
}

/** A step is short if it takes less than this part of the time of all steps. A reader does not look for a short step. */
const shortPart = 1 / 50
/** The fewest steps that one row stands for: two rows are no harder to read than one. */
const fewest = 3

/** The rows of the report. Short steps of one verb that follow each other become one row. */
export const rowsOf = ({ steps, phases }: Timeline): ReportRow[] => {
  const all = phases.find(({ name }) => name === 'steps')
  const short = ({ from, to }: Span) => all !== undefined && to - from < (all.to - all.from) * shortPart
  const runs: Step[][] = []
  for (const step of steps) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run !== undefined && last !== undefined && last.verb === step.verb && short(last) && short(step))
      run.push(step)
    else runs.push([step])
  }
  return runs.flatMap((run): ReportRow[] => {
    const [first] = run
    if (first === undefined || run.length < fewest)
      return run.map((step) => ({ ...step, subjects: [step.subject] }))
    const to = run.reduce((latest, step) => Math.max(latest, step.to), first.to)
    return [{ ...first, to, subject: `(${run.length} times)`, subjects: run.map(({ subject }) => subject) }]
  })
}

/** A time such as `950 ms` or `12.3 s`. */
export const printTime = (milliseconds: number): string =>
  milliseconds < 999.5 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`

/** The marks of an axis over a span, in milliseconds: at most eleven, at round seconds or at round parts of a second. */
export const ticksOf = (span: Span): number[] => {
  const length = span.to - span.from
  if (length <= 0) return []
  const steps = [1, 2, 5].flatMap((n) => [n, n * 10, n * 100, n * 1000, n * 10_000, n * 100_000, n * 1e6])
  const step = steps.sort((a, b) => a - b).find((one) => length / one <= 10) ?? length
  const first = Math.ceil(span.from / step) * step
  return Array.from({ length: Math.floor((span.to - first) / step) + 1 }, (_, i) => first + i * step)
}

export const phaseTitles: Readonly<Record<Phase['name'], string>> = {
  kernel: 'kernel',
  start: 'start of cvmboot',
  steps: 'steps of cvmboot',
  'hand-over': 'pivot, new init',
  system: 'start of the system',
}
