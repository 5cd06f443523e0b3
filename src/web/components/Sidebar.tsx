/** What is on its way and what is kept. */

import { strings } from '../i18n/index.ts'
import { NEW, route } from '../state/route.ts'
import { HistoryList } from './HistoryList.tsx'
import { Icon } from './Icon.tsx'
import { JobList } from './JobList.tsx'

export function Sidebar() {
  const t = strings.value.list
  return (
    <aside class="sidebar" aria-label={t.label}>
      <a class="button new-link" href={NEW} aria-current={route.value.view === 'new' ? 'page' : undefined}>
        <Icon name="plus" /> {t.newTranscript}
      </a>
      <JobList />
      <HistoryList />
    </aside>
  )
}
