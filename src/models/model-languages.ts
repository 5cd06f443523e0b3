/** Languages and tasks that a request may ask of a model, and those that it gets. */

import type { GenerationConfig } from '../checkpoint/index.ts'
import { LanguageUnknownError, OptionInvalidError } from '../errors/index.ts'
import { isDetectionAsked, resolveLanguage } from '../languages.ts'
import type { DecodingOptions } from '../whisper/index.ts'
import type { ModelEntry } from './registry.ts'

/** @throws {OptionInvalidError} for what an English-only model cannot do. */
export function checkTask({ isMultilingual }: GenerationConfig, { task, multilingual }: DecodingOptions): void {
  if (isMultilingual) return
  if (task === 'translate') throw new OptionInvalidError('task', task, 'transcribe: this model knows only English')
  if (multilingual) throw new OptionInvalidError('multilingual', 'true', 'false: this model knows only English')
}

/**
 * The options with the languages to detect among as codes of the model.
 *
 * @throws {LanguageUnknownError} for one that the model does not know.
 */
export function withLanguageCodes(
  { isMultilingual, languageIds }: GenerationConfig,
  options: DecodingOptions,
): DecodingOptions {
  if (options.languages === undefined || !isMultilingual) return options
  const codes = options.languages.map((language) => {
    try {
      return resolveLanguage(language, languageIds.keys())
    } catch (error) {
      if (!(error instanceof LanguageUnknownError)) throw error
      throw new LanguageUnknownError(language, error.remedy, 'languages')
    }
  })
  return { ...options, languages: codes.length > 0 ? codes : undefined }
}

/**
 * The request's language, else the entry's, else the service's; undefined for detection. The service's own gives way
 * to candidates that the request names, and to detection where the model does not know it: no request asked for it.
 *
 * @throws {LanguageUnknownError} for one that the model does not know.
 */
export function languageFor(
  { isMultilingual, languageIds }: GenerationConfig,
  { language, defaultLanguage }: Pick<ModelEntry, 'language' | 'defaultLanguage'>,
  requested: string | undefined,
  { languages }: Pick<DecodingOptions, 'languages'>,
): string | undefined {
  if (isMultilingual) {
    const ofService = languages?.length || !languageIds.has(defaultLanguage ?? '') ? undefined : defaultLanguage
    const wanted = requested ?? language ?? ofService
    return wanted === undefined || isDetectionAsked(wanted) ? undefined : resolveLanguage(wanted, languageIds.keys())
  }
  if (requested !== undefined && !isDetectionAsked(requested) && !isEnglish(requested)) {
    throw new LanguageUnknownError(requested, 'This model knows only English; choose a multilingual one.')
  }
  return 'en'
}

function isEnglish(language: string): boolean {
  try {
    return resolveLanguage(language, ['en']) === 'en'
  } catch {
    return false
  }
}
