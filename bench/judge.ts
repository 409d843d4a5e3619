// Which budgets a run of the benchmark missed.

export const parts = ['boots', 'memory', 'growth', 'lasting', 'setup', 'throughput'] as const
/** A part of the benchmark, which can be run alone. */
export type Part = (typeof parts)[number]

/** The bound that a figure of one part has to keep. */
export type Budget = {
  readonly part: Part
  readonly figure: string
  readonly bound: 'most' | 'least'
  readonly value: number
  /** The figure when the budget was agreed, where the budget follows from a figure. */
  readonly recorded?: number | undefined
}

/** Each measured figure by its name. */
export type Measurements = ReadonlyMap<string, number>

/** What a part measured: its tables as Markdown, and the figures that have a budget. */
export type PartResult = { readonly text: string; readonly figures: Measurements }

const keeps = ({ bound, value }: Budget, figure: number): boolean =>
  bound === 'most' ? figure <= value : figure >= value

/** One line for each budget of these parts that the run missed. A figure that was not measured has missed its budget. */
export const missedBudgets = (
  measured: Measurements,
  ran: readonly Part[],
  all: readonly Budget[],
): readonly string[] =>
  all.flatMap((budget) => {
    const { part, figure, bound, value, recorded } = budget
    const found = measured.get(figure) ?? Number.NaN
    if (!ran.includes(part) || keeps(budget, found)) return []
    const said = Number.isNaN(found) ? 'was not measured' : `is ${Number(found.toFixed(3))}`
    const was = recorded === undefined ? '' : ` (recorded: ${recorded})`
    return [`${figure}: ${said}, and the budget is at ${bound} ${value}${was}`]
  })
