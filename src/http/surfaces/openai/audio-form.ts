/**
 * The fields of `POST /v1/audio/transcriptions` and `/translations`, as OpenAI's clients send them, and every option of
 * the pipeline under its own name beside them.
 *
 * @see https://platform.openai.com/docs/api-reference/audio/createTranscription
 */

import { OptionInvalidError } from '../../../errors/index.ts'
import { readLanguage } from '../../../languages.ts'
import { describeOptions, flag, type OptionInfo, type OptionTable, oneOf, parseGiven } from '../../../option-table.ts'
import {
  checkAnswerOptions,
  FORMAT_NAMES,
  type FormatName,
  parseSubtitleOptions,
  type SubtitleOptions,
  subtitleOptionInfos,
} from '../../../transcript/index.ts'
import {
  decodingOptionInfos,
  LIST_OPTIONS,
  OPTIONS,
  type RequestedOptions,
  readOptions,
  withDefaults,
} from '../../../whisper/options.ts'
import type { FormFields, WorkForm } from '../../recordings/index.ts'
import { listField, listFields, singleFields } from '../form-lists.ts'
import { withWordsFor } from '../subtitle-words.ts'
import { chunkingOptions } from './chunking-strategy.ts'

export const GRANULARITIES = ['word', 'segment'] as const
export const INCLUDES = ['logprobs', 'progress', 'statistics'] as const

export interface AudioForm extends WorkForm {
  readonly format: FormatName
  readonly subtitles: SubtitleOptions
  readonly granularities: readonly (typeof GRANULARITIES)[number][]
  readonly isStreamed: boolean
  /** Whether a stream tells how much of the recording is done. */
  readonly hasProgress: boolean
  /** Whether the answer says what it took: windows, retries and so on. */
  readonly hasStatistics: boolean
  /** Whether the answer has a log-probability for each token. */
  readonly hasLogprobs: boolean
  /** Whether the answer names the languages that were heard, as it does where several were offered. */
  readonly hasLanguages: boolean
}

const FIELDS = {
  response_format: [oneOf(FORMAT_NAMES), 'how the answer is written'],
  stream: [flag, 'send text by server-sent events as soon as it is there'],
} as const satisfies OptionTable

/** Every field that a table has, as its document has it. */
export function audioFormInfos(): OptionInfo[] {
  const options = decodingOptionInfos().filter(({ name }) => ![...REPLACED, 'word_timestamps'].includes(name))
  return [...describeOptions(FIELDS, { responseFormat: 'json', stream: false }), ...options, ...subtitleOptionInfos()]
}

/** Every list that is read: OpenAI's, and the pipeline's own. */
const LISTS = ['timestamp_granularities', 'include', 'keywords', ...LIST_OPTIONS]
/** Of the pipeline's options, those that a field of OpenAI's stands for. */
const REPLACED = ['task', 'temperature', 'languages', 'logprobs']
/** OpenAI's, which need to know who speaks. */
const UNSUPPORTED = ['known_speaker_names', 'known_speaker_references'] as const

export const FIELD_NAMES: readonly string[] = [
  ...['model', 'language', 'prompt', 'chunking_strategy', 'word_timestamps'],
  ...LISTS,
  ...UNSUPPORTED,
  ...audioFormInfos().map(({ name }) => name),
]

/** What of the route's own decides: which task, and which model serves where none is named. */
export interface AudioFormRules {
  readonly task: 'transcribe' | 'translate'
  readonly defaultModelId: string
}

/**
 * Reads the fields so far, each on its own. Unknown ones are ignored, as clients send more and more of them.
 *
 * @throws {OptionInvalidError} for a value that is not allowed, and for a field that is there twice;
 *   {LanguageUnknownError} for what is no language.
 */
export function readAudioForm(fields: FormFields, { task, defaultModelId }: AudioFormRules): AudioForm {
  for (const name of UNSUPPORTED) {
    if (listField(fields, name)) throw new OptionInvalidError(name, '…', 'no speakers: none are told apart')
  }
  const given = singleFields(fields, [...LISTS, ...UNSUPPORTED])
  const { responseFormat = 'json', stream = false } = parseGiven(FIELDS, given)
  const granularities = choices(fields, 'timestamp_granularities', GRANULARITIES)
  const include = choices(fields, 'include', INCLUDES)
  const { languages, temperature, ...lists } = listFields(fields, LIST_OPTIONS)
  const keywords = listField(fields, 'keywords')

  const own = Object.keys(OPTIONS).filter((name) => !REPLACED.includes(name))
  const options: RequestedOptions = {
    ...readOptions({
      ...Object.fromEntries(own.map((name) => [name, given[name]])),
      ...lists,
      temperature: temperatureField(temperature, fields.last().temperature),
      ...(given.prompt && { initial_prompt: given.prompt }),
      ...(keywords && { hotwords: keywords }),
      languages,
    }),
    ...chunkingOptions(given),
    ...(granularities.includes('word') && { wordTimestamps: true }),
    ...(include.includes('logprobs') && { logprobs: true }),
    task,
  }
  const subtitles = parseSubtitleOptions(given)
  return {
    modelId: given.model || defaultModelId,
    language: readLanguage(given.language),
    options: withWordsFor({ format: responseFormat, subtitles }, options),
    format: responseFormat,
    subtitles,
    granularities,
    isStreamed: stream,
    hasProgress: include.includes('progress'),
    hasStatistics: include.includes('statistics'),
    hasLogprobs: include.includes('logprobs'),
    hasLanguages: languages !== undefined && languages.length > 0,
  }
}

/**
 * Checks the fields of a complete form together.
 *
 * @throws {OptionInvalidError} for one that contradicts another.
 */
export function checkAudioForm({
  options,
  format,
  subtitles,
  granularities,
  isStreamed,
  hasLogprobs,
  hasProgress,
  hasStatistics,
}: AudioForm): void {
  const { wordTimestamps } = withDefaults(options)
  // Segments are the default, which Vercel's AI SDK names with every format.
  if (granularities.includes('word') && format !== 'verbose_json') {
    throw new OptionInvalidError('timestamp_granularities', 'word', 'it with response_format verbose_json')
  }
  if (hasLogprobs && format !== 'json') {
    throw new OptionInvalidError('include', 'logprobs', 'it with response_format json')
  }
  if (hasStatistics && format !== 'verbose_json') {
    throw new OptionInvalidError('include', 'statistics', 'it with response_format verbose_json')
  }
  if (hasProgress && !isStreamed) throw new OptionInvalidError('include', 'progress', 'it with stream')
  checkAnswerOptions(format, { wordTimestamps, subtitles })
}

/**
 * OpenAI's 0 means: as sure as possible, warmer where that fails, which is what our own default does. A list of it alone, such
 * as `0,`, means that.
 *
 * @param written  the field itself.
 */
function temperatureField(
  given: readonly string[] | undefined,
  written: string | undefined,
): readonly string[] | undefined {
  if (given === undefined || given.length > 1 || written?.includes(',')) return given
  const [temperature = 0] = given.map(Number)
  if (temperature === 0) return undefined
  if (!(temperature > 0 && temperature <= 1)) {
    throw new OptionInvalidError('temperature', given[0]!.slice(0, 100), 'a number from 0 to 1')
  }
  return given
}

function choices<const T extends string>(fields: FormFields, name: string, allowed: readonly T[]): T[] {
  return (listField(fields, name) ?? []).map((value) => {
    const choice = allowed.find((one) => one === value)
    if (!choice) throw new OptionInvalidError(name, value.slice(0, 100), `one of ${allowed.join(', ')}`)
    return choice
  })
}
