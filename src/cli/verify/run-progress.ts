/** Progress of all runs together: a bar counts each recording once for each variant. */

import { createProgress, type Progress } from '../progress/index.ts'
import type { VerifiedRecording } from './recordings.ts'
import type { Variant } from './variants.ts'

export interface RunProgress extends Progress {
  /** A variant's runs are to come; those that are planned already stay so. */
  plan(variant: Variant): void
  /** They are not to come after all. */
  drop(variant: Variant): void
}

/** Under which progress is told of it. */
export function progressName({ name }: VerifiedRecording, variant: Variant): string {
  return `${name}, ${variant.name}`
}

export function runProgress(recordings: readonly VerifiedRecording[]): RunProgress {
  // Sizes are seconds here instead of bytes: only their proportions count.
  const planned = new Map<string, number>()
  const durations = new Map<string, number | undefined>()
  const progress = createProgress({
    stream: process.stderr,
    files: planned,
    durationOf: async (name) => durations.get(name),
    unit: 'runs',
  })
  return {
    ...progress,
    plan(variant) {
      for (const recording of recordings) {
        const name = progressName(recording, variant)
        planned.set(name, recording.durationSeconds ?? 1)
        durations.set(name, recording.durationSeconds)
      }
    },
    drop(variant) {
      for (const recording of recordings) planned.delete(progressName(recording, variant))
    },
  }
}
