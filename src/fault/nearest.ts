// The word that was probably meant. Pure.

/** Letters to add, remove, replace or swap with their neighbour (optimal string alignment). */
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

/** Longer words are no slip of a finger, and cost time. */
const longest = 64

/** A third of the letters may be wrong, and two at the most; the first of the nearest counts. */
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

/** A sentence's end. */
export const didYouMean = (word: string, words: readonly string[]): string => {
  const found = nearest(word, words)
  return found === undefined ? '' : `; did you mean ${found}?`
}
