// The shape of a family of failures: its rows say what is wrong, and the family says what to do where a row does not.

/** One failure, under its code. The function of the advice may take details that the sentence does not show. */
export type FaultRow = {
  /** What cannot be done, and why; `say` puts the word `cannot` before it. */
  readonly cannot: (detail: never) => string
  /** What to do about the failure. A row without advice has the advice of its family. */
  readonly advice?: string | ((detail: never) => string)
  /** The meaning of the failure on a page, where several rows share one sentence. */
  readonly means?: string
}

export type Family<Rows extends Readonly<Record<string, FaultRow>> = Readonly<Record<string, FaultRow>>> = {
  /** The heading of the family on a page. */
  readonly title: string
  /**
   * The exit status of each verb that ends with a failure of the family. 2 is the status of wrong usage in every program,
   * 124 to 137 belong to timeout, and 200 to 243 to systemd.
   */
  readonly exit: number
  /** What to do about each row that has no advice of its own. */
  readonly advice?: string
  /** `header`: the family refuses the bytes of a volume's header. The host wrote them, and another copy may still be good. */
  readonly about?: 'header'
  readonly rows: Rows
}

/** Returns the family. Through this function the compiler checks the shape of the family and keeps its codes. */
export const family = <const Rows extends Readonly<Record<string, FaultRow>>>(
  one: Family<Rows>,
): Family<Rows> => one

/** The details that a row needs for its sentence and its advice. A row with fixed texts takes no details. */
export type DetailOf<R extends FaultRow> = Taken<R['cannot']> &
  (R extends { readonly advice: infer A } ? Taken<A> : NoDetail)

type NoDetail = Record<never, never>
type Taken<F> = F extends (detail: infer D) => string ? (unknown extends D ? NoDetail : D) : NoDetail

export type Volume = { readonly volume: string }
export type Reason = { readonly reason: string }
/** The nearest known name, for the advice. Only the verbs for people look for it. */
export type Near = { readonly near?: string }
