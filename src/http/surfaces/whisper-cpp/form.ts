/**
 * The fields of whisper.cpp's `POST /inference`.
 *
 * @see ggml-org/whisper.cpp:examples/server/server.cpp `get_req_parameters`
 */

import { z } from 'zod'
import { OptionInvalidError } from '../../../errors/index.ts'
import { readLanguage } from '../../../languages.ts'
import {
  camelCase,
  flag,
  integer,
  number,
  type OptionTable,
  type OptionValues,
  oneOf,
  parseGiven,
  text,
} from '../../../option-table.ts'
import { checkSubtitleOptions, SUBTITLE_OPTIONS, type SubtitleOptions } from '../../../transcript/index.ts'
import { OPTIONS, type OptionName, type RequestedOptions, withDefaults } from '../../../whisper/options.ts'
import type { FormFields, WorkForm } from '../../recordings/index.ts'
import { noSpeakers, onlyFalse, onlyZero } from '../refusals.ts'
import { withWordsFor } from '../subtitle-words.ts'

const FORMAT_NAMES = ['json', 'text', 'srt', 'verbose_json', 'vtt'] as const
export type InferenceFormat = (typeof FORMAT_NAMES)[number]

export interface InferenceForm extends WorkForm {
  readonly format: InferenceFormat
  readonly subtitles: SubtitleOptions
  /** Whether segments and words of verbose_json have times. */
  readonly hasTimes: boolean
  readonly hasWordTimes: boolean
  readonly hasLanguageProbabilities: boolean
}

/** Their names of options of ours, and ours that they have none for; the values are the same. */
const RENAMED = {
  prompt: 'initial_prompt',
  logprob_thold: 'log_prob_threshold',
  no_speech_thold: 'no_speech_threshold',
  vad: 'vad_filter',
  vad_threshold: 'threshold',
  vad_min_speech_duration_ms: 'min_speech_duration_ms',
  vad_min_silence_duration_ms: 'min_silence_duration_ms',
  vad_speech_pad_ms: 'speech_pad_ms',
  seed: 'seed',
} as const satisfies Record<string, OptionName>

/** Windows have 30 s, so a longer stretch of speech is cut wherever the caller draws the line. */
const LONGEST_SPEECH_SECONDS = 30

const wholeRecording = onlyZero('0: a recording is transcribed from its beginning to its end')

/** What is checked of each field; the rest of theirs is ignored. */
export const INFERENCE_FIELDS = {
  response_format: [oneOf(FORMAT_NAMES), 'how the answer is written'],
  language: [text(100), 'code or name of the spoken language, such as pt; auto: detected; left out, the model decides'],
  track: OPTIONS.track,
  channel: OPTIONS.channel,
  translate: [flag, 'write English, whatever is spoken'],
  temperature: [number(0, 1), 'sampling temperature of the first attempt'],
  temperature_inc: [number(0, 1), 'step to the temperature of the next attempt, up to 1; 0: no other attempt'],
  beam_size: [integer(-1, 16), 'hypotheses of beam search; below 2: greedy'],
  best_of: [integer(-1, 16), 'samples of which the best is taken, at temperatures above 0'],
  ...renamedRows(),
  vad_max_speech_duration_s: [
    z.coerce.number().min(1).describe('a number from 1 on'),
    'longer stretches are cut at their longest pause, 30 s at most',
  ],
  max_len: [integer(0, 1000), 'with response_format srt or vtt: characters of a cue; 0: no limit'],
  cues: SUBTITLE_OPTIONS.cues,
  no_timestamps: [flag, 'no times in verbose_json'],
  token_timestamps: [flag, 'times of words in verbose_json'],
  no_language_probabilities: [flag, 'no languages that were considered in verbose_json'],
  offset_t: [wholeRecording, 'anything but 0 is refused'],
  offset_n: [wholeRecording, 'anything but 0 is refused'],
  duration: [wholeRecording, 'anything but 0 is refused'],
  diarize: [noSpeakers, 'true is refused'],
  tinydiarize: [noSpeakers, 'true is refused'],
  detect_language: [onlyFalse('false: POST /v1/audio/detect-language tells the language alone'), 'true is refused'],
} as const satisfies OptionTable

