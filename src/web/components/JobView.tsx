/** A recording on its way: how far it is, and the text that is there already. */

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { DETECTED } from '../../language-table.ts'
import { locale, strings } from '../i18n/index.ts'
import { hasFailed, isOver, type Job } from '../state/job.ts'
import { cancel, retry } from '../state/queue.ts'
import { go, NEW } from '../state/route.ts'
import { defaultModel, limits } from '../state/service.ts'
import { unkept } from '../state/unkept.ts'
import { fileSize } from '../text/size.ts'
import { clock } from '../text/time.ts'
import type { Transcript } from '../transcript/transcript.ts'
import { askToRemove } from './ask-to-remove.ts'
import { BackLink } from './BackLink.tsx'
import { Icon } from './Icon.tsx'
import { fractionOf, speedWords, stateDetail, stateWord } from './job-words.ts'
import { KeyNotice } from './KeyDialog.tsx'
import { Options } from './Options.tsx'
import { Player } from './Player.tsx'
import { ProblemNote } from './ProblemNote.tsx'
import { ProgressBar } from './ProgressBar.tsx'
import { SaveRecording } from './SaveRecording.tsx'
import { ReadOnlySegments } from './SegmentList.tsx'
import { TranscriptActions } from './TranscriptActions.tsx'
import { ViewTitle } from './ViewTitle.tsx'

export function JobView({ job }: { readonly job: Job }) {
  const t = strings.value.job
  const segments = job.segments.value
  const duration = job.durationSeconds.value
  return (
    <article class="transcript">
      <BackLink />
      <div class="transcript-head">
        <ViewTitle>{job.name}</ViewTitle>
        <p class="details">
          {[duration !== undefined && clock(duration), fileSize(job.file.size, locale.value)]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      <KeyNotice />
      <JobStatus job={job} />
      <Player id={job.id} recording={job.file} durationSeconds={duration} segments={segments} />
      {job.isFromMicrophone && (
        <div class="actions">
          <SaveRecording name={job.name} recording={job.file} />
        </div>
      )}
      {isOver(job) && job.isFromMicrophone && <Options />}
      {isOver(job) && segments.length > 0 && <TranscriptActions transcript={partialTranscript(job)} />}
      {segments.length > 0 ? (
        <ReadOnlySegments segments={segments} />
      ) : (
        !isOver(job) && <p class="waiting-text">{t.noTextYet}</p>
      )}
    </article>
  )
}

function JobStatus({ job }: { readonly job: Job }) {
  const { kind } = job.state.value
  if (kind === 'recorded') return <JobRecorded job={job} />
  return hasFailed(job) || kind === 'interrupted' ? <JobEnd job={job} /> : <JobProgress job={job} />
}

/** By the microphone, and not sent yet. */
function JobRecorded({ job }: { readonly job: Job }) {
  const t = strings.value.job
  return (
    <section class="note">
      <Icon name="microphone" />
      <div class="note-body">
        <strong>{t.recorded}</strong>
        <p>{unkept.value.has(`sound ${job.id}`) ? t.recordedUnkept : t.recordedHint}</p>
        <div class="note-actions">
          <button type="button" class="primary" onClick={() => retry(job)}>
            <Icon name="check" size={16} /> {t.transcribe}
          </button>
          <RemoveButton job={job}>{t.discard}</RemoveButton>
        </div>
      </div>
    </section>
  )
}

function RemoveButton({ job, children }: { readonly job: Job; readonly children: ComponentChildren }) {
  return (
    <button
      type="button"
      onClick={async () => {
        if (await askToRemove(job)) go(NEW)
      }}
    >
      {children}
    </button>
  )
}

function JobProgress({ job }: { readonly job: Job }) {
  const t = strings.value.job
  const now = useNow()
  const detail = stateDetail(job)
  return (
    <section class="card job-progress">
      <div class="job-progress-head">
        <p>
          <strong>{stateWord(job)}</strong> {detail !== '' && <span class="figures">{detail}</span>}
        </p>
        <button type="button" onClick={() => cancel(job)}>
          <Icon name="close" size={16} /> {t.cancel}
        </button>
      </div>
      <ProgressBar
        label={stateWord(job)}
        fraction={job.state.value.kind === 'waiting' ? 0 : fractionOf(job)}
        text={detail || undefined}
      />
      <p class="soft figures">{speedWords(job, now).join(' · ')}</p>
    </section>
  )
}

/** Failed, interrupted or cancelled. */
function JobEnd({ job }: { readonly job: Job }) {
  const t = strings.value.job
  const state = job.state.value
  const segments = job.segments.value
  const partial = segments.length > 0 && t.partial(clock(segments.at(-1)!.end)) // not empty
  const actions = (
    <>
      <button type="button" class="primary" onClick={() => retry(job)}>
        <Icon name="retry" size={16} /> {t.retry}
      </button>
      <RemoveButton job={job}>{t.remove}</RemoveButton>
    </>
  )
  if (state.kind === 'failed' || state.kind === 'interrupted') {
    return (
      <ProblemNote problem={state.problem} detail={problemDetail(job)}>
        {partial && <p class="soft">{partial}</p>}
        {actions}
      </ProblemNote>
    )
  }
  return (
    <div class="note">
      <Icon name="stop" />
      <div class="note-body">
        <strong>{t.cancelled}</strong>
        {partial && <p>{partial}</p>}
        <div class="note-actions">{actions}</div>
      </div>
    </div>
  )
}

function problemDetail({ state, file }: Job): string | undefined {
  const t = strings.value.problems
  const { value } = state
  if (value.kind === 'interrupted') return value.willRetry ? t.autoRetry : undefined
  if (value.kind !== 'failed' || value.problem.kind !== 'too-large') return undefined
  const limit = limits.value?.max_upload_bytes
  return limit === undefined
    ? undefined
    : t.tooLargeHere(fileSize(file.size, locale.value), fileSize(limit, locale.value))
}

/** What there was when the work ended, for whoever wants to take it along. */
function partialTranscript({ id, name, options, segments, durationSeconds }: Job): Transcript {
  return {
    id,
    name,
    createdAt: Date.now(),
    durationSeconds: durationSeconds.value ?? segments.value.at(-1)?.end ?? 0,
    task: options.task,
    language: options.language === DETECTED ? undefined : options.language,
    languageProbability: undefined,
    model: options.model ?? defaultModel.value?.id,
    processingSeconds: undefined,
    segments: segments.value,
    warnings: [],
    isPartial: true,
  }
}

/** Milliseconds since 1970, told anew each second. */
function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
