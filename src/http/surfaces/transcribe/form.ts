/** The fields of `POST /transcribe` beside its file: read and checked by the tables that describe them. */

import { readLanguage } from '../../../languages.ts'
import { describeOptions, type OptionInfo, type OptionTable, oneOf, parseGiven } from '../../../option-table.ts'
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
  type RequestedOptions,
  readOptions,
  withDefaults,
} from '../../../whisper/options.ts'
import type { FormFields } from '../../recordings/index.ts'
import { listFields } from '../form-lists.ts'
import { withWordsFor } from '../subtitle-words.ts'

/** A field that is missing or empty is undefined. */
export interface TranscribeForm {
  readonly modelId: string | undefined
  readonly language: string | undefined
  readonly format: FormatName
  readonly options: RequestedOptions
  readonly subtitles: SubtitleOptions
}

const FORMAT_OPTION = {
  response_format: [
    oneOf(FORMAT_NAMES),
    'how the answer is written; json is the answer of four keys, verbose_json everything that is known',
  ],
} as const satisfies OptionTable
const FORMAT_DEFAULT = { responseFormat: 'json' } as const

/**
 * Reads each field on its own, so that it can be done before all of them are there. Unknown ones are ignored.
 *
 * @throws {OptionInvalidError} for a value outside its range; {LanguageUnknownError} for what is no language.
 */
export function readForm(fields: FormFields): TranscribeForm {
  const given = fields.last()
  const { responseFormat } = { ...FORMAT_DEFAULT, ...parseGiven(FORMAT_OPTION, given) }
  const subtitles = parseSubtitleOptions(given)
  return {
    modelId: given.model_id || undefined,
    language: readLanguage(given.language),
    format: responseFormat,
    options: withWordsFor(
      { format: responseFormat, subtitles },
      readOptions({ ...given, ...listFields(fields, LIST_OPTIONS) }),
    ),
    subtitles,
  }
}

/**
 * Checks the fields of a complete form together.
 *
 * @throws {OptionInvalidError} for one that contradicts another.
 */
export function checkForm({ options, format, subtitles }: TranscribeForm): void {
  const { wordTimestamps, logprobs } = withDefaults(options)
  checkAnswerOptions(format, { wordTimestamps, logprobs, subtitles })
}

/** Every field that a table has, as its document has it. */
export function formInfos(): OptionInfo[] {
  return [...describeOptions(FORMAT_OPTION, FORMAT_DEFAULT), ...decodingOptionInfos(), ...subtitleOptionInfos()]
}

export const FIELD_NAMES: readonly string[] = ['model_id', 'language', ...formInfos().map(({ name }) => name)]
