// The output of the demo: aligned lines of at most 100 columns. Colour and a ticking clock appear on a terminal only.

const terminal = process.stdout.isTTY === true
const styles = { bold: '1', dim: '2', red: '31', green: '32' } as const

export const styled = (style: keyof typeof styles, text: string): string =>
  terminal && process.env['NO_COLOR'] === undefined ? `\u001b[${styles[style]}m${text}\u001b[0m` : text

/** The timer of the clock line, while one is shown. The next line replaces the clock line. */
let ticking: { readonly timer: NodeJS.Timeout } | undefined

const clear = (): void => {
  if (terminal) process.stdout.write('\r\u001b[K')
}

export const say = (line = ''): void => {
  if (ticking !== undefined) clear()
  process.stdout.write(`${line}\n`)
}

export const heading = (text: string): void => say(`\n${styled('bold', text)}`)

export const seconds = (value: number): string => `${value.toFixed(1)} s`.padStart(8)

export const milliseconds = (value: number): string => `${value.toFixed(0)} ms`.padStart(8)

/** Cuts a text that is too long for its column, and marks the cut with an ellipsis. */
export const fit = (text: string, columns: number): string =>
  (text.length > columns ? `${text.slice(0, columns - 1)}…` : text).padEnd(columns)

/** Breaks a long text between words; all lines but the first are indented. */
export const wrap = (text: string, indent: number, columns = 100): string => {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && indent + last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}

/** Shortens long hexadecimal numbers to their first digits, which are enough to compare by eye. */
export const shortHex = (text: string): string => text.replace(/\b([0-9a-f]{12})[0-9a-f]{20,}\b/g, '$1…')

export const bar = (share: number): string => styled('dim', '█'.repeat(Math.round(share * 24)) || '▏')

/** Runs `act` and shows a clock until `act` ends. The text of `what` is asked for at each tick. */
export const during = async <T>(what: () => string, act: () => Promise<T>): Promise<T> => {
  const started = performance.now()
  const tick = () => {
    clear()
    const clock = seconds((performance.now() - started) / 1000)
    process.stdout.write(styled('dim', `${clock}  … ${what()}`).slice(0, 120))
  }
  if (terminal) ticking = { timer: setInterval(tick, 250) }
  try {
    return await act()
  } finally {
    clearInterval(ticking?.timer)
    if (ticking !== undefined) clear()
    ticking = undefined
  }
}
