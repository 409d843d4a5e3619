// The names that are most like a missing name. Pure.

/** The letters to add, remove or change to turn `a` into `b` (Levenshtein); `bound + 1` where the lengths differ by more. */
const distance = (a: string, b: string, bound: number): number => {
  if (Math.abs(a.length - b.length) > bound) return bound + 1
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries())
      next.push(
        Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1),
      )
    row = next
  }
  return row.at(-1) ?? bound + 1
}

/** At most three names, the nearest first; none where all names are too different. */
export const nearest = (name: string, names: readonly string[]): string[] => {
  const bound = name.length < 5 ? 1 : 2
  return [...new Set(names)]
    .map((one) => ({ one, far: distance(name, one, bound) }))
    .filter(({ far }) => far <= bound)
    .sort((a, b) => a.far - b.far || (a.one < b.one ? -1 : 1))
    .slice(0, 3)
    .map(({ one }) => one)
}
