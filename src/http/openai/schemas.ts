/** What goes in and out of OpenAI's routes, as JSON Schema: it documents; forms are checked as they arrive. */

import { FORMATS } from '../../transcript/index.ts'
import { openAiErrors } from '../failures/index.ts'
import { formProperties, VERBOSE_JSON_SCHEMA } from '../transcribe/index.ts'
import { DETECTION_OPTIONS } from './detect-language.ts'

const seconds = { type: 'number', minimum: 0 }
const usage = {
  type: 'object',
  required: ['type', 'seconds'],
  properties: { type: { type: 'string', const: 'duration' }, seconds },
}
const logprobs = {
  type: 'array',
  items: {
    type: 'object',
    required: ['token', 'bytes', 'logprob'],
    properties: {
      token: { type: 'string' },
      bytes: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 255 } },
      logprob: { type: 'number' },
    },
  },
}

/** Options of ours that have another field here, or no place. */
const OWN_FIELDS = ['task', 'temperature', 'response_format', 'languages', 'logprobs', 'word_timestamps']

function commonProperties(defaultModelId: string) {
  const options = Object.entries(formProperties()).filter(([name]) => !OWN_FIELDS.includes(name))
  return {
    file: { type: 'string', format: 'binary', description: 'The recording: any audio or video file, under any name.' },
    model: {
      type: 'string',
      default: defaultModelId,
      description: 'An id of `GET /v1/models`, another name of one such as whisper-1, or an allowed repository.',
      examples: ['whisper-1'],
    },
    prompt: {
      type: 'string',
      maxLength: 4000,
      description: 'Text that might have been said before, for names and spelling.',
    },
    response_format: { type: 'string', enum: Object.keys(FORMATS), default: 'json' },
    temperature: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0,
      description: 'Of sampling. 0: as sure as possible, and warmer only where that fails.',
    },
    'timestamp_granularities[]': {
      type: 'array',
      items: { type: 'string', enum: ['word', 'segment'] },
      description: 'With response_format verbose_json: what has times.',
    },
    'include[]': {
      type: 'array',
      items: { type: 'string', enum: ['logprobs', 'progress', 'statistics'] },
      description:
        'logprobs, with response_format json: log-probabilities of the tokens. progress, with stream: seconds that are done. statistics, with verbose_json: what it took.',
    },
    stream: { type: 'boolean', default: false, description: 'Send text by server-sent events as soon as it is there.' },
    chunking_strategy: {
      type: 'string',
      description: 'auto, or {"type":"server_vad"} with threshold, prefix_padding_ms and silence_duration_ms.',
      examples: ['auto'],
    },
    'keywords[]': { type: 'array', items: { type: 'string' }, description: 'Words that are likely to be said.' },
    'languages[]': {
      type: 'array',
      items: { type: 'string' },
      description: 'Codes of the languages that detection chooses among.',
    },
    ...Object.fromEntries(options),
  }
}

const language = {
  type: 'string',
  description: 'Code or name of the spoken language, such as pt, or auto: detected. Left out, the model decides.',
  examples: ['pt'],
}

/** Not called by its class: the answers differ by `response_format` and `stream`. */
function answers(description: string) {
  const { properties, ...verbose } = VERBOSE_JSON_SCHEMA
  const { text } = properties
  const json = {
    description: 'With response_format json.',
    type: 'object',
    required: ['text', 'usage'],
    properties: {
      text,
      logprobs,
      languages: {
        type: 'array',
        items: { type: 'object', required: ['code'], properties: { code: { type: 'string' } } },
        description: 'With languages[]: the one that was heard; none where that is not sure.',
      },
      usage,
    },
  }
  const verboseJson = {
    ...verbose,
    description: 'With response_format verbose_json.',
    required: ['task', 'language', 'duration', 'text', 'usage'],
    properties: { ...properties, usage },
  }
  const texts = Object.entries(FORMATS).flatMap(([name, { contentType }]) => {
    const mediaType = contentType.split(';', 1)[0]!
    const schema = { type: 'string', description: `With response_format ${name}.` }
    return mediaType === 'application/json' ? [] : [[mediaType, { schema }] as const]
  })
  const events = {
    type: 'string',
    description:
      'With stream: `transcript.text.delta` and `transcript.text.segment` for each segment, then `transcript.text.done`, each as JSON after `data: `, then `data: [DONE]`.',
  }
  return {
    description,
    content: {
      'application/json': { schema: { anyOf: [json, verboseJson] } },
      ...Object.fromEntries(texts),
      'text/event-stream': { schema: events },
    },
  }
}

