/** The recordings that are on their way. */

import { strings } from '../i18n/index.ts'
import { hasFailed, isOver, isRunning, type Job } from '../state/job.ts'
import { cancel, cancelAll, doneCount, jobs, retry } from '../state/queue.ts'
import { route, transcriptAddress } from '../state/route.ts'
import { askToRemove, askToRemoveFailed } from './ask-to-remove.ts'
import { Icon } from './Icon.tsx'
import { IconButton } from './IconButton.tsx'
import { fractionOf, stateDetail, stateWord } from './job-words.ts'
import { ProgressBar } from './ProgressBar.tsx'

export function JobList() {
  const list = jobs.value
  if (list.length === 0) return null
  const t = strings.value.list
  const total = list.length + doneCount.value
  const open = list.filter((job) => !isOver(job)).length
  const failed = list.filter(hasFailed).length
  return (
    <section aria-labelledby="queue-title">
      <div class="list-head">
        <h2 id="queue-title">{t.queue}</h2>
        {total > 1 && <span class="soft">{t.queueCount(doneCount.value, total)}</span>}
      </div>
      <ul class="entries">
        {list.map((job) => (
          <JobEntry key={job.id} job={job} />
        ))}
      </ul>
      <div class="list-foot">
        {open > 1 && (
          <button type="button" class="quiet small" onClick={cancelAll}>
            {t.cancelAll}
          </button>
        )}
        {failed > 1 && (
          <button type="button" class="quiet small" onClick={() => void askToRemoveFailed()}>
            {t.clearFailed}
          </button>
        )}
      </div>
    </section>
  )
}

function JobEntry({ job }: { readonly job: Job }) {
  const t = strings.value.list
  const { value: state } = job.state
  const isOpen = route.value.view === 'transcript' && route.value.id === job.id
  const detail = stateDetail(job)
  return (
    <li class={`entry ${state.kind}`}>
      <a href={transcriptAddress(job.id)} aria-current={isOpen ? 'page' : undefined}>
        <span class="entry-name">{job.name}</span>
        <span class="entry-detail">
          {(state.kind === 'failed' || state.kind === 'interrupted') && <Icon name="warning" size={14} />}{' '}
          {stateWord(job)}
          {detail !== '' && ` · ${detail}`}
        </span>
      </a>
      <span class="entry-actions">
        {hasFailed(job) && (
          <IconButton
            icon="retry"
            label={t.retryOne(job.name)}
            title={strings.value.job.retry}
            size={16}
            onClick={() => retry(job)}
          />
        )}
        {isOver(job) ? (
          <IconButton
            icon="close"
            label={t.removeOne(job.name)}
            title={strings.value.job.remove}
            size={16}
            onClick={() => void askToRemove(job)}
          />
        ) : (
          <IconButton
            icon="close"
            label={t.cancelOne(job.name)}
            title={strings.value.job.cancel}
            size={16}
            onClick={() => cancel(job)}
          />
        )}
      </span>
      {isRunning(job) && (
        <ProgressBar label={job.name} fraction={fractionOf(job)} text={`${stateWord(job)} ${detail}`} />
      )}
    </li>
  )
}
