/** Words that are counted rather than compared: what was invented, and what goes round in circles. */

/** Its dictionaries for scripts without spaces apply whatever the locale; a fixed one keeps counts the same everywhere. */
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'word' })

/** Normalised words where also scripts without spaces are cut into words: for counting, not for error rates. */
export function spokenWords(words: readonly string[]): string[] {
  const segments = Array.from(SEGMENTER.segment(words.join(' ')))
  return segments.filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment)
}

/** How often the commonest sequence of `n` units occurs; 0 when there are fewer than `n`. */
export function mostRepeats(units: readonly string[], n: number): number {
  const counts = new Map<string, number>()
  let most = 0
  for (let i = 0; i + n <= units.length; i++) {
    const sequence = units.slice(i, i + n).join(' ')
    const count = (counts.get(sequence) ?? 0) + 1
    counts.set(sequence, count)
    most = Math.max(most, count)
  }
  return most
}
