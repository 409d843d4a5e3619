// One line of the chain of trust in the report. Pure.

export type Trust = 'verified' | 'encrypted' | 'memory' | 'none'

/** One line of the chain. Each text is short. The measured launch vouches for each `trust` but `none`. */
export type Link = {
  readonly trust: Trust
  readonly name: string
  readonly demands: string
  readonly enforced: { readonly by: string; readonly on: string }
  readonly mounted: { readonly at: string; readonly how: string }
}
