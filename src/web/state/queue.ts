/** The recordings that are on their way, several at a time if the reader wants it and the service takes them. */

import { computed, effect, signal } from '@preact/signals'
import { keyNeed } from '../api/key.ts'
import { type Problem, ProblemError } from '../api/problem.ts'
import { transcribe } from '../api/transcribe.ts'
import { durationOf } from '../audio/duration.ts'
import { strings } from '../i18n/index.ts'
import type { Answer } from '../transcript/answer.ts'
import type { Transcript } from '../transcript/transcript.ts'
import { announce } from './announce.ts'
import { dropCapture, releaseCapture } from './captures.ts'
import { checkConnection, connection, whenReachable } from './connection.ts'
import { keepTranscript } from './history.ts'
import { hasFailed, isOver, isRunning, type Job, type JobState, newJob } from './job.ts'
import { chosenOptions, isParallel, MOST_AT_ONCE } from './options.ts'
import { defaultModel, limits, refreshService } from './service.ts'

export const jobs = signal<readonly Job[]>([])
/** How many of this visit are done, until the queue is empty. */
export const doneCount = signal(0)
/** While the service is busy: when the next recording is sent, in ms since 1970. */
export const heldUntil = signal<number | undefined>(undefined)

/** A service that goes away whenever it gets this recording is not offered it again and again. */
const MOST_ATTEMPTS = 3
const BUSY_PAUSE_SECONDS = 5
const RESUME_PAUSE_MS = 1_000

/** How many recordings may be on their way together. */
export const mostAtOnce = computed(() => Math.max(1, Math.min(limits.value?.max_concurrency ?? 1, MOST_AT_ONCE)))

/** Puts recordings in line with the options as they are now. */
export function enqueue(files: readonly File[]): readonly Job[] {
  const options = chosenOptions()
  const added = files.map((file) => newJob(file, options))
  if (jobs.value.length === 0) doneCount.value = 0
  jobs.value = [...jobs.value, ...added]
  return added
}

/** Adds a recording of the microphone, which waits until it is sent or removed. */
export function addRecorded(id: string, file: File): void {
  jobs.value = [...jobs.value, newJob(file, chosenOptions(), id)]
}

export function findJob(id: string): Job | undefined {
  return jobs.value.find((job) => job.id === id)
}

/** A job that runs or waits is cancelled and stays in the list. */
export function cancel(job: Job): void {
  setState(job, { kind: 'cancelled' })
  job.abort.abort()
}

export function cancelAll(): void {
  for (const job of jobs.value) if (!isOver(job)) cancel(job)
}

/** A recording of the microphone is lost by this. */
export function remove(job: Job): void {
  if (!isOver(job)) cancel(job)
  jobs.value = jobs.value.filter((other) => other !== job)
  if (job.isFromMicrophone) void dropCapture(job.id)
}

export function removeFailed(): void {
  for (const job of jobs.value) if (hasFailed(job)) remove(job)
}

/** Sends it, for the first time or again; what is recorded here gets the options as they are now. */
export function retry(job: Job): void {
  job.attempts = 0
  if (job.isFromMicrophone) job.options = chosenOptions()
  setState(job, { kind: 'waiting' })
}

/** Starts what may start, whenever something has changed; the page calls it once. */
export function runQueue(): void {
  whenReachable(() => {
    void refreshService()
    for (const job of jobs.value) resume(job)
  })
  effect(() => {
    if (connection.value !== 'online' || keyNeed.value !== 'none' || heldUntil.value !== undefined) return
    const free = (isParallel.value ? mostAtOnce.value : 1) - jobs.value.filter(isRunning).length
    const next = jobs.value.filter(({ state }) => state.value.kind === 'waiting').slice(0, Math.max(0, free))
    // Not at once: what starts changes what this effect has read.
    queueMicrotask(() => {
      for (const job of next) if (job.state.value.kind === 'waiting') void run(job)
    })
  })
}