type Parsed = Partial<OptionValues<typeof INFERENCE_FIELDS>>

/**
 * Reads the fields so far, each on its own.
 *
 * @throws {OptionInvalidError} for a value that is not allowed, under their name of the field; {LanguageUnknownError} for
 *   what is no language.
 */
export function readInferenceForm(fields: FormFields, modelId: string): InferenceForm {
  const parsed = parseGiven(INFERENCE_FIELDS, fields.last())
  const {
    responseFormat: format = 'json',
    language,
    track,
    channel,
    beamSize,
    bestOf,
    vadMaxSpeechDurationS,
    maxLen = 0,
    cues,
  } = parsed
  const hasTimes = !parsed.noTimestamps
  const options: RequestedOptions = {
    ...renamedOptions(parsed),
    ...(track !== undefined && { track }),
    ...(channel !== undefined && { channel }),
    task: parsed.translate ? 'translate' : 'transcribe',
    ...temperatures(parsed),
    ...(beamSize !== undefined && { beamSize: Math.max(1, beamSize) }),
    ...(bestOf !== undefined && { bestOf: Math.max(1, bestOf) }),
    ...(vadMaxSpeechDurationS !== undefined && {
      maxSpeechDurationS: Math.min(LONGEST_SPEECH_SECONDS, vadMaxSpeechDurationS),
    }),
    ...((format === 'verbose_json' || maxLen > 0) && { wordTimestamps: true }),
  }
  const subtitles = { ...(cues && { cues }), ...(maxLen > 0 && { maxLineWidth: maxLen, maxLineCount: 1 }) }
  return {
    modelId,
    language: readLanguage(language),
    options: withWordsFor({ format, subtitles }, options),
    format,
    subtitles,
    hasTimes,
    hasWordTimes: hasTimes && parsed.tokenTimestamps !== false,
    hasLanguageProbabilities: !parsed.noLanguageProbabilities,
  }
}

/**
 * Checks the fields of a complete form together.
 *
 * @throws {OptionInvalidError} for one that contradicts another.
 */
export function checkInferenceForm({ options, format, subtitles: { maxLineWidth, cues } }: InferenceForm): void {
  withDefaults(options)
  if (maxLineWidth !== undefined && format !== 'srt' && format !== 'vtt') {
    throw new OptionInvalidError('max_len', String(maxLineWidth), 'it with response_format srt or vtt')
  }
  checkSubtitleOptions({ cues }, { format, hasWords: true })
  if (maxLineWidth !== undefined && cues === 'segments') {
    throw new OptionInvalidError('max_len', String(maxLineWidth), 'either it or cues=segments')
  }
}

/** @see ggml-org/whisper.cpp:src/whisper.cpp `whisper_full_with_state` — the same ladder. */
function temperatures({ temperature, temperatureInc }: Parsed): RequestedOptions {
  if (temperature === undefined && temperatureInc === undefined) return {}
  const [first, step] = [temperature ?? 0, temperatureInc ?? 0.2]
  const nSteps = step === 0 ? 0 : Math.floor((1 - first) / step + 1e-6)
  if (nSteps > 15) {
    throw new OptionInvalidError('temperature_inc', String(step), '0, or a step that makes at most 16 temperatures')
  }
  return { temperature: Array.from({ length: nSteps + 1 }, (_, i) => Number((first + i * step).toFixed(4))) }
}

function renamedRows(): { readonly [K in keyof typeof RENAMED]: (typeof OPTIONS)[(typeof RENAMED)[K]] } {
  const rows = Object.entries(RENAMED).map(([theirs, ours]) => [theirs, OPTIONS[ours]])
  return Object.fromEntries(rows) // each name with the row of its own option
}

function renamedOptions(parsed: Parsed): RequestedOptions {
  const values: Readonly<Record<string, unknown>> = parsed
  const options = Object.entries(RENAMED).map(([theirs, ours]) => [camelCase(ours), values[camelCase(theirs)]] as const)
  return Object.fromEntries(options.filter(([, value]) => value !== undefined)) // each by the check of its own option
}
