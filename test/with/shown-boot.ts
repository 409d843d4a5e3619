// A boot as the demo shows it on a terminal, in a page of ours: its lines, and whether they are of one boot.

/** The recorded boot that stands between its marks in a page; an empty text where the page has no such marks. */
export const recordedBlock = (page: string, name: string): string =>
  new RegExp(`<!-- ${name}: [^\\n]* -->\\n+\`\`\`text\\n([\\s\\S]*?)\`\`\`\\n`).exec(page)?.[1] ?? ''

/** The page with another block between the marks. Throws where there are none. */
export const withBlock = (page: string, name: string, block: string): string => {
  const marks = new RegExp(`(<!-- ${name}: [^\\n]* -->\\n+\`\`\`text\\n)[\\s\\S]*?(\`\`\`\\n)`)
  if (!marks.test(page)) throw new Error(`the page has no place for ${name}`)
  return page.replace(marks, (_, before, after) => `${before}${block}${after}`)
}

const timeOf = (line: string): number => Number(/^ *(\d+\.\d) s {2}/.exec(line)?.[1] ?? Number.NaN)

/** Lines that begin with a time; what follows one, indented, belongs to it. */
const timedLines = (text: string): string[] =>
  text.split('\n').reduce<string[]>((lines, line) => {
    const last = lines.at(-1)
    if (!Number.isNaN(timeOf(line))) lines.push(line)
    else if (last !== undefined && /^ {10}\S/.test(line)) lines[lines.length - 1] = `${last}\n${line}`
    return lines
  }, [])

const firstStep = /\[ *1\/\d+\]/
const isEnd = (line: string): boolean => /handing over to |System halted/.test(line)

/** The boots in what the demo printed, each from its first step to the hand-over or to the machine's halt. */
export const bootsIn = (output: string): string[][] => {
  const boots: string[][] = []
  let open = false
  for (const line of timedLines(output)) {
    if (firstStep.test(line)) {
      boots.push([])
      open = true
    }
    if (open) boots.at(-1)?.push(line)
    if (isEnd(line)) open = false
  }
  return boots
}

/** Why the lines are not those of one boot, or undefined. A boot ends with its hand-over, or with the machine's halt. */
export const mixedUp = (block: string): string | undefined => {
  const lines = timedLines(block)
  if (lines.length === 0) return 'it has no lines'
  for (const [i, line] of lines.entries())
    if (timeOf(line) < timeOf(lines[i - 1] ?? line)) return `time goes back at: ${line}`
  const steps = lines.flatMap((line) => {
    const [, number, of] = /\[ *(\d+)\/(\d+)\]/.exec(line) ?? []
    return number === undefined ? [] : [{ number: Number(number), of: Number(of) }]
  })
  for (const [i, { number, of }] of steps.entries()) {
    const before = steps[i - 1]
    if (before !== undefined && (number !== before.number + 1 || of !== before.of))
      return `step ${number} of ${of} follows step ${before.number} of ${before.of}`
  }
  if (lines.filter(isEnd).length !== 1 || !isEnd(lines.at(-1) ?? ''))
    return 'it does not end once, at its end'
  const last = steps.at(-1)
  const handsOver = /handing over to /.test(lines.at(-1) ?? '')
  // The last step is the hand-over itself, which says so in its own words.
  if (handsOver && (steps[0]?.number !== 1 || last?.number !== (last?.of ?? 0) - 1))
    return 'steps are missing'
  return undefined
}

/** The lines of a boot that match, and one line `…` for each run of lines between them. */
export const inShort = (block: string, kept: RegExp): string =>
  timedLines(block)
    .map((line) => (kept.test(line) ? line : '          …'))
    .filter((line, i, all) => line !== all[i - 1])
    .map((line) => `${line}\n`)
    .join('')
