/** The answers and events of OpenAI's audio API; what OpenAI does not have stands beside what it has. */

import { z } from 'zod'
import type { DataOf } from '../schema.ts'
import { tokenLogprobSchema, verboseJsonSchema, verboseWordSchema } from './verbose-json.ts'

const usageSchema = z.object({
  type: z.literal('duration'),
  seconds: z.number().min(0).describe('Of the recording, in whole seconds, as OpenAI counts them.'),
})
const logprobs = z.array(tokenLogprobSchema).describe('With include[] logprobs.').optional()
const languages = z
  .array(z.object({ code: z.string() }))
  .describe('With languages[]: the one that was heard; none where that is not sure.')
  .optional()

export const openAiJsonSchema = z.object({ text: z.string(), logprobs, languages, usage: usageSchema })

/** Words, segments and statistics as they were asked for. */
export const openAiVerboseJsonSchema = verboseJsonSchema
  .partial({ segments: true, statistics: true })
  .extend({ usage: usageSchema })

export type Usage = DataOf<typeof usageSchema>
export type OpenAiJson = DataOf<typeof openAiJsonSchema>
export type OpenAiVerboseJson = DataOf<typeof openAiVerboseJsonSchema>

// ── events of a stream ──────────────────────────────────────────────────────────────────────────────────────────────

export const deltaEventSchema = z.object({ type: z.literal('transcript.text.delta'), delta: z.string(), logprobs })

const { segments } = verboseJsonSchema.shape
const { avg_logprob, quality, language, channel } = segments.element.shape

/** @see openai/openai-node:src/resources/audio/transcriptions.ts `TranscriptionTextSegmentEvent` — `speaker` is required. */
export const segmentEventSchema = z.object({
  type: z.literal('transcript.text.segment'),
  id: z.string().describe('`seg_` and its number.'),
  start: z.number(),
  end: z.number(),
  text: z.string(),
  speaker: z.literal(''),
  // The rest with verbose_json.
  words: z.array(verboseWordSchema).optional(),
  avg_logprob: avg_logprob.optional(),
  quality: quality.optional(),
  language: language.optional(),
  channel,
})

/** Not OpenAI's: for callers that show the recording as it is worked on. */
export const progressEventSchema = z.object({ type: z.literal('transcript.progress'), done_seconds: z.number() })

/** With all of verbose_json where that was asked for. */
export const doneEventSchema = openAiVerboseJsonSchema
  .partial()
  .extend({ type: z.literal('transcript.text.done'), ...openAiJsonSchema.shape })

export type DeltaEvent = DataOf<typeof deltaEventSchema>
export type SegmentEvent = DataOf<typeof segmentEventSchema>
export type ProgressEvent = DataOf<typeof progressEventSchema>
export type DoneEvent = DataOf<typeof doneEventSchema>
