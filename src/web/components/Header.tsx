/** Name of the service, its models at a glance, and how the page looks and speaks. */

import { apiKey, keyNeed } from '../api/key.ts'
import { chooseTheme, THEMES, type Theme, theme } from '../browser/theme.ts'
import { chooseLocale, LOCALES, type Locale, locale, strings } from '../i18n/index.ts'
import { connection } from '../state/connection.ts'
import { MODELS, NEW, route } from '../state/route.ts'
import { engines, loadedModels } from '../state/service.ts'
import { type IconName, Mark } from './Icon.tsx'
import { IconButton } from './IconButton.tsx'
import { isKeyDialogOpen } from './KeyDialog.tsx'

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { system: 'system', light: 'sun', dark: 'moon' }

export function Header() {
  const t = strings.value.header
  return (
    <header class="header">
      <a class="brand" href={NEW} aria-label={t.home}>
        <Mark />
        <span>Paradox ASR</span>
      </a>
      <div class="header-tools">
        <ModelChip />
        {(apiKey.value !== undefined || keyNeed.value !== 'none') && (
          <IconButton icon="key" label={t.key} onClick={openKeyDialog} />
        )}
        <LocaleChoice />
        <ThemeButton />
      </div>
    </header>
  )
}

function openKeyDialog() {
  isKeyDialogOpen.value = true
}

function ModelChip() {
  const t = strings.value.header
  const names = loadedModels.value.map(({ id }) => id).join(', ')
  const isPreparing = names === '' && engines.value.some(({ state }) => state === 'preparing')
  const isLoading = isPreparing || engines.value.some(({ state }) => state === 'loading')
  const state =
    connection.value !== 'online' ? connection.value : isLoading ? 'loading' : names === '' ? 'idle' : 'loaded'
  const text = { connecting: t.connecting, offline: t.offline, loading: '…', idle: t.noModel, loaded: names }[state]
  return (
    <a class="chip" href={MODELS} aria-current={route.value.view === 'models' ? 'page' : undefined}>
      <span class={`dot ${state}`} />
      <span class="chip-label">{t.models}</span>
      <span class="chip-value">{text}</span>
    </a>
  )
}

function LocaleChoice() {
  return (
    <fieldset class="segmented" aria-label={strings.value.header.language}>
      {(Object.keys(LOCALES) as Locale[]).map((code) => (
        <button
          key={code}
          type="button"
          lang={code}
          aria-label={LOCALES[code]}
          title={LOCALES[code]}
          aria-pressed={locale.value === code}
          onClick={() => chooseLocale(code)}
        >
          {code.slice(0, 2).toUpperCase()}
        </button>
      ))}
    </fieldset>
  )
}

/** One button for the three: each click goes to the next. */
function ThemeButton() {
  const { theme: label, themes } = strings.value.header
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]! // the remainder is an index
  const name = `${label}: ${themes[theme.value]}`
  return <IconButton icon={THEME_ICONS[theme.value]} label={name} onClick={() => chooseTheme(next)} />
}
