/**
 * Options of a transcription: one record, one set of defaults, one validation, for every caller. The keys of
 * `OPTIONS` are the names that the field uses; HTTP takes them as they are, the command line in kebab-case. Strings
 * end here: HTTP, the command line and the library read what they are given once, and hand on typed values.
 */

import { z } from 'zod'
import { OptionInvalidError } from '../errors/index.ts'
import { isLanguage, readLanguages } from '../languages.ts'
import {
  anyText,
  choiceOrNumber,
  describeOptions,
  flag,
  integer,
  listOf,
  number,
  type OptionInfo,
  type OptionTable,
  type OptionValues,
  oneOf,
  parseGiven,
  words,
} from '../option-table.ts'

/** What ffmpeg takes. */
const MOST_CHANNELS = 64

/**
 * Samples of a window on all temperatures above 0 together. As many temperatures as may be, or samples as may be, are
 * allowed with the default of the other.
 */
const MOST_SAMPLES = 80

/** Of a channel where only one can be heard. */
export const ONE_CHANNEL = [
  choiceOrNumber(['mix'], 1, MOST_CHANNELS),
  'all channels of the track as one, or one of them, counted from 1',
] as const

/** Each option: its check and what it does. Defaults are beside, in `DEFAULTS`. */
export const OPTIONS = {
  task: [oneOf(['transcribe', 'translate']), 'what to write: the language that is spoken, or English'],

  track: [
    integer(1, 1000),
    'audio track, counted from 1; unset: the one in the language, or the default, that has sound',
  ],
  channel: [
    choiceOrNumber(['mix', 'each'], 1, MOST_CHANNELS),
    'all channels of the track as one, one of them, counted from 1, or each apart, as where each has a speaker',
  ],

  vad_filter: [flag, 'transcribe only what the voice activity detection takes for speech'],
  threshold: [number(0, 1), 'probability from which a moment counts as speech'],
  min_speech_duration_ms: [integer(0, 60_000), 'shorter stretches of speech are dropped'],
  min_silence_duration_ms: [integer(0, 60_000), 'shorter pauses do not end a stretch of speech'],
  speech_pad_ms: [integer(0, 10_000), 'sound kept before and after each stretch of speech'],
  max_speech_duration_s: [number(1, 30), 'longer stretches are cut at their longest pause'],

  audio_context: [
    oneOf(['adaptive', 'full']),
    'encode only the sound and some silence, or always 30 s; AUDIO_CONTEXT sets another default',
  ],
  batch_size: [integer(1, 64), 'windows that are decoded together, no more than the model computes at once'],

  beam_size: [integer(1, 16), 'hypotheses of beam search; 1 is greedy'],
  patience: [number(0.1, 10), 'factor of finished hypotheses that beam search waits for'],
  length_penalty: [number(0, 5), 'exponent of the length that a hypothesis is divided by; unset: plain average'],
  temperature: [
    listOf(number(0, 2), 'a number from 0 to 2, or several in ascending order', { most: 16 }),
    'sampling temperature; several make the fallback ladder',
  ],
  best_of: [
    integer(1, 16),
    `samples of which the best is taken, at temperatures above 0; at most ${MOST_SAMPLES} over all temperatures`,
  ],
  seed: [
    integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    'where random numbers begin, at temperatures above 0: another seed may give another text, the same one the same',
  ],
  compression_ratio_threshold: [number(0, 100), 'text that compresses better is taken for a loop and decoded again'],
  log_prob_threshold: [number(-100, 0), 'text with a lower average log-probability is decoded again'],
  no_speech_threshold: [number(0, 1), 'windows more probably silent, and unsure, are dropped'],
  repetition_penalty: [number(0.1, 10), 'above 1, tokens that were said become less likely'],
  no_repeat_ngram_size: [integer(0, 32), 'no sequence of so many tokens is said twice; 0 allows all'],
  suppress_tokens: [
    listOf(integer(-1, 100_000), 'comma-separated token ids; -1 is the standard list', {}),
    'tokens that are never said',
  ],
  suppress_blank: [flag, 'no empty text at the beginning of a window'],
  max_new_tokens: [integer(1, 448), 'longest text of a window'],

  timestamps: [
    oneOf(['align', 'tokens', 'none']),
    'where times come from: alignment, timestamp tokens, or windows only',
  ],
  max_initial_timestamp: [number(0, 30), 'latest first timestamp token of a window, in seconds'],
  word_timestamps: [flag, 'start, end and probability of every word'],
  logprobs: [flag, 'log-probability of every token'],
  hallucination_silence_threshold: [number(0, 30), 'text in the middle of so many seconds of silence is dropped'],

  condition_on_previous_text: [flag, 'decode window after window, each with the text before it as prompt'],
  prompt_reset_on_temperature: [number(0, 2), 'above this temperature a window is no prompt for the next'],
  // Longer ones than fit are cut: `hints.ts`.
  initial_prompt: [
    anyText('a text; of one that is too long, the end counts'),
    'text that might have been said before, for names and spelling',
  ],
  hotwords: [
    words('a text, or a list of words; of one that is too long, the beginning counts'),
    'words that are likely to be said',
  ],
  prefix: [
    anyText('a text; of one that is too long, the end counts'),
    'beginning of the first window, to be continued',
  ],

  languages: [
    listOf(z.string().refine(isLanguage), 'comma-separated codes or names of languages', { most: 100 }),
    'languages that detection chooses among',
  ],
  language_detection_segments: [
    integer(1, 32),
    'windows with speech that vote on the language, at most, each by its seconds of speech',
  ],
  language_detection_threshold: [
    number(0, 1),
    'probability at which the vote ends sooner, when several seconds of speech have been heard',
  ],
  multilingual: [flag, 'detect the language of each window anew'],
} as const satisfies OptionTable

