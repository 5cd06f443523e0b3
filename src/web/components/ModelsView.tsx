/** The models of the service: where each is, what it takes, and moving it into memory and out again. */

import { useEffect } from 'preact/hooks'
import type { Engine, Model } from '../api/models.ts'
import { decimal, locale, strings } from '../i18n/index.ts'
import {
  cancelDownload,
  type ModelWork,
  modelWork,
  startDownload,
  startLoading,
  startUnloading,
} from '../state/model-work.ts'
import { engines, models, refreshService, serviceProblem } from '../state/service.ts'
import { fileSize } from '../text/size.ts'
import { clock } from '../text/time.ts'
import { languageLabel } from '../transcript/languages.ts'
import { BackLink } from './BackLink.tsx'
import { Icon } from './Icon.tsx'
import { KeyNotice } from './KeyDialog.tsx'
import { ProblemNote } from './ProblemNote.tsx'
import { ProgressBar } from './ProgressBar.tsx'
import { ViewTitle } from './ViewTitle.tsx'

/** While the view is open the service is asked so often. */
const REFRESH_MS = 3_000

export function ModelsView() {
  useEffect(() => {
    void refreshService()
    const timer = setInterval(() => {
      if (!document.hidden) void refreshService()
    }, REFRESH_MS)
    return () => clearInterval(timer)
  }, [])
  const t = strings.value.models
  return (
    <div class="models">
      <BackLink />
      <ViewTitle>{t.title}</ViewTitle>
      <p class="lead">{t.lead}</p>
      <KeyNotice />
      <ModelList />
    </div>
  )
}

function ModelList() {
  const t = strings.value.models
  const problem = serviceProblem.value
  if (models.value === undefined) {
    if (problem === undefined) return <p class="waiting-text">{t.reading}</p>
    if (problem.kind === 'key') return null // it is asked for above
    return (
      <ProblemNote problem={problem} detail={t.failed}>
        <button type="button" onClick={() => void refreshService()}>
          {t.retry}
        </button>
      </ProblemNote>
    )
  }
  if (models.value.length === 0) return <p class="empty">{t.none}</p>
  const total = engines.value.reduce((sum, { resident_bytes }) => sum + (resident_bytes ?? 0), 0)
  return (
    <>
      <ul class="model-list">
        {models.value.map((model) => (
          <ModelCard key={model.id} model={model} />
        ))}
      </ul>
      {total > 0 && (
        <p class="soft">
          {t.memory}: {t.total(fileSize(total, locale.value))}
        </p>
      )}
    </>
  )
}

const ON_THEIR_WAY: ReadonlySet<string> = new Set(['preparing', 'loading', 'downloading'])

function ModelCard({ model }: { readonly model: Model }) {
  const t = strings.value.models
  const engine = engines.value.find(({ id }) => id === model.id)
  const work = modelWork.value.get(model.id)
  const state = engine?.state ?? (work?.kind === 'downloading' ? 'downloading' : model.state)
  const [language] = model.language ?? []
  return (
    <li class="card model">
      <div class="model-head">
        <h2>{model.id}</h2>
        <span class={`badge ${state.replace(' ', '-')}`}>
          <span class={`dot ${state === 'loaded' ? 'loaded' : ON_THEIR_WAY.has(state) ? 'loading' : 'idle'}`} />{' '}
          {t.states[state]}
        </span>
        <span class="model-actions">
          <ModelButtons model={model} engine={engine} work={work} />
        </span>
      </div>
      <p class="soft">
        {language === undefined ? t.speaksAll : t.speaks(languageLabel(language, locale.value))}
        {model.aliases.length > 0 && ` · ${t.aliases}: ${model.aliases.join(', ')}`}
      </p>
      {engine?.state === 'loaded' && <EngineFacts engine={engine} />}
      {work?.kind === 'downloading' && <Download work={work} id={model.id} />}
      {(work?.kind === 'loading' || engine?.state === 'loading' || engine?.state === 'preparing') && (
        <>
          <ProgressBar label={t.states[engine?.state ?? 'loading']} fraction={engine?.fraction ?? undefined} />
          <p class="hint">{t.loadingHint}</p>
        </>
      )}
      {work?.kind === 'failed' && <ProblemNote problem={work.problem} />}
    </li>
  )
}

interface ModelButtonsProps {
  readonly model: Model
  readonly engine: Engine | undefined
  readonly work: ModelWork | undefined
}

function ModelButtons({ model: { id, state }, engine, work }: ModelButtonsProps) {
  const t = strings.value.models
  const isBusy = work !== undefined && work.kind !== 'failed'
  if (work?.kind === 'downloading') {
    return (
      <button type="button" aria-label={t.cancelOf(id)} onClick={() => cancelDownload(id)}>
        {t.cancel}
      </button>
    )
  }
  if (engine?.state === 'loaded') {
    return (
      <button type="button" aria-label={t.unloadOf(id)} disabled={isBusy} onClick={() => void startUnloading(id)}>
        {t.unload}
      </button>
    )
  }
  const isLoading = isBusy || engine !== undefined || state === 'loading'
  return (
    <>
      {state === 'not downloaded' && (
        <button type="button" aria-label={t.downloadOf(id)} disabled={isLoading} onClick={() => void startDownload(id)}>
          <Icon name="download" size={16} /> {t.download}
        </button>
      )}
      <button type="button" aria-label={t.loadOf(id)} disabled={isLoading} onClick={() => void startLoading(id)}>
        {t.load}
      </button>
    </>
  )
}

function EngineFacts({ engine }: { readonly engine: Engine }) {
  const t = strings.value.models
  const { resident_bytes, requests, expires_at, load_seconds } = engine
  const left = expires_at === null ? undefined : (Date.parse(expires_at) - Date.now()) / 1000
  const facts = [
    [t.memory, resident_bytes === null ? '–' : fileSize(resident_bytes, locale.value)],
    [t.requests, String(requests)],
    [t.unloads, left === undefined ? t.stays : t.unloadsIn(clock(left))],
    [t.loadedIn, load_seconds === null ? '–' : t.seconds(decimal(load_seconds))],
  ] as const
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="figures">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Download({ work, id }: { readonly work: Extract<ModelWork, { kind: 'downloading' }>; readonly id: string }) {
  const t = strings.value.models
  const { progress } = work
  const size = (bytes: number) => fileSize(bytes, locale.value)
  const text = progress && t.downloading(progress.file, size(progress.doneBytes), size(progress.totalBytes))
  const fraction = progress && progress.totalBytes > 0 ? progress.doneBytes / progress.totalBytes : undefined
  return (
    <>
      <ProgressBar label={t.downloadOf(id)} fraction={fraction} text={text} />
      <p class="hint figures">{text}</p>
    </>
  )
}
