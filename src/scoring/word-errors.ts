/** Counts of what a transcription got wrong. Units are words or characters: whatever the caller compares. */

import { alignUnits } from './alignment.ts'

export interface ErrorCounts {
  readonly substitutions: number
  /** Units of the reference that are missing. */
  readonly deletions: number
  /** Units that were not said. */
  readonly insertions: number
  /** Units of the reference. */
  readonly total: number
}

export const NO_ERRORS: ErrorCounts = { substitutions: 0, deletions: 0, insertions: 0, total: 0 }

/** The fewest edits (Levenshtein) that turn `reference` into `hypothesis`. */
export function countErrors(reference: readonly string[], hypothesis: readonly string[]): ErrorCounts {
  let [substitutions, deletions, insertions] = [0, 0, 0]
  for (const pair of alignUnits(reference, hypothesis)) {
    if (pair.reference === undefined) insertions++
    else if (pair.hypothesis === undefined) deletions++
    else if (pair.reference !== pair.hypothesis) substitutions++
  }
  return { substitutions, deletions, insertions, total: reference.length }
}

export function addErrors(a: ErrorCounts, b: ErrorCounts): ErrorCounts {
  return {
    substitutions: a.substitutions + b.substitutions,
    deletions: a.deletions + b.deletions,
    insertions: a.insertions + b.insertions,
    total: a.total + b.total,
  }
}

/** Edits per unit of the reference, so that longer clips weigh more; undefined where there is no reference. */
export function errorRate({ substitutions, deletions, insertions, total }: ErrorCounts): number | undefined {
  return total === 0 ? undefined : (substitutions + deletions + insertions) / total
}
