/**
 * What whisper-asr-webservice answers, from a transcription.
 *
 * @see ahmetoner/whisper-asr-webservice:app/utils.py, app/asr_models/faster_whisper_engine.py
 */

import type { DataOf } from '../../../schema.ts'
import {
  FORMATS,
  type LanguageDetection,
  languageName,
  type SubtitleOptions,
  type Transcription,
} from '../../../transcript/index.ts'
import type { AsrOutput, AsrQuery } from './query.ts'
import type { detectionSchema } from './schemas.ts'

const WRITERS: Readonly<Record<AsrOutput, (transcription: Transcription, subtitles: SubtitleOptions) => string>> = {
  txt: writeLines,
  text: writeLines,
  vtt: FORMATS.vtt.write,
  srt: FORMATS.srt.write,
  tsv: (transcription) => FORMATS.tsv.write(transcription),
  json: (transcription) => JSON.stringify(asrJson(transcription)),
}

export function writeAsr({ output, subtitles }: AsrQuery, transcription: Transcription): string {
  return WRITERS[output](transcription, subtitles)
}

/** A line for each segment. */
function writeLines({ segments }: Transcription): string {
  return segments.map(({ text }) => `${text.trim()}\n`).join('')
}

/** @see SYSTRAN/faster-whisper:faster_whisper/transcribe.py `Segment` — the keys, counted from 1. */
function asrJson({ language, segments, text }: Transcription): object {
  return {
    language,
    segments: segments.map((segment) => ({
      id: segment.id + 1,
      seek: Math.round(segment.start * 100),
      start: segment.start,
      end: segment.end,
      text: segment.text,
      tokens: segment.tokens,
      avg_logprob: segment.avgLogprob,
      compression_ratio: segment.compressionRatio,
      no_speech_prob: segment.noSpeechProb,
      words: segment.words?.map(({ start, end, word, probability }) => ({ start, end, word, probability })) ?? null,
      temperature: segment.temperature,
      ...(segment.channel !== undefined && { channel: segment.channel }),
    })),
    text,
  }
}

/** No file system has longer names; proxies refuse answers whose headers are larger than a few kB. */
const LONGEST_NAME = 255

/** A download under the recording's name, as Python's `urllib.parse.quote` writes it. */
export function contentDisposition(fileName: string, output: AsrOutput): string {
  const quoted = encodeURIComponent(fileName.slice(0, LONGEST_NAME).toWellFormed())
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${quoted}.${output}"`
}

export function detectionJson({ language, probability }: LanguageDetection): DataOf<typeof detectionSchema> {
  return { detected_language: languageName(language), language_code: language, confidence: probability }
}
