/** What concerns the whole page: the service is away or busy, or something is not kept or not sent. */

import type { Signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { strings } from '../i18n/index.ts'
import { checkConnection, connection, nextAttemptAt } from '../state/connection.ts'
import { databaseState } from '../state/database.ts'
import { heldUntil, jobs } from '../state/queue.ts'
import { recorderState } from '../state/recorder.ts'
import { route, transcriptAddress } from '../state/route.ts'
import { retryUnkept, unkept } from '../state/unkept.ts'
import { Icon } from './Icon.tsx'

export function Banners() {
  return (
    <>
      <OfflineBanner />
      <BusyBanner />
      <UnkeptBanner />
      <RecordedBanner />
    </>
  )
}

function OfflineBanner() {
  if (connection.value !== 'offline') return null
  const t = strings.value.connection
  return (
    <div class="banner warn" role="alert">
      <Icon name="offline" />
      <p>
        <strong>{t.offline}</strong> {t.offlineHint}
      </p>
      <span class="banner-end">
        <Countdown until={nextAttemptAt} text={t.again} done={t.trying} />
        <button type="button" onClick={() => void checkConnection()}>
          {t.tryNow}
        </button>
      </span>
    </div>
  )
}

function BusyBanner() {
  if (heldUntil.value === undefined || connection.value === 'offline') return null
  const t = strings.value.busy
  return (
    <div class="banner warn" role="status">
      <Icon name="warning" />
      <p>
        <strong>{t.title}</strong> <Countdown until={heldUntil} text={t.again} done="" />
      </p>
    </div>
  )
}

/** What is in memory alone, since the browser has no room for it. Where it keeps nothing at all, the list says so. */
function UnkeptBanner() {
  if (unkept.value.size === 0 || databaseState.value !== 'open') return null
  const t = strings.value.storage
  return (
    <div class="banner warn" role="alert">
      <Icon name="warning" />
      <p>
        <strong>{t.full}</strong> {t.fullHint}
      </p>
      <span class="banner-end">
        <button type="button" onClick={() => void retryUnkept()}>
          {t.tryAgain}
        </button>
      </span>
    </div>
  )
}

/** Recordings of the microphone that were not sent, such as those from before a crash. */
function RecordedBanner() {
  const shown = route.value
  const waiting = jobs.value.filter(({ id, state }) => {
    return state.value.kind === 'recorded' && !(shown.view === 'transcript' && shown.id === id)
  })
  const [first] = waiting
  if (first === undefined || recorderState.value.kind === 'ended') return null
  const t = strings.value.recorder
  return (
    <div class="banner" role="status">
      <Icon name="microphone" />
      <p>{t.unsent(first.name, waiting.length - 1)}</p>
      <a class="button" href={transcriptAddress(first.id)}>
        {t.open}
      </a>
    </div>
  )
}

interface CountdownProps {
  readonly until: Signal<number | undefined>
  readonly text: (seconds: number) => string
  /** When there is nothing to count. */
  readonly done: string
}

/** Not read out each second: its banner is read once. */
function Countdown({ until, text, done }: CountdownProps) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  const left = until.value === undefined ? 0 : Math.ceil((until.value - now) / 1000)
  return (
    <span class="countdown" aria-hidden="true">
      {left > 0 ? text(left) : done}
    </span>
  )
}
