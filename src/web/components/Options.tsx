/** What is asked of the service: model, language, task, and behind a fold the few options that matter now and then. */

import type { Signal } from '@preact/signals'
import { DETECTED, LANGUAGE_CODES } from '../../language-table.ts'
import type { Model } from '../api/models.ts'
import { locale, strings } from '../i18n/index.ts'
import { care, isParallel, keywords, language, model, prompt, task } from '../state/options.ts'
import { mostAtOnce } from '../state/queue.ts'
import { defaultModel, models } from '../state/service.ts'
import { languageLabel } from '../transcript/languages.ts'
import { Choice } from './Choice.tsx'

/** Before the others in the list: the page's own languages and their neighbours. */
const COMMON = ['pt', 'en', 'es', 'fr', 'de', 'it'] as const

export function Options() {
  const t = strings.value.options
  return (
    <section class="options" aria-label={t.title}>
      <div class="option-row">
        <ModelChoice />
        <LanguageChoice />
      </div>
      <Choice
        label={t.task}
        value={task.value}
        options={{ transcribe: t.transcribe, translate: t.translate }}
        onChoose={(chosen) => {
          task.value = chosen
        }}
      />
      <details class="more">
        <summary>{t.more}</summary>
        <div class="more-body">
          <TextOption label={t.prompt} hint={t.promptHint} value={prompt} />
          <TextOption label={t.keywords} hint={t.keywordsHint} value={keywords} />
          <div>
            <Choice
              label={t.beam}
              value={care.value}
              options={t.beams}
              onChoose={(chosen) => {
                care.value = chosen
              }}
            />
            <p class="hint">{t.beamHint}</p>
          </div>
          <ParallelOption />
        </div>
      </details>
    </section>
  )
}

function ModelChoice() {
  const t = strings.value.options
  const list = models.value ?? []
  const usual = defaultModel.value
  const chosen = list.find(({ id }) => id === model.value) ?? usual
  return (
    <label class="field">
      <span>{t.model}</span>
      <select
        value={list.some(({ id }) => id === model.value) ? model.value : ''}
        onChange={({ currentTarget }) => {
          model.value = currentTarget.value || undefined
        }}
      >
        <option value="">{usual === undefined ? t.defaultModel : withState(t.defaultIs(usual.id), usual)}</option>
        {list
          .filter(({ id }) => id !== usual?.id)
          .map((one) => (
            <option key={one.id} value={one.id}>
              {withState(one.id, one)}
            </option>
          ))}
      </select>
      {chosen?.state === 'not downloaded' && <small class="hint">{t.willDownload}</small>}
    </label>
  )
}

function withState(name: string, { state }: Model): string {
  return `${name} · ${strings.value.options.modelStates[state]}`
}

function LanguageChoice() {
  const t = strings.value.options
  const chosen = models.value?.find(({ id }) => id === model.value) ?? defaultModel.value
  const own = chosen?.language?.[0]
  const label = (code: string) => languageLabel(code, locale.value)
  const others = LANGUAGE_CODES.map((code) => ({ code, name: label(code) })).sort((a, b) =>
    a.name.localeCompare(b.name, locale.value),
  )
  return (
    <label class="field">
      <span>{t.language}</span>
      <select
        value={own === undefined && language.value === DETECTED ? '' : (language.value ?? '')}
        onChange={({ currentTarget }) => {
          language.value = currentTarget.value || undefined
        }}
      >
        <option value="">{own === undefined ? t.detect : t.modelsOwn(label(own))}</option>
        {own !== undefined && <option value={DETECTED}>{t.detect}</option>}
        <optgroup label={t.common}>
          {COMMON.map((code) => (
            <option key={code} value={code}>
              {label(code)}
            </option>
          ))}
        </optgroup>
        <optgroup label={t.allLanguages}>
          {others
            .filter(({ code }) => !COMMON.some((common) => common === code))
            .map(({ code, name }) => (
              <option key={code} value={code}>
                {name}
              </option>
            ))}
        </optgroup>
      </select>
    </label>
  )
}

interface TextOptionProps {
  readonly label: string
  readonly hint: string
  readonly value: Signal<string>
}

function TextOption({ label, hint, value }: TextOptionProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <textarea
        rows={2}
        maxLength={4000}
        value={value.value}
        onInput={({ currentTarget }) => {
          value.value = currentTarget.value
        }}
      />
      <small class="hint">{hint}</small>
    </label>
  )
}

function ParallelOption() {
  const t = strings.value.options
  const most = mostAtOnce.value
  if (most < 2) return null
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isParallel.value}
        onChange={({ currentTarget }) => {
          isParallel.value = currentTarget.checked
        }}
      />
      <span>
        {t.several} <small>{t.severalHint(most)}</small>
      </span>
    </label>
  )
}
