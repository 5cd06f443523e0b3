/** What goes in and out of the doors, as JSON Schema: it documents; values are checked by the tables of their forms. */

import { describeOptions, type OptionInfo, type OptionTable } from '../../option-table.ts'
import { DEFAULTS } from '../../transcribe/options.ts'
import { FORMATS } from '../../transcript/index.ts'
import { sentenceErrors } from '../failures/index.ts'
import { ASR_PARAMETERS, DETECTION_PARAMETERS } from './asr-query.ts'
import { INFERENCE_FIELDS } from './inference-form.ts'

const STATUSES = [400, 401, 408, 413, 429, 500, 503] as const
const seconds = { type: 'number', minimum: 0 }
const probability = { type: 'number', minimum: 0, maximum: 1 }
const count = { type: 'integer', minimum: 0 }
const text = { type: 'string' }

const recording = {
  type: 'string',
  format: 'binary',
  description: 'The recording: any audio or video file, under any name.',
}

function properties(table: OptionTable, defaults: Readonly<Record<string, unknown>>): Record<string, object> {
  return Object.fromEntries(describeOptions(table, defaults).map((info) => [info.name, propertyOf(info)]))
}

function propertyOf({ meaning, schema, default: value }: OptionInfo): object {
  const description = `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}.`
  return { ...schema, ...(value !== undefined && { default: value }), description }
}

/** An object with all of its properties, but for the optional ones. */
function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []) {
  return { type: 'object', required: Object.keys(properties).filter((name) => !optional.includes(name)), properties }
}

const listOf = (items: object) => ({ type: 'array', items })

// ── whisper-asr-webservice ──────────────────────────────────────────────────────────────────────────────────────────

const asrForm = { type: 'object', required: ['audio_file'], properties: { audio_file: recording } }
const ENCODE_DEFAULT = { encode: true }

export const asrSchema = {
  summary: 'Transcribe a recording, as whisper-asr-webservice does',
  tags: ['whisper-asr-webservice'],
  consumes: ['multipart/form-data'],
  querystring: {
    type: 'object',
    properties: properties(ASR_PARAMETERS, { ...DEFAULTS, ...ENCODE_DEFAULT, output: 'txt', diarize: false }),
  },
  body: asrForm,
  response: {
    200: {
      description: 'What is said in the recording, written as `output` says; with json an object as text.',
      headers: {
        'asr-engine': { type: 'string', const: 'paradox-asr' },
        'content-disposition': { type: 'string', description: "The recording's name, with `output` as its suffix." },
      },
      content: { 'text/plain': { schema: text } },
    },
    ...sentenceErrors('detail', ...STATUSES),
  },
}

export const detectLanguageSchema = {
  summary: 'Which language is spoken in a recording, as whisper-asr-webservice says it',
  tags: ['whisper-asr-webservice'],
  consumes: ['multipart/form-data'],
  querystring: { type: 'object', properties: properties(DETECTION_PARAMETERS, ENCODE_DEFAULT) },
  body: asrForm,
  response: {
    200: {
      description: 'The likeliest language. A confidence of 0: nobody speaks.',
      ...object({
        detected_language: { ...text, description: 'English name in lower case.' },
        language_code: { ...text, description: 'As Whisper has it, such as pt.' },
        confidence: probability,
      }),
    },
    ...sentenceErrors('detail', ...STATUSES),
  },
}

// ── whisper.cpp ─────────────────────────────────────────────────────────────────────────────────────────────────────

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

const word = object({ word: text, start: seconds, end: seconds, t_dtw: { type: 'integer' }, probability }, [
  'start',
  'end',
  't_dtw',
])
const segment = object(
  {
    id: count,
    text,
    start: seconds,
    end: seconds,
    tokens: listOf(count),
    words: listOf(word),
    temperature: { type: 'number' },
    avg_logprob: { type: 'number' },
    no_speech_prob: probability,
  },
  ['start', 'end'],
)
export const INFERENCE_VERBOSE_JSON = object(
  {
    task: { type: 'string', enum: ['transcribe', 'translate'] },
    language: { ...text, description: 'English name in lower case.' },
    duration: seconds,
    text,
    segments: listOf(segment),
    detected_language: { ...text, description: 'Absent where the language was given.' },
    detected_language_probability: probability,
    language_probabilities: { type: 'object', additionalProperties: probability, description: 'By code.' },
  },
  ['detected_language', 'detected_language_probability', 'language_probabilities'],
)

const json = { ...object({ text }), description: 'With response_format json.' }
const verboseJson = { ...INFERENCE_VERBOSE_JSON, description: 'With response_format verbose_json.' }

export const inferenceSchema = {
  summary: "Transcribe a recording, as whisper.cpp's server does",
  tags: ['whisper.cpp'],
  consumes: ['multipart/form-data'],
  body: {
    type: 'object',
    required: ['file'],
    properties: { file: recording, ...properties(INFERENCE_FIELDS, INFERENCE_DEFAULTS) },
  },
  response: {
    200: {
      description: 'What is said in the recording.',
      content: {
        'application/json': { schema: { anyOf: [json, verboseJson] } },
        ...Object.fromEntries(
          (['text', 'srt', 'vtt'] as const).map((name) => {
            const mediaType = FORMATS[name].contentType.split(';', 1)[0]!
            return [mediaType, { schema: { ...text, description: `With response_format ${name}.` } }]
          }),
        ),
      },
    },
    ...sentenceErrors('error', ...STATUSES),
  },
}
