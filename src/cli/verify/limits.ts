/** From which difference on an approximation is worse than what it stands for. docs/cli.md has the reasons. */

import { number, type OptionTable, parseGiven } from '../../option-table.ts'
import type { ErrorCounts } from '../../scoring/index.ts'
import { avgLogprobOf, type Comparison, together } from './comparison.ts'

export interface Limits {
  /** Percent of the words, over the recordings without a text. */
  readonly maxDiffering: number
  /** Points by which the word error rate may rise, over the recordings with a text. */
  readonly maxWerRise: number
  /** Largest fall of the average log-probability, over all recordings. */
  readonly maxLogprobDrop: number
}

export type LimitFlags = { readonly [K in keyof Limits]?: string | undefined }

export const DEFAULT_LIMITS: Limits = { maxDiffering: 10, maxWerRise: 1, maxLogprobDrop: 0.05 }

const LIMITS = {
  max_differing: [number(0, 100), 'percent of the words'],
  max_wer_rise: [number(0, 100), 'points of the word error rate'],
  max_logprob_drop: [number(0, 100), 'of the average log-probability'],
} as const satisfies OptionTable

/** @throws {OptionInvalidError} */
export function readLimits({ maxDiffering, maxWerRise, maxLogprobDrop }: LimitFlags): Limits {
  const given = { max_differing: maxDiffering, max_wer_rise: maxWerRise, max_logprob_drop: maxLogprobDrop }
  return { ...DEFAULT_LIMITS, ...parseGiven(LIMITS, given) }
}

/** Why the approximation is worse than the limits, each in a part of a sentence; none where it is not. */
export function judge(comparisons: readonly Comparison[], limits: Limits): string[] {
  const known = comparisons.filter(({ errors }) => errors !== undefined)
  const unknown = comparisons.filter(({ errors }) => errors === undefined)
  return [
    ...werReasons(together(known), limits),
    ...wordReasons(together(unknown), limits),
    ...logprobReasons(together(comparisons), limits),
  ]
}

/** Words that differ may be the better ones, so where the text is known they don't count by themselves. */
function werReasons({ errors, nDiffering }: Comparison, { maxWerRise }: Limits): string[] {
  if (errors === undefined) return []
  const nMore = nErrors(errors.approximate) - nErrors(errors.exact)
  const rise = (100 * nMore) / Math.max(1, errors.exact.total)
  if (rise <= maxWerRise || nMore <= byChance(nDiffering)) return []
  return [`its word error rate is ${rise.toFixed(1)} points higher (the limit is ${maxWerRise})`]
}

function wordReasons({ nWords, nDiffering }: Comparison, { maxDiffering }: Limits): string[] {
  const percent = (100 * nDiffering) / Math.max(1, nWords)
  if (percent <= maxDiffering || nDiffering <= 1) return []
  return [`${percent.toFixed(1)} % of the words differ (the limit is ${maxDiffering} %)`]
}

function logprobReasons({ approximate, exact }: Comparison, { maxLogprobDrop }: Limits): string[] {
  const [logprob, exactLogprob] = [avgLogprobOf(approximate), avgLogprobOf(exact)]
  if (logprob === undefined || exactLogprob === undefined) return []
  const drop = exactLogprob - logprob
  if (drop <= maxLogprobDrop) return []
  return [`its average log-probability is ${drop.toFixed(2)} lower (the limit is ${maxLogprobDrop})`]
}

function nErrors({ substitutions, deletions, insertions }: ErrorCounts): number {
  return substitutions + deletions + insertions
}

/**
 * By how many errors the worse of two texts may exceed the better one although neither is worse: each of `n` words that
 * differ is then as often an error less as an error more, which makes a standard deviation of √n; twice that is exceeded
 * once in forty times.
 */
function byChance(n: number): number {
  return 2 * Math.sqrt(n)
}
