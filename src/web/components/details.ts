/** What is known about a transcript, in short. */

import { locale, percent, regional, strings } from '../i18n/index.ts'
import { clock } from '../text/time.ts'
import { languageLabel } from '../transcript/languages.ts'
import type { Transcript } from '../transcript/transcript.ts'
import { timesRealTime } from './job-words.ts'

/** Length, language, model, speed, date. */
export function detailsOf(shown: Transcript): string[] {
  const { durationSeconds, language, languageProbability, task, model, createdAt, processingSeconds } = shown
  const t = strings.value
  const name = language === undefined ? undefined : languageLabel(language, locale.value)
  const details = [
    clock(durationSeconds),
    task === 'translate'
      ? t.transcript.translated
      : name !== undefined && languageProbability !== undefined
        ? t.transcript.language(name, percent(languageProbability))
        : name,
    model,
    processingSeconds && durationSeconds > 0 ? timesRealTime(durationSeconds / processingSeconds) : undefined,
    new Date(createdAt).toLocaleString(regional.value, { dateStyle: 'medium', timeStyle: 'short' }),
  ]
  return details.filter((detail) => detail !== undefined)
}
