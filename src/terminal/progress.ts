// One line on a terminal that shows the work in progress. Work that ends soon shows no line, and neither does work whose
// output is no terminal.

export type Terminal = {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

export type Progress = {
  /** `now` says what `name` is doing; each drawing of the line calls it again. `undefined`: `name` has ended. */
  readonly show: (name: string, now: (() => string) | undefined) => void
  readonly end: () => void
}

const period = 200

export const startProgress = (terminal: Terminal, silence = 1000): Progress => {
  const states = new Map<string, () => string>()
  if (terminal.isTTY !== true) return { show: () => {}, end: () => {} }
  let drawn = false
  const draw = () => {
    const line = [...states].map(([name, now]) => `${name}: ${now()}`).join('  ')
    terminal.write(`\r\x1b[K${line.slice(0, (terminal.columns || 80) - 1)}`)
    drawn = true
  }
  const started = performance.now()
  const timer = setInterval(() => {
    if (performance.now() - started >= silence) draw()
  }, period)
  timer.unref()
  return {
    show: (name, now) => {
      if (now === undefined) states.delete(name)
      else states.set(name, now)
    },
    end: () => {
      clearInterval(timer)
      if (drawn) terminal.write('\r\x1b[K')
    },
  }
}
