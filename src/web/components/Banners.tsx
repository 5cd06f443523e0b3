/** What concerns the whole page: the service is away, or busy. */

import type { Signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { strings } from '../i18n/index.ts'
import { checkConnection, connection, nextAttemptAt } from '../state/connection.ts'
import { heldUntil } from '../state/queue.ts'
import { Icon } from './Icon.tsx'

export function Banners() {
  return (
    <>
      <OfflineBanner />
      <BusyBanner />
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
