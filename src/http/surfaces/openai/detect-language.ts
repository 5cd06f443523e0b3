/** `POST /v1/audio/detect-language`, which OpenAI does not have: what is spoken, without what is said. */

import { z } from 'zod'
import type { DataOf } from '../../../schema.ts'
import { type LanguageDetection, languageName } from '../../../transcript/index.ts'
import { readOptions } from '../../../whisper/options.ts'
import type { FormFields, WorkForm } from '../../recordings/index.ts'
import { listField, singleFields } from '../form-lists.ts'

/** Options of the pipeline that have a part in it. */
export const DETECTION_OPTIONS = [
  'language_detection_segments',
  'language_detection_threshold',
  'vad_filter',
  'threshold',
] as const

export const DETECTION_FIELDS: readonly string[] = ['model', 'languages', ...DETECTION_OPTIONS]

/** @throws {OptionInvalidError} for a value that is not allowed. */
export function readDetectionForm(fields: FormFields, defaultModelId: string): WorkForm {
  const given = singleFields(fields, ['languages'])
  const options = readOptions({
    ...Object.fromEntries(DETECTION_OPTIONS.map((name) => [name, given[name]])),
    languages: listField(fields, 'languages'),
  })
  return { modelId: given.model || defaultModelId, language: undefined, options }
}

const heard = {
  language: z.string().describe('English name in lower case.'),
  code: z.string().describe('As Whisper has it, such as pt.'),
  probability: z.number().min(0).max(1),
}

export const detectionSchema = z.object({
  ...heard,
  languages: z.array(z.object(heard)),
  duration: z.number().min(0).describe('Seconds of the recording that were listened to.'),
})

export function languageAnswer(detection: LanguageDetection): DataOf<typeof detectionSchema> {
  const { language, probability, votes, durationSeconds } = detection
  return {
    language: languageName(language),
    code: language,
    probability,
    languages: votes.map(([code, vote]) => ({ language: languageName(code), code, probability: vote })),
    duration: Math.round(durationSeconds * 1000) / 1000,
  }
}