const FORM_ERRORS = openAiErrors(400, 401, 404, 408, 413, 415, 429, 500, 503)

export function transcriptionSchema(defaultModelId: string) {
  return {
    summary: 'Transcribe a recording, as OpenAI does',
    tags: ['OpenAI'],
    consumes: ['multipart/form-data'],
    body: { type: 'object', required: ['file'], properties: { ...commonProperties(defaultModelId), language } },
    response: { 200: answers('What is said in the recording.'), ...FORM_ERRORS },
  }
}

export function translationSchema(defaultModelId: string) {
  return {
    summary: 'Translate a recording into English, as OpenAI does',
    tags: ['OpenAI'],
    consumes: ['multipart/form-data'],
    body: { type: 'object', required: ['file'], properties: { ...commonProperties(defaultModelId), language } },
    response: { 200: answers('What is said in the recording, in English.'), ...FORM_ERRORS },
  }
}

const probability = { type: 'number', minimum: 0, maximum: 1 }
const code = { type: 'string', description: 'As Whisper has it, such as pt.' }
const name = { type: 'string', description: 'English name in lower case.' }

export function detectLanguageSchema(defaultModelId: string) {
  const { file, model, 'languages[]': languages } = commonProperties(defaultModelId)
  const options = Object.entries(formProperties()).filter(([option]) => DETECTION_OPTIONS.some((one) => one === option))
  return {
    summary: 'Which language is spoken in a recording',
    tags: ['OpenAI'],
    consumes: ['multipart/form-data'],
    body: {
      type: 'object',
      required: ['file'],
      properties: { file, model, 'languages[]': languages, ...Object.fromEntries(options) },
    },
    response: {
      200: {
        description: 'The likeliest language, by the first windows with speech. A probability of 0: nobody speaks.',
        type: 'object',
        required: ['language', 'code', 'probability', 'languages', 'duration'],
        properties: {
          language: name,
          code,
          probability,
          languages: {
            type: 'array',
            items: {
              type: 'object',
              required: ['language', 'code', 'probability'],
              properties: { language: name, code, probability },
            },
          },
          duration: { ...seconds, description: 'Seconds of the recording that were listened to.' },
        },
      },
      ...FORM_ERRORS,
    },
  }
}

const count = { type: 'integer', minimum: 0 }
const countOrNull = { type: ['integer', 'null'], minimum: 0 }

export const limitsSchema = {
  summary: 'What may be sent, and how busy the service is',
  tags: ['OpenAI'],
  response: {
    200: {
      description: 'Limits, and the requests of this moment.',
      type: 'object',
      required: ['object', 'max_upload_bytes', 'max_audio_seconds', 'running', 'waiting'],
      properties: {
        object: { type: 'string', const: 'limits' },
        max_upload_bytes: count,
        max_audio_seconds: count,
        request_timeout_seconds: { ...countOrNull, description: 'null: none.' },
        requests_per_minute: { ...countOrNull, description: 'null: no limit.' },
        max_concurrency: { ...count, description: 'Recordings that are worked on at a time.' },
        max_queue: { ...count, description: 'Requests that may wait beyond that.' },
        running: count,
        waiting: { ...count, description: 'Those that still upload are among them.' },
      },
    },
    ...openAiErrors(401, 429, 503),
  },
} as const