async function run(job: Job): Promise<void> {
  const tooLarge = problemOfSize(job)
  if (tooLarge !== undefined) return setState(job, { kind: 'failed', problem: tooLarge })
  const abort = new AbortController()
  job.abort = abort
  job.attempts++
  job.segments.value = []
  setState(job, { kind: 'uploading', fraction: 0 })
  if (job.durationSeconds.value === undefined) {
    void durationOf(job.file).then((seconds) => {
      job.durationSeconds.value ??= seconds
    })
  }
  const startedAt = Date.now()
  try {
    const answer = await transcribe(job.file, job.options, {
      signal: abort.signal,
      onSent: (fraction) => {
        if (fraction < 1) job.state.value = { kind: 'uploading', fraction }
        else if (job.state.value.kind === 'uploading') setState(job, { kind: 'starting' })
      },
      onProgress: (doneSeconds) => setState(job, { kind: 'transcribing', doneSeconds, startedAt }),
      onSegments: (segments) => {
        job.segments.value = segments
        const doneSeconds = Math.max(doneOf(job.state.value), segments.at(-1)?.end ?? 0)
        setState(job, { kind: 'transcribing', doneSeconds, startedAt })
      },
    })
    await finish(job, answer, startedAt)
  } catch (error) {
    if (!abort.signal.aborted) fail(job, error)
  }
}

async function finish(job: Job, answer: Answer, startedAt: number): Promise<void> {
  const transcript: Transcript = {
    id: job.id,
    name: job.name,
    createdAt: Date.now(),
    task: job.options.task,
    model: job.options.model ?? defaultModel.value?.id,
    processingSeconds: (Date.now() - startedAt) / 1000,
    isPartial: false,
    isFromMicrophone: job.isFromMicrophone,
    ...answer,
  }
  const isKept = await keepTranscript(transcript, job.file) // first: until then the page must not be left
  doneCount.value++
  jobs.value = jobs.value.filter((other) => other !== job)
  announce(strings.value.job.announce(job.name, strings.value.job.done))
  void refreshService() // the model is loaded now
  if (isKept && job.isFromMicrophone) releaseCapture(job.id)
}

function fail(job: Job, error: unknown): void {
  const problem: Problem = error instanceof ProblemError ? error.problem : { kind: 'page', sentence: String(error) }
  switch (problem.kind) {
    case 'key':
      setState(job, { kind: 'waiting' }) // until there is a key
      break
    case 'busy':
      hold(job, problem)
      break
    case 'unreachable':
    case 'cut-off':
      interrupt(job, problem)
      break
    default:
      setState(job, { kind: 'failed', problem })
  }
}

function interrupt(job: Job, problem: Problem): void {
  setState(job, { kind: 'interrupted', problem, willRetry: job.attempts < MOST_ATTEMPTS })
  // Where the service answers all the same, it was the connection that broke, and there will be no coming back.
  void checkConnection().then((isThere) => {
    if (isThere) setTimeout(resume, RESUME_PAUSE_MS * job.attempts, job)
  })
}

/** A job that was interrupted goes to the line again. */
function resume(job: Job): void {
  const state = job.state.value
  if (state.kind === 'interrupted' && state.willRetry) setState(job, { kind: 'waiting' })
}

/** The service names the time after which it may have a place. */
function hold(job: Job, { retryAfterSeconds = BUSY_PAUSE_SECONDS }: Problem): void {
  const pauseMs = Math.max(1, retryAfterSeconds) * 1000
  heldUntil.value = Date.now() + pauseMs
  setTimeout(() => {
    heldUntil.value = undefined
  }, pauseMs)
  setState(job, { kind: 'waiting' })
  void refreshService()
}

function problemOfSize({ file }: Job): Problem | undefined {
  const limit = limits.value?.max_upload_bytes
  return limit !== undefined && file.size > limit ? { kind: 'too-large' } : undefined
}

function doneOf(state: JobState): number {
  return state.kind === 'transcribing' ? state.doneSeconds : 0
}

/** News are said once for each kind of state. */
function setState(job: Job, state: JobState): void {
  const before = job.state.value.kind
  job.state.value = state
  if (state.kind === before) return
  const t = strings.value.job
  announce(t.announce(job.name, t[state.kind]))
}
