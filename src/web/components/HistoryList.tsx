/** The transcripts that this browser keeps. */

import { locale, regional, strings } from '../i18n/index.ts'
import { databaseState, type Summary } from '../state/database.ts'
import { AUDIO_BUDGET_BYTES, audioBytes, chooseAudioKept, isAudioKept, summaries } from '../state/history.ts'
import { jobs } from '../state/queue.ts'
import { route, transcriptAddress } from '../state/route.ts'
import { fileSize } from '../text/size.ts'
import { clock } from '../text/time.ts'
import { Archive } from './Archive.tsx'
import { askToDelete, askToDeleteAll } from './ask-to-delete.ts'
import { Icon } from './Icon.tsx'
import { IconButton } from './IconButton.tsx'

export function HistoryList() {
  const t = strings.value.list
  const list = summaries.value
  return (
    <section aria-labelledby="history-title">
      {(list.length > 0 || jobs.value.length === 0) && (
        <div class="list-head">
          <h2 id="history-title">{t.history}</h2>
        </div>
      )}
      {list.length === 0 && jobs.value.length === 0 && (
        <div class="empty">
          <p>{t.empty}</p>
          <p class="soft">{t.emptyHint}</p>
        </div>
      )}
      {list.length > 0 && (
        <ul class="entries">
          {list.map((summary) => (
            <HistoryEntry key={summary.id} summary={summary} />
          ))}
        </ul>
      )}
      <NotKept />
      {list.length > 0 && <HistoryFoot />}
      <Archive />
    </section>
  )
}

/** Why nothing is kept, or not now. */
function NotKept() {
  const state = databaseState.value
  if (state === 'opening' || state === 'open') return null
  return (
    <p class="note warn" role="status">
      {strings.value.list.notKept[state]}
    </p>
  )
}

function HistoryEntry({ summary }: { readonly summary: Summary }) {
  const t = strings.value.list
  const { id, name, durationSeconds, createdAt, beginning, isEdited } = summary
  const isOpen = route.value.view === 'transcript' && route.value.id === id
  return (
    <li class="entry">
      <a href={transcriptAddress(id)} aria-current={isOpen ? 'page' : undefined}>
        <span class="entry-name">{name}</span>
        <span class="entry-beginning">{beginning === '' ? t.noWords : beginning}</span>
        <span class="entry-detail">
          {clock(durationSeconds)} · {shortDate(createdAt)}
          {isEdited && ` · ${t.edited}`}
        </span>
      </a>
      <span class="entry-actions">
        <IconButton
          icon="trash"
          label={t.deleteOne(name)}
          title={strings.value.transcript.delete}
          size={16}
          onClick={() => void askToDelete(id, name)}
        />
      </span>
    </li>
  )
}

function HistoryFoot() {
  const t = strings.value.list
  const size = (bytes: number) => fileSize(bytes, locale.value)
  return (
    <div class="list-foot">
      <label class="check">
        <input
          type="checkbox"
          checked={isAudioKept.value}
          onChange={({ currentTarget }) => void chooseAudioKept(currentTarget.checked)}
        />
        <span>
          {t.keepAudio} <small>{t.keepAudioHint(size(audioBytes.value), size(AUDIO_BUDGET_BYTES))}</small>
        </span>
      </label>
      <button type="button" class="quiet small danger" onClick={() => void askToDeleteAll()}>
        <Icon name="trash" size={16} /> {t.deleteAll}
      </button>
    </div>
  )
}

/** The time for today, the date for other days. */
function shortDate(ms: number): string {
  const when = new Date(ms)
  const isToday = when.toDateString() === new Date().toDateString()
  return isToday
    ? when.toLocaleTimeString(regional.value, { timeStyle: 'short' })
    : when.toLocaleDateString(regional.value, { dateStyle: 'medium' })
}
