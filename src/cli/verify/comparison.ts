/** The distance of an approximation's text from the exact one, and from the words that were said. */

import {
  addErrors,
  alignUnits,
  charactersOf,
  countErrors,
  type ErrorCounts,
  isScoredByCharacters,
  NO_ERRORS,
  normalizeWords,
} from '../../scoring/index.ts'
import type { Transcription } from '../../transcript/index.ts'

/** Text and confidence of one variant for one recording. */
export interface Heard {
  readonly text: string
  /** Code. */
  readonly language: string
  /** The text tokens of all segments. */
  readonly nTokens: number
  /** Sum over these tokens, each with the average of its window; 0 without tokens. */
  readonly sumLogprob: number
}

/** Words in a row that are others in the two texts; either may be empty. */
export interface Difference {
  readonly exact: string
  readonly approximate: string
}

/** One recording, or several together. Words are characters in languages that are scored by them. */
export interface Comparison {
  /** Number of words in the longer text. */
  readonly nWords: number
  /** Words that were changed, left out or added. */
  readonly nDiffering: number
  readonly differences: readonly Difference[]
  /** Against what was said; undefined where that is not known. */
  readonly errors: { readonly approximate: ErrorCounts; readonly exact: ErrorCounts } | undefined
  readonly approximate: Pick<Heard, 'nTokens' | 'sumLogprob'>
  readonly exact: Pick<Heard, 'nTokens' | 'sumLogprob'>
}

export function heardOf({ text, language, segments }: Transcription): Heard {
  const sum = (value: (segment: (typeof segments)[number]) => number) =>
    segments.reduce((total, segment) => total + value(segment), 0)
  return {
    text,
    language,
    nTokens: sum(({ tokens }) => tokens.length),
    sumLogprob: sum(({ tokens, avgLogprob }) => tokens.length * avgLogprob),
  }
}

export function compare(approximate: Heard, exact: Heard, said: string | undefined): Comparison {
  const { language } = exact
  const exactUnits = unitsOf(exact.text, language)
  const units = unitsOf(approximate.text, language)
  const pairs = alignUnits(exactUnits, units)
  return {
    nWords: Math.max(exactUnits.length, units.length),
    nDiffering: pairs.filter(({ reference, hypothesis }) => reference !== hypothesis).length,
    differences: differencesIn(pairs, isScoredByCharacters(language) ? '' : ' '),
    errors:
      said === undefined
        ? undefined
        : { approximate: errorsOf(approximate, said, language), exact: errorsOf(exact, said, language) },
    approximate,
    exact,
  }
}

/** Errors are summed over those whose text is known. */
export function together(comparisons: readonly Comparison[]): Comparison {
  const sum = (value: (comparison: Comparison) => number) => comparisons.reduce((total, one) => total + value(one), 0)
  const known = comparisons.flatMap(({ errors }) => errors ?? [])
  const errors = {
    approximate: known.map(({ approximate }) => approximate).reduce(addErrors, NO_ERRORS),
    exact: known.map(({ exact }) => exact).reduce(addErrors, NO_ERRORS),
  }
  const heard = (of: 'approximate' | 'exact') => ({
    nTokens: sum((comparison) => comparison[of].nTokens),
    sumLogprob: sum((comparison) => comparison[of].sumLogprob),
  })
  return {
    nWords: sum(({ nWords }) => nWords),
    nDiffering: sum(({ nDiffering }) => nDiffering),
    differences: comparisons.flatMap(({ differences }) => differences),
    errors: known.length > 0 ? errors : undefined,
    approximate: heard('approximate'),
    exact: heard('exact'),
  }
}

/** Per token; undefined where nothing was heard. */
export function avgLogprobOf({ nTokens, sumLogprob }: Pick<Heard, 'nTokens' | 'sumLogprob'>): number | undefined {
  return nTokens === 0 ? undefined : sumLogprob / nTokens
}

/** @param language  by which texts are brought into the compared form. */
export function errorsOf({ text }: Heard, said: string, language: string): ErrorCounts {
  return countErrors(unitsOf(said, language), unitsOf(text, language))
}

function unitsOf(text: string, language: string): string[] {
  const words = normalizeWords(text, language)
  return isScoredByCharacters(language) ? charactersOf(words) : words
}

function differencesIn(pairs: ReturnType<typeof alignUnits>, space: string): Difference[] {
  const differences: Difference[] = []
  let run: typeof pairs = []
  const end = () => {
    const text = (of: 'reference' | 'hypothesis') => run.flatMap((pair) => pair[of] ?? []).join(space)
    if (run.length > 0) differences.push({ exact: text('reference'), approximate: text('hypothesis') })
    run = []
  }
  for (const pair of pairs) {
    if (pair.reference === pair.hypothesis) end()
    else run.push(pair)
  }
  end()
  return differences
}
