/** `POST /v1/audio/detect-language`, which OpenAI does not have: what is spoken, without what is said. */

import { z } from 'zod'
import { describeOptions, type OptionInfo, type OptionTable, parseGiven } from '../../../option-table.ts'
import type { DataOf } from '../../../schema.ts'
import { type LanguageDetection, languageName } from '../../../transcript/index.ts'
import { decodingOptionInfos, ONE_CHANNEL, readOptions } from '../../../whisper/options.ts'
import type { FormFields, WorkForm } from '../../recordings/index.ts'
import { listField, singleFields } from '../form-lists.ts'

/** Options of the pipeline that have a part in it. */
export const DETECTION_OPTIONS = [
  'track',
  'language_detection_segments',
  'language_detection_threshold',
  'vad_filter',
  'threshold',
] as const

const CHANNEL = { channel: ONE_CHANNEL } as const satisfies OptionTable

export const DETECTION_FIELDS: readonly string[] = ['model', 'languages', 'channel', ...DETECTION_OPTIONS]

/** Those of the table, as its document has them. */
export function detectionInfos(): OptionInfo[] {
  const options = decodingOptionInfos().filter(({ name }) => DETECTION_OPTIONS.some((one) => one === name))
  return [...options, ...describeOptions(CHANNEL, { channel: 'mix' })]
}

/** @throws {OptionInvalidError} for a value that is not allowed. */
export function readDetectionForm(fields: FormFields, defaultModelId: string): WorkForm {
  const given = singleFields(fields, ['languages'])
  const options = readOptions({
    ...Object.fromEntries(DETECTION_OPTIONS.map((name) => [name, given[name]])),
    languages: listField(fields, 'languages'),
  })
  return {
    modelId: given.model || defaultModelId,
    language: undefined,
    options: { ...options, ...parseGiven(CHANNEL, given) },
  }
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
