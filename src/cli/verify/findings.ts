/** A verdict for each approximation, and the setting that follows from it. */

import type { Config } from '../../config.ts'
import type { ModelEntry } from '../../models/registry.ts'
import { errorRate } from '../../scoring/index.ts'
import { type Comparison, compare, together } from './comparison.ts'
import { judge, type Limits } from './limits.ts'
import type { VerifiedRecording } from './recordings.ts'
import type { VariantRun } from './run-variant.ts'

export interface Finding {
  readonly aspect: 'precision' | 'audio context'
  /** undefined: the settings leave nothing to compare. */
  readonly exact: VariantRun | undefined
  readonly comparisons: ReadonlyMap<VerifiedRecording, Comparison>
  /** Those that tell anything: not the sample where the model does not know its language, nor a silent recording. */
  readonly judged: readonly VerifiedRecording[]
  /** Why it is worse than the limits; empty where it is not. */
  readonly reasons: readonly string[]
  /** The setting to use instead, where it is worse. */
  readonly setting: string | undefined
}

export interface Verification {
  readonly entry: ModelEntry
  readonly config: Config
  readonly limits: Limits
  readonly recordings: readonly VerifiedRecording[]
  /** The first is the model as the settings have it. */
  readonly runs: readonly VariantRun[]
  readonly findings: readonly Finding[]
}

/** A model that gets more than so many of the sample's words wrong, by itself, does not know its language. */
const MOST_SAMPLE_ERRORS = 0.5

/** True when all recordings were transcribed, something could be judged, and nothing is worse than the limits. */
export function isWithinLimits({ recordings, runs, findings }: Verification): boolean {
  const isComplete = runs.every(({ heard }) => heard.size === recordings.length)
  const compared = findings.filter(({ exact }) => exact !== undefined)
  return isComplete && compared.every(({ judged, reasons }) => judged.length > 0 && reasons.length === 0)
}

export function nothingToCompare(aspect: Finding['aspect']): Finding {
  return { aspect, exact: undefined, comparisons: new Map(), judged: [], reasons: [], setting: undefined }
}

export function findingOf(
  aspect: Finding['aspect'],
  approximate: VariantRun,
  exact: VariantRun,
  limits: Limits,
): Finding {
  const comparisons = new Map<VerifiedRecording, Comparison>()
  for (const [recording, heard] of exact.heard) {
    const other = approximate.heard.get(recording)
    if (other) comparisons.set(recording, compare(other, heard, recording.said))
  }
  const knowsSample = knows([...comparisons].flatMap(([{ isSample }, comparison]) => (isSample ? comparison : [])))
  const judged = [...comparisons].flatMap(([recording, { nWords, errors }]) => {
    const isSilent = nWords === 0 && errors === undefined
    return isSilent || (recording.isSample && !knowsSample) ? [] : recording
  })
  const reasons = judge(
    judged.map((recording) => comparisons.get(recording)!), // judged are keys of it
    limits,
  )
  return { aspect, exact, comparisons, judged, reasons, setting: undefined }
}

function knows(sample: readonly Comparison[]): boolean {
  const { errors } = together(sample)
  return errors === undefined || (errorRate(errors.exact) ?? 0) <= MOST_SAMPLE_ERRORS
}
