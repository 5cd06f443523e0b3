/** The state of a job in words and as a fraction. */

import { decimal, locale, percent, strings } from '../i18n/index.ts'
import type { Job } from '../state/job.ts'
import { heldUntil } from '../state/queue.ts'
import { defaultModel, engines, limits, models } from '../state/service.ts'
import { fileSize } from '../text/size.ts'
import { clock } from '../text/time.ts'

/** One or two words. */
export function stateWord({ state }: Job): string {
  const t = strings.value.job
  const { kind } = state.value
  return kind === 'waiting' && heldUntil.value !== undefined ? t.held : t[kind]
}

/** What there is to say beyond the word, such as seconds done of seconds known; empty where there is nothing. */
export function stateDetail(job: Job): string {
  const t = strings.value.job
  const state = job.state.value
  const total = job.durationSeconds.value
  if (state.kind === 'uploading') return t.sent(percent(state.fraction), fileSize(job.file.size, locale.value))
  if (state.kind === 'starting') return reasonToWait(job)
  if (state.kind === 'failed') return strings.value.problems[state.problem.kind]
  if (state.kind !== 'transcribing') return ''
  const done = clock(state.doneSeconds)
  return total === undefined ? t.progressUnknown(done) : t.progress(done, clock(total))
}

/** How fast it goes and how long it will take, once there is something to judge by. */
export function speedWords({ state, durationSeconds }: Job, now: number): readonly string[] {
  const t = strings.value.job
  const { value } = state
  if (value.kind !== 'transcribing' || value.doneSeconds <= 0) return []
  const elapsedSeconds = (now - value.startedAt) / 1000
  if (elapsedSeconds < 1) return []
  const speed = value.doneSeconds / elapsedSeconds
  const left = durationSeconds.value === undefined ? undefined : (durationSeconds.value - value.doneSeconds) / speed
  return [timesRealTime(speed), ...(left !== undefined && left >= 1 ? [t.remaining(clock(left + 1))] : [])]
}

/** @param speed  seconds of the recording in a second. */
export function timesRealTime(speed: number): string {
  return strings.value.job.speed(decimal(speed, speed < 10 ? 1 : 0))
}

/** 0 to 1; undefined where it is not known, and where nothing goes on. */
export function fractionOf({ state, durationSeconds }: Job): number | undefined {
  const { value } = state
  if (value.kind === 'uploading') return value.fraction
  if (value.kind !== 'transcribing' || !durationSeconds.value) return undefined
  return Math.min(1, value.doneSeconds / durationSeconds.value)
}

/** Why nothing has come back yet, as far as the service tells. */
function reasonToWait({ options }: Job): string {
  const t = strings.value.job
  const id = options.model ?? defaultModel.value?.id
  const { state, stage } = engines.value.find((engine) => engine.id === id) ?? {}
  if (state === 'loaded') {
    const waiting = limits.value?.waiting ?? 0
    return waiting > 1 ? t.inLine(waiting - 1) : ''
  }
  const isDownloaded = models.value?.find((model) => model.id === id)?.state !== 'not downloaded'
  if (!isDownloaded || stage === 'download') return t.downloadingModel
  return state === 'loading' || state === 'preparing' ? t.loadingModel : ''
}
