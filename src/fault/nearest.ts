// The known word that a person probably meant by a misspelt one. Pure.

/** The number of letters to add, remove, replace or swap with a neighbour that lead from a to b (optimal string alignment). */
export const distance = (a: string, b: string): number => {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + same,
          swapped ? (before[j - 2] ?? 0) + 1 : a.length + b.length,
        ),
      )
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}

/** The search passes over longer words: they are hardly a slip of a finger, and cost time. */
const longest = 64

/** The nearest word; the first where several are equally near. At most a third of the letters may be wrong, and at most two. */
export const nearest = (word: string, words: readonly string[]): string | undefined => {
  if (word.length > longest) return undefined
  let best: string | undefined
  let least = Math.min(2, Math.floor(word.replace(/^-+/, '').length / 3)) + 1
  for (const one of words) {
    const found = distance(word, one)
    if (found < least) [best, least] = [one, found]
  }
  return best
}

/** The end of a message that refuses a word. */
export const didYouMean = (word: string, words: readonly string[]): string => {
  const found = nearest(word, words)
  return found === undefined ? '' : `; did you mean ${found}?`
}
