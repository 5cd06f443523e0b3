/** Which language a recording is in, without writing down what is said. */

import type { LanguageDetection } from '../transcript/index.ts'
import { type SpeechProbability, SpeechWindows } from '../vad/index.ts'
import { chooseLanguage, type HeardLanguages, isDecided, languageVotes } from './language-choice.ts'
import type { ModelSession } from './model.ts'
import type { DecodingOptions } from './options.ts'
import { WindowDecoder } from './window-decoder.ts'
import { cutWindows, isSilent, speechSeconds, windowEnd } from './windows.ts'

export interface DetectionContext {
  readonly session: ModelSession
  readonly options: DecodingOptions
  readonly speechProbability: SpeechProbability
  readonly signal: AbortSignal
}

/**
 * Listens to windows with speech, at most `languageDetectionSegments`, until the language is
 * decided. Without any speech in the
 * recording it is English with a probability of 0, as nothing speaks for another language.
 *
 * @param samples  the recording at 16 kHz, in pieces of any length; not read beyond what is needed.
 */
export async function detectRecordingLanguage(
  samples: AsyncIterable<Float32Array>,
  { session, options, speechProbability, signal }: DetectionContext,
): Promise<LanguageDetection> {
  const decoder = new WindowDecoder(session, options, signal)
  const windows = options.vadFilter ? new SpeechWindows(samples, speechProbability, options) : cutWindows(samples)
  const heard: HeardLanguages[] = []
  let durationSeconds = 0
  for await (const window of windows) {
    durationSeconds = windowEnd(window)
    if (isSilent(window.samples)) continue
    heard.push({ probabilities: await decoder.detectLanguage(window), seconds: speechSeconds(window) })
    if (isDecided(heard, options)) break
  }
  if (heard.length === 0) return { language: 'en', probability: 0, votes: [], durationSeconds }
  return { ...chooseLanguage(heard), votes: languageVotes(heard), durationSeconds }
}
