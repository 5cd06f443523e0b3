/** Counts of what a transcription got wrong. Units are words or characters: whatever the caller compares. */

export interface ErrorCounts {
  readonly substitutions: number
  /** Units of the reference that are missing. */
  readonly deletions: number
  /** Units that nobody said. */
  readonly insertions: number
  /** Units of the reference. */
  readonly total: number
}

export const NO_ERRORS: ErrorCounts = { substitutions: 0, deletions: 0, insertions: 0, total: 0 }

/** The fewest edits (Levenshtein) that turn `reference` into `hypothesis`. */
export function countErrors(reference: readonly string[], hypothesis: readonly string[]): ErrorCounts {
  const width = hypothesis.length + 1
  const cost = new Uint32Array((reference.length + 1) * width) // [reference + 1 × hypothesis + 1]
  for (let j = 1; j < width; j++) cost[j] = j
  for (let i = 1; i <= reference.length; i++) {
    cost[i * width] = i
    for (let j = 1; j < width; j++) {
      const isSame = reference[i - 1] === hypothesis[j - 1]
      const diagonal = cost[(i - 1) * width + j - 1]! + (isSame ? 0 : 1)
      cost[i * width + j] = Math.min(diagonal, cost[(i - 1) * width + j]! + 1, cost[i * width + j - 1]! + 1)
    }
  }

  let [substitutions, deletions, insertions] = [0, 0, 0]
  for (let i = reference.length, j = hypothesis.length; i > 0 || j > 0; ) {
    const here = cost[i * width + j]!
    const edit = i > 0 && j > 0 && reference[i - 1] === hypothesis[j - 1] ? 0 : 1
    if (i > 0 && j > 0 && here === cost[(i - 1) * width + j - 1]! + edit) {
      substitutions += edit
      i--
      j--
    } else if (i > 0 && here === cost[(i - 1) * width + j]! + 1) {
      deletions++
      i--
    } else {
      insertions++
      j--
    }
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
