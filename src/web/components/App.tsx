/** The whole page. */

import { strings } from '../i18n/index.ts'
import { news } from '../state/announce.ts'
import { route } from '../state/route.ts'
import { Banners } from './Banners.tsx'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { DropOverlay } from './DropOverlay.tsx'
import { Header } from './Header.tsx'
import { Intake } from './Intake.tsx'
import { KeyDialog } from './KeyDialog.tsx'
import { ModelsView } from './ModelsView.tsx'
import { RecorderBar } from './RecorderBar.tsx'
import { Sidebar } from './Sidebar.tsx'
import { TranscriptView } from './TranscriptView.tsx'

export function App() {
  return (
    <>
      <button type="button" class="skip-link" onClick={skipToContent}>
        {strings.value.skip}
      </button>
      <Header />
      <RecorderBar />
      <Banners />
      <div class="shell" data-view={route.value.view}>
        <main id="content" tabIndex={-1}>
          <View />
        </main>
        <Sidebar />
      </div>
      <div class="visually-hidden" role="status" aria-live="polite">
        {news.value}
      </div>
      <DropOverlay />
      <ConfirmDialog />
      <KeyDialog />
    </>
  )
}

function View() {
  const shown = route.value
  if (shown.view === 'transcript') return <TranscriptView key={shown.id} id={shown.id} />
  return shown.view === 'models' ? <ModelsView /> : <Intake />
}

/** No link, since the address says which view is shown. */
function skipToContent(): void {
  document.getElementById('content')?.focus()
}
