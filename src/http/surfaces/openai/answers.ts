/** What OpenAI's API answers, from a transcription. */

import {
  FORMATS,
  languageName,
  type OpenAiJson,
  type OpenAiVerboseJson,
  type Segment,
  type SegmentEvent,
  type TokenLogprob,
  type Transcription,
  toVerboseJson,
  type Usage,
} from '../../../transcript/index.ts'
import type { AudioForm } from './audio-form.ts'

export function usageOf({ durationSeconds }: Transcription): Usage {
  return { type: 'duration', seconds: Math.ceil(durationSeconds) }
}

/** What `include` and `languages` add to the answer, and to the last event of a stream. */
export function additionsFor(
  { hasLogprobs, hasLanguages }: AudioForm,
  { segments, languageProbability, language }: Transcription,
) {
  const logprobs: TokenLogprob[] = segments.flatMap((segment) => segment.logprobs ?? [])
  const isKnown = segments.length > 0 && (languageProbability ?? 1) >= 0.5
  return {
    ...(hasLogprobs && { logprobs }),
    ...(hasLanguages && { languages: isKnown ? [{ code: language }] : [] }),
  }
}

/** The body and its content type. */
export function writeAnswer(
  form: AudioForm,
  transcription: Transcription,
): { readonly type: string; readonly body: string } {
  const { format, subtitles } = form
  const { contentType: type, write } = FORMATS[format]
  if (format === 'json') {
    const { text } = transcription
    const answer: OpenAiJson = { text, ...additionsFor(form, transcription), usage: usageOf(transcription) }
    return { type, body: JSON.stringify(answer) }
  }
  if (format === 'verbose_json') return { type, body: JSON.stringify(verboseAnswer(form, transcription)) }
  return { type, body: write(transcription, subtitles) }
}

/**
 * `verbose_json` with words and segments as they were asked for: segments where nothing was. What OpenAI does not have
 * (`quality`, `warnings` and so on) stands beside it, since a client that knows them can tell doubtful text.
 */
export function verboseAnswer(
  { granularities, options, hasStatistics }: AudioForm,
  transcription: Transcription,
): OpenAiVerboseJson {
  const { task, language, duration, text, words, segments, statistics, ...others } = toVerboseJson(transcription)
  return {
    task,
    // Of a translation, the language of its text.
    language: options.task === 'translate' ? 'english' : language,
    duration,
    text,
    ...(words && { words }),
    ...((granularities.length === 0 || granularities.includes('segment')) && { segments }),
    usage: usageOf(transcription),
    ...others,
    ...(hasStatistics && { statistics }),
  }
}

/** What a stream of `verbose_json` tells of a segment beside its text: its words, and how far it is to be trusted. */
export function segmentDetails({ words, quality, avgLogprob, language, channel }: Segment): Partial<SegmentEvent> {
  return {
    ...(words && { words: words.map(({ word, ...others }) => ({ word: word.trim(), ...others })) }),
    avg_logprob: avgLogprob,
    quality,
    language: languageName(language),
    ...(channel !== undefined && { channel }),
  }
}
