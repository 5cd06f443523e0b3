/**
 * Words laid out as people read them: cues of two lines that end where sentences, clauses and pauses do. Among all ways to
 * cut, the cheapest by the costs below, found in time that grows with the number of words.
 *
 * @see docs/subtitles.md — the limits, beside those of the trade.
 */

import { LineCount } from './balanced-lines.ts'
import { COLUMNS_PER_SECOND, LONGEST_CUE_SECONDS, SHORTEST_CUE_SECONDS } from './cue-times.ts'
import { breakCost, endsBetween } from './line-breaks.ts'
import { columnsWith, type ShownWord } from './shown-words.ts'

export interface ReadableLimits {
  readonly maxColumns: number
  readonly maxLines: number
}

/** Silence that ends a cue wherever it comes, in seconds: what is said next is not shown before. */
const LONG_PAUSE = 1
/** Silence by which any place is good to end a cue. */
const GOOD_PAUSE = 0.6

// Costs, in the unit of `breakCost`.
const CUE_COST = 1
/** Of a cue that is full; half of that much text costs a quarter, so that halves are even. */
const FULL_COST = 2
/** Of a sentence's end inside a cue: sentences stand alone unless there is no time to read them. */
const SENTENCE_INSIDE_COST = 2
/** Of a second of silence inside a cue. */
const PAUSE_COST = 4
/** Of a second that is missing to read the cue. */
const HASTE_COST = 6

/** The words of each cue. */
export function readableCues(words: readonly ShownWord[], { maxColumns, maxLines }: ReadableLimits): ShownWord[][] {
  /** [words]: the least cost of so many words in whole cues, and where the last of those cues begins. */
  const costs = new Float64Array(words.length + 1).fill(Number.POSITIVE_INFINITY)
  const starts = new Uint32Array(words.length + 1)
  costs[0] = 0
  const costsInside = words.map((word, i) => (i === 0 ? 0 : costInside(words[i - 1]!, word)))
  const costsOfEnd = words.map((word, i) => costOfEnd(word, words[i + 1]))
  for (const [from, first] of words.entries()) {
    const lines = new LineCount(maxColumns)
    let columns = 0
    let inside = 0
    for (let to = from; to < words.length; to++) {
      const word = words[to]!
      const before = to > from ? words[to - 1] : undefined
      if (before && !mayShareCue(first, before, word)) break
      if (lines.add(word) > maxLines && before) break
      columns = columnsWith(columns, word)
      if (before) inside += costsInside[to]!
      const fill = FULL_COST * (columns / (maxColumns * maxLines)) ** 2
      const after = words[to + 1]
      const cost = costs[from]! + CUE_COST + fill + inside + haste(columns, first, after) + costsOfEnd[to]!
      if (cost >= costs[to + 1]!) continue
      costs[to + 1] = cost
      starts[to + 1] = from
    }
  }
  const cues: ShownWord[][] = []
  for (let end = words.length; end > 0; end = starts[end]!) cues.push(words.slice(starts[end]!, end))
  return cues.reverse()
}

function mayShareCue(first: ShownWord, before: ShownWord, word: ShownWord): boolean {
  return (
    before.channel === word.channel &&
    word.start - before.end < LONG_PAUSE &&
    word.end - first.start <= LONGEST_CUE_SECONDS
  )
}

function costInside(before: ShownWord, word: ShownWord): number {
  const sentence = endsBetween(before, word) ? SENTENCE_INSIDE_COST : 0
  return sentence + PAUSE_COST * Math.max(0, word.start - before.end)
}

/** There is time to read a cue until the next one begins. */
function haste(columns: number, first: ShownWord, after: ShownWord | undefined): number {
  if (after === undefined || after.channel !== first.channel) return 0
  const seconds = Math.min(LONGEST_CUE_SECONDS, after.start - first.start)
  return HASTE_COST * Math.max(0, Math.max(SHORTEST_CUE_SECONDS, columns / COLUMNS_PER_SECOND) - seconds)
}

function costOfEnd(last: ShownWord, after: ShownWord | undefined): number {
  if (after === undefined) return 0
  const cost = last.endsSegment ? Math.min(1, breakCost(last, after)) : breakCost(last, after)
  return cost * Math.max(0, 1 - Math.max(0, after.start - last.end) / GOOD_PAUSE)
}
