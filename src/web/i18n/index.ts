/** The page's language: the browser's, unless the reader chooses. */

import { computed, effect, signal } from '@preact/signals'
import { recall, remember } from '../browser/storage.ts'
import { en, type Strings } from './en.ts'
import { pt } from './pt.ts'

export const LOCALES = { en: 'English', 'pt-BR': 'Português' } as const
export type Locale = keyof typeof LOCALES

const TABLES: Readonly<Record<Locale, Strings>> = { en, 'pt-BR': pt }

function firstLocale(): Locale {
  const chosen = recall('locale')
  if (chosen === 'en' || chosen === 'pt-BR') return chosen
  const known = navigator.languages.find((language) => /^(en|pt)\b/i.test(language))
  return known !== undefined && /^pt/i.test(known) ? 'pt-BR' : 'en'
}

export const locale = signal<Locale>(firstLocale())

/** What the page says, in its language. */
export const strings = computed(() => TABLES[locale.value])

export function chooseLocale(chosen: Locale): void {
  locale.value = chosen
  remember('locale', chosen)
}

/** As the page's language, with the reader's own country where the browser names one: it decides how dates look. */
export const regional = computed(() => {
  const language = locale.value.slice(0, 2)
  return navigator.languages.find((known) => known.startsWith(`${language}-`)) ?? locale.value
})

/** `12 %` or `12%`, as the language writes it. */
export function percent(fraction: number): string {
  return new Intl.NumberFormat(locale.value, { style: 'percent', maximumFractionDigits: 0 }).format(fraction)
}

export function decimal(value: number, digits = 1): string {
  return new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(value)
}

/** Sets the document's own language, for screen readers and hyphenation. */
export function applyLocale(): void {
  effect(() => {
    document.documentElement.lang = locale.value
  })
}
