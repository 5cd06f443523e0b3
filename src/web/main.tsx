/** Starts the page. */

import './styles/main.css'
import { effect } from '@preact/signals'
import { render } from 'preact'
import { keyNeed } from './api/key.ts'
import { applyTheme } from './browser/theme.ts'
import { App } from './components/App.tsx'
import { applyLocale } from './i18n/index.ts'
import { checkConnection, connection } from './state/connection.ts'
import { readHistory } from './state/history.ts'
import { askBeforeLeaving } from './state/leaving.ts'
import { rememberOptions } from './state/options.ts'
import { jobs, runQueue } from './state/queue.ts'
import { offerCaptures } from './state/recorder.ts'
import { refreshEngines, refreshService } from './state/service.ts'

/** While a recording waits for its first words, the service is asked why so often. */
const WAITING_REFRESH_MS = 2_000
/** Which models are in memory is asked so often; seldom enough for a service with a limit of requests. */
const ENGINES_REFRESH_MS = 30_000
/** The first seconds belong to the visitor. */
const IDLE_MS = 2_000

applyTheme()
applyLocale()
rememberOptions()
runQueue()
askBeforeLeaving()
void readHistory()
void offerCaptures()
void checkConnection()

effect(() => {
  const isWaiting = jobs.value.some(({ state }) => state.value.kind === 'starting')
  if (!isWaiting) return
  const timer = setInterval(() => void refreshService(), WAITING_REFRESH_MS)
  return () => clearInterval(timer)
})

setInterval(() => {
  if (!document.hidden && connection.value === 'online' && keyNeed.value === 'none') void refreshEngines()
}, ENGINES_REFRESH_MS)

// What draws recordings is not needed to begin, but where the service goes away it could not be had any more.
setTimeout(() => void import('wavesurfer.js').catch(() => {}), IDLE_MS)

render(<App />, document.getElementById('app')!) // in index.html
