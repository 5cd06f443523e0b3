/** Whether a decoded window is to be believed, by the thresholds that openai/whisper introduced. */

import type { Quality } from '../transcript/index.ts'
import type { DecodedWindow } from './decoded-window.ts'
import type { DecodingOptions } from './options.ts'

type Thresholds = Pick<DecodingOptions, 'compressionRatioThreshold' | 'logProbThreshold' | 'noSpeechThreshold'>

/** The model itself takes the window for silence, and is unsure of what it wrote nevertheless. */
export function isSilence(window: DecodedWindow, thresholds: Thresholds): boolean {
  return window.noSpeechProb > thresholds.noSpeechThreshold && window.avgLogprob < thresholds.logProbThreshold
}

/** True when another attempt may do better. */
export function isDoubtful(window: DecodedWindow, thresholds: Thresholds): boolean {
  if (isSilence(window, thresholds)) return false
  return isRepetitive(window, thresholds) || window.avgLogprob < thresholds.logProbThreshold
}

/** The text repeats itself, and not for having been said so. */
export function isRepetitive(window: DecodedWindow, { compressionRatioThreshold }: Thresholds): boolean {
  if (window.isHeardRepeatedly) return false
  return window.ended === 'loop' || window.compressionRatio > compressionRatioThreshold
}

export function qualityOf(window: DecodedWindow, thresholds: Thresholds): Quality {
  if (isRepetitive(window, thresholds)) return 'repetition'
  if (window.noSpeechProb > thresholds.noSpeechThreshold) return 'maybe_silence'
  return window.avgLogprob < thresholds.logProbThreshold ? 'low_confidence' : 'ok'
}

/** The surest of failed attempts among those that do not repeat themselves, else the surest. */
export function leastBad(attempts: readonly DecodedWindow[], thresholds: Thresholds): DecodedWindow {
  const sound = attempts.filter((attempt) => !isRepetitive(attempt, thresholds))
  const choice = sound.length > 0 ? sound : attempts
  return choice.reduce((best, other) => (other.avgLogprob > best.avgLogprob ? other : best))
}
