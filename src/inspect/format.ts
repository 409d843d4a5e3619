// The shape of a row in the table of formats: how a format is known, and the advice for a file of it. Pure.

export type Probe = {
  /** The first `probeHeadBytes` bytes, or the whole file where it is shorter. */
  readonly head: Buffer
  /** The last 1024 bytes, or the whole file where it is shorter. */
  readonly tail: Buffer
  readonly size: number
}

/**
 * `taken`: cvmboot or the VM takes a file of the format as it is. `convert`: cvmboot takes the file after a conversion.
 * `foreign`: cvmboot neither makes such a file nor boots from it.
 */
export type Use = 'taken' | 'convert' | 'foreign'

export type Format = {
  readonly kind: string
  readonly is: (probe: Probe) => boolean
  readonly name: string
  readonly use: Use
  /** Advice for `file`, which is a quoted word of a shell. */
  readonly advice: (file: string) => string
}
