/**
 * What whisper.cpp's server answers, from a transcription.
 *
 * @see ggml-org/whisper.cpp:examples/server/server.cpp `output_str` and below.
 */

import type { DataOf } from '../../../schema.ts'
import { FORMATS, languageName, type Segment, type Transcription, type Word } from '../../../transcript/index.ts'
import type { InferenceForm } from './form.ts'
import type { inferenceJsonSchema } from './schemas.ts'

type InferenceJson = DataOf<typeof inferenceJsonSchema>
type InferenceSegment = InferenceJson['segments'][number]

/** What theirs writes where it has not aligned words by attention; ours always does, and `start` and `end` have it. */
const NO_DTW = -1

/** The body and its content type. */
export function writeInference(
  form: InferenceForm,
  transcription: Transcription,
): { readonly type: string; readonly body: string } {
  const { contentType: type, write } = FORMATS[form.format]
  switch (form.format) {
    case 'json':
      return { type, body: JSON.stringify({ text: lines(transcription) }) }
    case 'verbose_json':
      return { type, body: JSON.stringify(verboseJson(form, transcription)) }
    case 'text':
      // Theirs says text/html, which a browser would take markup in the text for.
      return { type, body: lines(transcription) }
    default:
      return { type, body: write(transcription, form.subtitles) }
  }
}

/** A line for each segment, each with the space that its first token has. */
function lines({ segments }: Transcription): string {
  return segments.map(({ text }) => `${text}\n`).join('')
}

function verboseJson(form: InferenceForm, transcription: Transcription): InferenceJson {
  const { task, language, languageProbability, durationSeconds, segments, statistics } = transcription
  const isDetected = languageProbability !== undefined && form.hasLanguageProbabilities
  return {
    task,
    language: languageName(language),
    duration: durationSeconds,
    text: lines(transcription),
    segments: segments.map((segment) => verboseSegment(form, segment)),
    ...(isDetected && {
      detected_language: languageName(language),
      detected_language_probability: languageProbability,
      language_probabilities: Object.fromEntries(statistics.languageVotes),
    }),
  }
}

function verboseSegment({ hasTimes, hasWordTimes }: InferenceForm, segment: Segment): InferenceSegment {
  const { id, text, start, end, tokens, words = [], temperature, avgLogprob, noSpeechProb, channel } = segment
  return {
    id,
    text,
    ...(hasTimes && { start, end }),
    tokens,
    words: words.map((word) => verboseWord(hasWordTimes, word)),
    temperature,
    avg_logprob: avgLogprob,
    no_speech_prob: noSpeechProb,
    ...(channel !== undefined && { channel }),
  }
}

function verboseWord(hasTimes: boolean, { word, start, end, probability }: Word): InferenceSegment['words'][number] {
  return { word, ...(hasTimes && { start, end, t_dtw: NO_DTW }), probability }
}
