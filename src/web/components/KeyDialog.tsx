/** Asks for the API key, where the service wants one, and forgets it again. */

import { signal } from '@preact/signals'
import { useId, useState } from 'preact/hooks'
import { apiKey, forgetKey, isKeyRemembered, keepKey, keyNeed } from '../api/key.ts'
import { isKeyKnown } from '../api/service.ts'
import { strings } from '../i18n/index.ts'
import { refreshService } from '../state/service.ts'
import { Dialog } from './Dialog.tsx'
import { Icon } from './Icon.tsx'

/** Opened by hand; a refusal shows the form in the page instead. */
export const isKeyDialogOpen = signal(false)

export function KeyDialog() {
  if (!isKeyDialogOpen.value) return null
  const t = strings.value.key
  const close = () => {
    isKeyDialogOpen.value = false
  }
  return (
    <Dialog title={t.label} onClose={close}>
      {apiKey.value !== undefined && <p>{t.inUse}</p>}
      <KeyForm onDone={close} />
      <div class="dialog-actions">
        {apiKey.value !== undefined && (
          <button
            type="button"
            class="danger"
            onClick={() => {
              forgetKey()
              close()
              void refreshService()
            }}
          >
            {t.forget}
          </button>
        )}
        <button type="button" onClick={close}>
          {t.close}
        </button>
      </div>
    </Dialog>
  )
}

/** In the place of everything that needs a key. */
export function KeyNotice() {
  if (keyNeed.value === 'none') return null
  const t = strings.value.key
  return (
    <section class="card key-notice" aria-labelledby="key-title">
      <h2 id="key-title">
        <Icon name="key" /> {t.title}
      </h2>
      <p class="soft">{t.lead}</p>
      <KeyForm />
    </section>
  )
}

type Trial = 'none' | 'checking' | 'wrong' | 'unreachable' | 'empty'

function KeyForm({ onDone }: { readonly onDone?: () => void }) {
  const t = strings.value.key
  const [key, setKey] = useState('')
  const [isShown, show] = useState(false)
  const [isRemembered, setRemembered] = useState(isKeyRemembered)
  const [trial, setTrial] = useState<Trial>(keyNeed.value === 'wrong' ? 'wrong' : 'none')
  const [field, message] = [useId(), useId()]

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const given = key.trim()
    if (given === '') return setTrial('empty')
    setTrial('checking')
    const isKnown = await isKeyKnown(given)
    if (isKnown === undefined) return setTrial('unreachable')
    if (!isKnown) return setTrial('wrong')
    keepKey(given, isRemembered)
    void refreshService()
    onDone?.()
  }

  const hasFailed = trial !== 'none' && trial !== 'checking'
  return (
    <form class="key-form" onSubmit={submit}>
      <label class="field" for={field}>
        <span>{t.label}</span>
        <span class="with-button">
          <input
            id={field}
            type={(isShown ? 'text' : 'password') as 'password'} // the types know no field that is both
            autocomplete="off"
            spellcheck={false}
            value={key}
            aria-invalid={hasFailed}
            aria-describedby={message}
            onInput={({ currentTarget }) => setKey(currentTarget.value)}
          />
          <button type="button" aria-pressed={isShown} onClick={() => show(!isShown)}>
            {isShown ? t.hide : t.show}
          </button>
        </span>
      </label>
      <p id={message} class="field-error" role="status">
        {hasFailed && t[trial]}
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={isRemembered}
          onChange={({ currentTarget }) => setRemembered(currentTarget.checked)}
        />
        <span>
          {t.remember} <small>{t.rememberHint}</small>
        </span>
      </label>
      <button type="submit" class="primary" disabled={trial === 'checking'}>
        {trial === 'checking' ? t.checking : t.use}
      </button>
    </form>
  )
}
