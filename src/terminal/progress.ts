// One line on a terminal that says what is going on. Silent for what ends soon, and where nobody watches.

export type Terminal = {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

export type Progress = {
  /** What `name` does now; asked anew each time the line is drawn. `undefined`: nothing any more. */
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
