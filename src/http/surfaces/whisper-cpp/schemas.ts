/** What goes in and out of whisper.cpp's `POST /inference`. */

import { z } from 'zod'
import { describeOptions } from '../../../option-table.ts'
import { TASKS } from '../../../transcript/index.ts'
import { DEFAULTS } from '../../../whisper/options.ts'
import { failureSchemas } from '../../failures/error-schemas.ts'
import { formatAnswers, formSchema } from '../form-schema.ts'
import { INFERENCE_FIELDS } from './form.ts'

const INFERENCE_DEFAULTS = {
  ...DEFAULTS,
  responseFormat: 'json',
  translate: false,
  temperature: 0,
  temperatureInc: 0.2,
  logprobThold: DEFAULTS.logProbThreshold,
  noSpeechThold: DEFAULTS.noSpeechThreshold,
  vad: DEFAULTS.vadFilter,
  vadThreshold: DEFAULTS.threshold,
  vadMinSpeechDurationMs: DEFAULTS.minSpeechDurationMs,
  vadMinSilenceDurationMs: DEFAULTS.minSilenceDurationMs,
  vadSpeechPadMs: DEFAULTS.speechPadMs,
  vadMaxSpeechDurationS: DEFAULTS.maxSpeechDurationS,
  maxLen: 0,
  noTimestamps: false,
  tokenTimestamps: true,
  noLanguageProbabilities: false,
}

const seconds = z.number().min(0)
const probability = z.number().min(0).max(1)
const count = z.int().min(0)

const wordSchema = z.object({
  word: z.string(),
  start: seconds.optional(),
  end: seconds.optional(),
  t_dtw: z.int().optional(),
  probability,
})

const segmentSchema = z.object({
  id: count,
  text: z.string(),
  start: seconds.optional(),
  end: seconds.optional(),
  tokens: z.array(count),
  words: z.array(wordSchema),
  temperature: z.number(),
  avg_logprob: z.number(),
  no_speech_prob: probability,
  channel: count.describe('Absent unless channel is each.').optional(),
})

export const inferenceJsonSchema = z
  .object({
    task: z.enum(TASKS),
    language: z.string().describe('English name in lower case.'),
    duration: seconds,
    text: z.string(),
    segments: z.array(segmentSchema),
    detected_language: z.string().describe('Absent where the language was given.').optional(),
    detected_language_probability: probability.optional(),
    language_probabilities: z.record(z.string(), probability).describe('By code.').optional(),
  })
  .describe('With response_format verbose_json.')

const jsonAnswerSchema = z.object({ text: z.string() }).describe('With response_format json.')

export const inferenceSchema = {
  summary: "Transcribe a recording, as whisper.cpp's server does",
  tags: ['whisper.cpp'],
  consumes: ['multipart/form-data'],
  body: formSchema('file', {}, describeOptions(INFERENCE_FIELDS, INFERENCE_DEFAULTS)),
  response: {
    200: {
      description: 'What is said in the recording.',
      content: formatAnswers([jsonAnswerSchema, inferenceJsonSchema], ['text', 'srt', 'vtt']),
    },
    ...failureSchemas(z.object({ error: z.string() }), [400, 401, 408, 413, 429, 500, 503]),
  },
}
