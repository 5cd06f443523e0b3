/** Languages and tasks that a request may ask of a model, and those that it gets. */

import { LanguageUnknownError, OptionInvalidError } from '../errors/index.ts'
import { DETECTED, isDetectionAsked, readLanguage, resolveLanguage } from '../languages.ts'
import type { DecodingOptions } from '../whisper/index.ts'
import type { ModelEntry } from './registry.ts'

/** What of a model's generation config tells its languages. */
export interface ModelLanguages {
  readonly isMultilingual: boolean
  /** By their codes. */
  readonly languageIds: Pick<ReadonlyMap<string, number>, 'has' | 'keys'>
}

type AskedOptions = Partial<Pick<DecodingOptions, 'task' | 'multilingual' | 'languages'>>
type EntryLanguages = Pick<ModelEntry, 'language' | 'defaultLanguage'>

/**
 * Refuses what a model cannot do, by the codes of its languages alone.
 *
 * @param codes  none: it knows only English.
 * @throws {LanguageUnknownError | OptionInvalidError}
 */
export function checkLanguages(
  codes: readonly string[],
  entry: EntryLanguages,
  requested: string | undefined,
  options: AskedOptions,
): void {
  const model = { isMultilingual: codes.length > 0, languageIds: new Set(codes) }
  checkTask(model, options)
  withLanguageCodes(model, options)
  languageFor(model, entry, requested, options)
}

/** @throws {OptionInvalidError} for what an English-only model cannot do. */
export function checkTask(
  { isMultilingual }: Pick<ModelLanguages, 'isMultilingual'>,
  { task, multilingual }: AskedOptions,
): void {
  if (isMultilingual) return
  if (task === 'translate') throw new OptionInvalidError('task', task, 'transcribe: this model knows only English')
  if (multilingual) throw new OptionInvalidError('multilingual', 'true', 'false: this model knows only English')
}

/**
 * The options with the languages to detect among as codes of the model.
 *
 * @throws {LanguageUnknownError} for one that the model does not know.
 */
export function withLanguageCodes<O extends AskedOptions>(
  { isMultilingual, languageIds }: ModelLanguages,
  options: O,
): O {
  if (options.languages === undefined || !isMultilingual) return options
  const codes = options.languages.map((language) => resolveLanguage(language, languageIds.keys(), 'languages'))
  return { ...options, languages: codes.length > 0 ? codes : undefined }
}

/**
 * The request's language, else the entry's, else the service's; undefined for detection. The service's own gives way
 * to candidates that the request names, and to detection where the model does not know it: no request asked for it.
 *
 * @throws {LanguageUnknownError} for one that the model does not know.
 */
export function languageFor(
  { isMultilingual, languageIds }: ModelLanguages,
  { language, defaultLanguage }: EntryLanguages,
  requested: string | undefined,
  { languages }: AskedOptions,
): string | undefined {
  if (isMultilingual) {
    const ofService = languages?.length || !languageIds.has(defaultLanguage ?? '') ? undefined : defaultLanguage
    const wanted = requested ?? language ?? ofService
    return wanted === undefined || isDetectionAsked(wanted) ? undefined : resolveLanguage(wanted, languageIds.keys())
  }
  if (requested !== undefined && !isDetectionAsked(requested) && !isEnglish(requested)) {
    throw new LanguageUnknownError(
      requested,
      'Leave language out, or choose a multilingual model: this one knows only English.',
    )
  }
  return 'en'
}

/** @param code  what the model was given for the language that was requested. */
export function substitutionWarnings(requested: string | undefined, code: string | undefined): string[] {
  const asked = readLanguage(requested)
  if (asked === undefined || asked === DETECTED || asked === code) return []
  return [`The model does not know the language '${asked}', so '${code}' was written.`]
}

function isEnglish(language: string): boolean {
  try {
    return resolveLanguage(language, ['en']) === 'en'
  } catch {
    return false
  }
}
