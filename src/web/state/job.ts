/** A recording on its way to a transcript. */

import { type Signal, signal } from '@preact/signals'
import type { Problem } from '../api/problem.ts'
import type { TranscribeOptions } from '../api/transcribe.ts'
import type { Segment } from '../transcript/transcript.ts'

export type JobState =
  /** By the microphone, and not sent yet. */
  | { readonly kind: 'recorded' }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'uploading'; readonly fraction: number }
  /** All is sent, and nothing has come back. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'transcribing'; readonly doneSeconds: number; readonly startedAt: number }
  | { readonly kind: 'failed'; readonly problem: Problem }
  /** The service went away; the job goes on when it is back, if `willRetry`. */
  | { readonly kind: 'interrupted'; readonly problem: Problem; readonly willRetry: boolean }
  | { readonly kind: 'cancelled' }

export interface Job {
  readonly id: string
  readonly name: string
  readonly file: File
  /** The file exists nowhere else. */
  readonly isFromMicrophone: boolean
  options: TranscribeOptions
  readonly state: Signal<JobState>
  readonly segments: Signal<readonly Segment[]>
  readonly durationSeconds: Signal<number | undefined>
  /** How often it was sent. */
  attempts: number
  /** Ends the attempt that is under way. */
  abort: AbortController
}

/** @param recordedAs  id of a recording of the microphone. */
export function newJob(file: File, options: TranscribeOptions, recordedAs?: string): Job {
  return {
    id: recordedAs ?? newId(),
    name: file.name,
    file,
    isFromMicrophone: recordedAs !== undefined,
    options,
    state: signal<JobState>({ kind: recordedAs === undefined ? 'waiting' : 'recorded' }),
    segments: signal<readonly Segment[]>([]),
    durationSeconds: signal<number | undefined>(undefined),
    attempts: 0,
    abort: new AbortController(),
  }
}

/** Not `crypto.randomUUID`, which browsers keep from pages of plain http on another machine. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function isRunning({ state }: Job): boolean {
  return ['uploading', 'starting', 'transcribing'].includes(state.value.kind)
}

/** True where nothing more happens unless somebody asks for it. */
export function isOver(job: Job): boolean {
  return job.state.value.kind === 'recorded' || hasFailed(job)
}

/** True where it was sent and there will be no transcript, unless it is sent again. */
export function hasFailed({ state }: Job): boolean {
  return state.value.kind === 'failed' || state.value.kind === 'cancelled' || isGivenUp(state.value)
}

function isGivenUp(state: JobState): boolean {
  return state.kind === 'interrupted' && !state.willRetry
}
