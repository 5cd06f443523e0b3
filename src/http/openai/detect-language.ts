/** `POST /v1/audio/detect-language`, which OpenAI does not have: what is spoken, without what is said. */

import { readOptions } from '../../transcribe/options.ts'
import { type LanguageDetection, languageName } from '../../transcript/index.ts'
import type { FormFields, WorkForm } from '../recordings/index.ts'
import { listField, singleFields } from './form-lists.ts'

/** Options of the pipeline that have a part in it. */
export const DETECTION_OPTIONS = [
  'language_detection_segments',
  'language_detection_threshold',
  'vad_filter',
  'threshold',
] as const

/** @throws {OptionInvalidError} for a value that is not allowed. */
export function readDetectionForm(fields: FormFields, defaultModelId: string): WorkForm {
  const given = singleFields(fields, ['languages'])
  const options = readOptions({
    ...Object.fromEntries(DETECTION_OPTIONS.map((name) => [name, given[name]])),
    languages: listField(fields, 'languages').join(','),
  })
  return { modelId: given.model || defaultModelId, language: undefined, options }
}

export function languageAnswer({ language, probability, votes, durationSeconds }: LanguageDetection): object {
  return {
    language: languageName(language),
    code: language,
    probability,
    languages: votes.map(([code, vote]) => ({ language: languageName(code), code, probability: vote })),
    /** Seconds of the recording that were listened to. */
    duration: Math.round(durationSeconds * 1000) / 1000,
  }
}
