/** The words of one cue as lines that are easy to read: as few as can be, broken well, of about the same width. */

import { breakCost } from './line-breaks.ts'
import { columnsWith, type ShownWord } from './shown-words.ts'

/** Of a full line, in the unit of `breakCost`: 20 columns of difference cost about as much as a comma is worth. */
const WIDTH_COST = 6
/** Of a line with one word, where the cue has more than two. */
const LONE_WORD_COST = 3
/** For each line that is wider than the one below it: of two ways as good the lower line is the longer one. */
const TOP_HEAVY_COST = 0.3

interface Best {
  readonly cost: number
  readonly lineStart: number
  readonly columns: number
}

/** No line is wider than `maxColumns`, unless it has a single word. */
export function balancedLines(words: readonly ShownWord[], maxColumns: number): ShownWord[][] {
  const breakCosts = words.map((word, i) => (i === 0 ? 0 : breakCost(words[i - 1]!, word)))
  /** [lines][words]: the best way to put so many words into so many lines. */
  const best: (Best | undefined)[][] = [[{ cost: 0, lineStart: 0, columns: 0 }]]
  while (best.at(-1)![words.length] === undefined) best.push(oneLineMore(words, breakCosts, best.at(-1)!, maxColumns))
  const lines: ShownWord[][] = []
  for (let line = best.length - 1, end = words.length; line > 0; line--) {
    const { lineStart } = best[line]![end]! // reached from the way that was found best
    lines.unshift(words.slice(lineStart, end))
    end = lineStart
  }
  return lines
}

/**
 * @param breakCosts  [words] of a break before each.
 * @param before      [words] best ways with a line less.
 */
function oneLineMore(
  words: readonly ShownWord[],
  breakCosts: readonly number[],
  before: readonly (Best | undefined)[],
  maxColumns: number,
): (Best | undefined)[] {
  const ways: (Best | undefined)[] = []
  for (let end = 1; end <= words.length; end++) {
    let columns = 0
    for (let start = end - 1; start >= 0; start--) {
      const word = words[start]!
      columns += word.columns + (start < end - 1 && words[start + 1]!.isSpaced ? 1 : 0)
      if (columns > maxColumns && start < end - 1) break
      const above = before[start]
      if (above === undefined) continue
      const isLone = end - start === 1 && words.length > 2
      const cost =
        above.cost +
        WIDTH_COST * (columns / maxColumns) ** 2 +
        (isLone ? LONE_WORD_COST : 0) +
        (above.columns > columns ? TOP_HEAVY_COST : 0) +
        breakCosts[start]!
      if (cost < (ways[end]?.cost ?? Number.POSITIVE_INFINITY)) ways[end] = { cost, lineStart: start, columns }
    }
  }
  return ways
}

/** Counts the lines that words need when each is filled as far as it goes, which is the least. */
export class LineCount {
  readonly #maxColumns: number
  #columns = 0
  #lines = 0

  constructor(maxColumns: number) {
    this.#maxColumns = maxColumns
  }

  /** Lines with this word behind the others. */
  add(word: ShownWord): number {
    const columns = columnsWith(this.#columns, word)
    const fits = this.#lines > 0 && columns <= this.#maxColumns
    this.#columns = fits ? columns : word.columns
    if (!fits) this.#lines++
    return this.#lines
  }
}