export type OptionName = keyof typeof OPTIONS

type Checked = OptionValues<typeof OPTIONS>

/** Options that mean something else when they are left out than any value could say. */
type Unset =
  | 'track'
  | 'lengthPenalty'
  | 'hallucinationSilenceThreshold'
  | 'initialPrompt'
  | 'hotwords'
  | 'prefix'
  | 'maxNewTokens'
  | 'batchSize'
  | 'languages'

/** Every option with a value. */
export type DecodingOptions = {
  readonly [K in keyof Checked]: K extends Unset ? Checked[K] | undefined : Checked[K]
}

/** The defaults; docs/decisions/0007 has the measurements behind those that differ from openai/whisper's. */
export const DEFAULTS: DecodingOptions = {
  task: 'transcribe',
  track: undefined,
  channel: 'mix',
  vadFilter: true,
  threshold: 0.35,
  minSpeechDurationMs: 0,
  minSilenceDurationMs: 1000,
  speechPadMs: 400,
  maxSpeechDurationS: 28,
  audioContext: 'adaptive',
  batchSize: undefined,
  beamSize: 5,
  patience: 1,
  lengthPenalty: undefined,
  temperature: [0, 0.2, 0.4, 0.6, 0.8, 1],
  bestOf: 5,
  seed: 0,
  compressionRatioThreshold: 2.4,
  logProbThreshold: -1,
  noSpeechThreshold: 0.6,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  suppressTokens: [-1],
  suppressBlank: true,
  maxNewTokens: undefined,
  timestamps: 'align',
  maxInitialTimestamp: 1,
  wordTimestamps: false,
  logprobs: false,
  hallucinationSilenceThreshold: undefined,
  conditionOnPreviousText: false,
  promptResetOnTemperature: 0.5,
  initialPrompt: undefined,
  hotwords: undefined,
  prefix: undefined,
  languages: undefined,
  languageDetectionSegments: 8,
  languageDetectionThreshold: 0.5,
  multilingual: false,
}

/** The options that a request names, checked; the others have the defaults of the service that works on it. */
export type RequestedOptions = Partial<DecodingOptions>

/** Options as a caller gives them: strings from HTTP and the command line, or values. */
export type GivenOptions = Readonly<Partial<Record<OptionName, unknown>>>

/** Every option as a person has to know it, for flags, forms and documents. */
export function decodingOptionInfos(): OptionInfo[] {
  return describeOptions(OPTIONS, DEFAULTS)
}

/** Names of the options whose values are lists. */
export const LIST_OPTIONS: readonly string[] = decodingOptionInfos()
  .filter(({ schema }) => schema.type === 'array')
  .map(({ name }) => name)

/**
 * What is given, each option on its own, so that a form can be read before all of it is there.
 *
 * @throws {OptionInvalidError} for a value outside its range.
 */
export function readOptions(given: GivenOptions): RequestedOptions {
  const { languages, ...options } = parseGiven(OPTIONS, given)
  const codes = languages && readLanguages(languages)
  return codes ? { ...options, languages: [...codes] } : options
}

/**
 * The requested options over the defaults.
 *
 * @param defaults  those that the settings change; the others are `DEFAULTS`.
 * @throws {OptionInvalidError} for two options that contradict each other.
 */
export function withDefaults(requested: RequestedOptions = {}, defaults: RequestedOptions = {}): DecodingOptions {
  const options = { ...DEFAULTS, ...defaults, ...requested }
  // A request for sampling alone does not ask for the default's beams.
  const isSampling = requested.beamSize === undefined && options.temperature[0]! > 0
  const decided = isSampling ? { ...options, beamSize: 1 } : options
  checkTogether(decided)
  return decided
}

/** Reads and completes in one step. @throws {OptionInvalidError} as `readOptions` and `withDefaults`. */
export function parseOptions(given: GivenOptions = {}, defaults: RequestedOptions = {}): DecodingOptions {
  return withDefaults(readOptions(given), defaults)
}

function checkTogether({
  temperature,
  beamSize,
  bestOf,
  prefix,
  conditionOnPreviousText,
  multilingual,
}: DecodingOptions): void {
  if (temperature.length === 0 || temperature.some((value, i) => i > 0 && value <= temperature[i - 1]!)) {
    throw new OptionInvalidError('temperature', temperature.join(','), OPTIONS.temperature[0].description!)
  }
  if (beamSize > 1 && temperature[0]! > 0) {
    throw new OptionInvalidError(
      'beam_size',
      String(beamSize),
      '1 where temperature is above 0, since sampling has no beams',
    )
  }
  const nSampling = temperature.filter((value) => value > 0).length
  if (nSampling * bestOf > MOST_SAMPLES) {
    const most = Math.floor(MOST_SAMPLES / nSampling)
    throw new OptionInvalidError('best_of', String(bestOf), `at most ${most} with ${nSampling} temperatures above 0`)
  }
  if (multilingual && (prefix !== undefined || conditionOnPreviousText)) {
    const other = prefix === undefined ? 'condition_on_previous_text' : 'prefix'
    throw new OptionInvalidError('multilingual', 'true', `false together with ${other}, which assumes one language`)
  }
}
