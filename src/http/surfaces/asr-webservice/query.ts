/**
 * The parameters of `POST /asr` and `POST /detect-language`, which stand in the query and not in the form.
 *
 * @see ahmetoner/whisper-asr-webservice:app/webservice.py
 */

import { readLanguage } from '../../../languages.ts'
import { flag, type OptionTable, oneOf, parseGiven, text } from '../../../option-table.ts'
import {
  checkSubtitleOptions,
  parseSubtitleOptions,
  SUBTITLE_OPTIONS,
  type SubtitleOptions,
} from '../../../transcript/index.ts'
import { ONE_CHANNEL, OPTIONS } from '../../../whisper/options.ts'
import type { WorkForm } from '../../recordings/index.ts'
import { noSpeakers } from '../refusals.ts'
import { withWordsFor } from '../subtitle-words.ts'

/** `text` is what the original's documents say, `txt` what its program does. */
const OUTPUTS = ['txt', 'text', 'vtt', 'srt', 'tsv', 'json'] as const
export type AsrOutput = (typeof OUTPUTS)[number]

const ENCODE = {
  encode: [flag, 'false: the file is 16-bit little-endian mono samples at 16 kHz, without a header'],
} as const satisfies OptionTable

export const DETECTION_PARAMETERS = {
  ...ENCODE,
  track: OPTIONS.track,
  channel: ONE_CHANNEL,
} as const satisfies OptionTable
const OWN_PARAMETERS = {
  output: [oneOf(OUTPUTS), 'how the answer is written'],
  task: OPTIONS.task,
  language: [text(100), 'code or name of the spoken language, such as pt; auto: detected; left out, the model decides'],
  track: OPTIONS.track,
  channel: OPTIONS.channel,
  initial_prompt: OPTIONS.initial_prompt,
  vad_filter: OPTIONS.vad_filter,
  word_timestamps: OPTIONS.word_timestamps,
  seed: OPTIONS.seed,
  ...ENCODE,
  diarize: [noSpeakers, 'true is refused'],
} as const satisfies OptionTable
/** The original takes no layout of subtitles; ours has the same here as everywhere. */
export const ASR_PARAMETERS = { ...OWN_PARAMETERS, ...SUBTITLE_OPTIONS }

export interface AsrQuery extends WorkForm {
  readonly output: AsrOutput
  readonly subtitles: SubtitleOptions
  readonly isRawPcm: boolean
}

/**
 * Unknown parameters are ignored, as the original does.
 *
 * @param query  as the framework has parsed it: a parameter that is there twice is a list.
 * @throws {OptionInvalidError} for a value that is not allowed; {LanguageUnknownError} for what is no language.
 */
export function readAsrQuery(query: unknown, modelId: string): AsrQuery {
  const given = lastValues(query)
  const parsed = parseGiven(OWN_PARAMETERS, given)
  const { output = 'txt', language, encode = true, diarize: _refused, ...asked } = parsed
  const subtitles = parseSubtitleOptions(given)
  const options = withWordsFor({ format: output, subtitles }, asked)
  if (output === 'srt' || output === 'vtt') checkSubtitleOptions(subtitles, { format: output, hasWords: true })
  return { modelId, language: readLanguage(language), options, output, subtitles, isRawPcm: !encode }
}

/** @throws {OptionInvalidError} for a value that is not allowed. */
export function readDetectionQuery(query: unknown, modelId: string): WorkForm & { readonly isRawPcm: boolean } {
  const { encode = true, ...options } = parseGiven(DETECTION_PARAMETERS, lastValues(query))
  return { modelId, language: undefined, options, isRawPcm: !encode }
}

/** FastAPI takes the last of several values. */
function lastValues(query: unknown): Record<string, string> {
  const values = query as Readonly<Record<string, string | string[]>> // as the framework's parser makes it
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat().at(-1) ?? '']))
}
