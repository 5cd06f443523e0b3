/** Recording the microphone: beside the views, so that none of them can end it. */

import { signal } from '@preact/signals'
import { Recorder, RecorderError, type RecorderFailure } from '../audio/recorder.ts'
import { locale, strings } from '../i18n/index.ts'
import { announce } from './announce.ts'
import { CaptureWriter, putCapture, takeOverCaptures } from './captures.ts'
import type { Capture } from './database.ts'
import { newId } from './job.ts'
import { addRecorded } from './queue.ts'

export type RecorderState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'failed'; readonly failure: RecorderFailure }
  | { readonly kind: 'recording'; readonly recorder: Recorder }
  /** By itself; what there is of it waits among the jobs. */
  | { readonly kind: 'ended'; readonly jobId: string }

export const recorderState = signal<RecorderState>({ kind: 'idle' })
/** False while what is being recorded is in memory alone, since the browser has no room for it. */
export const isCaptureKept = signal(true)

/** The recording that goes on: what becomes of it, and whether it is wanted. */
let current: { readonly ended: Promise<string | undefined>; isWanted: boolean } | undefined
/** A microphone that is allowed after the reader has lost patience is not used. */
let attempts = 0

export async function startRecording(): Promise<void> {
  if (recorderState.value.kind === 'asking' || recorderState.value.kind === 'recording') return
  const attempt = ++attempts
  recorderState.value = { kind: 'asking' }
  try {
    const recorder = await Recorder.open()
    if (attempt === attempts) record(recorder)
    else recorder.close()
  } catch (error) {
    if (attempt !== attempts) return
    const failure = error instanceof RecorderError ? error.failure : 'failed'
    recorderState.value = { kind: 'failed', failure }
  }
}

/** Asks for the microphone no longer, or takes a message away. */
export function dismissRecorder(): void {
  attempts++
  recorderState.value = { kind: 'idle' }
}

/** Ends the recording; the id of the job that it has become, undefined where there is none. */
export async function stopRecording(): Promise<string | undefined> {
  if (recorderState.value.kind === 'recording') recorderState.value.recorder.stop()
  return await current?.ended
}

export async function discardRecording(): Promise<void> {
  if (current !== undefined) current.isWanted = false
  await stopRecording()
}

/** Offers what was recorded before a reload or a crash. */
export async function offerCaptures(): Promise<void> {
  if (navigator.locks === undefined) return // nor is there a microphone: no page of https, nor of this machine
  await takeOverCaptures(({ id, name }, sound) => addRecorded(id, fileOf(sound, name)))
}

/** Takes over a recording that another browser has exported; false where there is no room. */
export async function importCapture(capture: Capture, sound: Blob): Promise<boolean> {
  const result = await putCapture(capture, sound)
  if (result === 'added') addRecorded(capture.id, fileOf(sound, capture.name))
  return result !== 'no room'
}

function record(recorder: Recorder): void {
  const when = new Date().toLocaleString(locale.value, { dateStyle: 'short', timeStyle: 'short' })
  const name = `${strings.value.recorder.fileName(when.replaceAll(',', '').replace(/[/:]+/g, '-'))}.${recorder.ending}`
  const capture = { id: newId(), name }
  const writer = new CaptureWriter(capture)
  isCaptureKept.value = true
  const recorded = recorder.record((piece) => {
    void writer.add(piece).then((isKept) => {
      isCaptureKept.value = isKept
    })
  })
  recorderState.value = { kind: 'recording', recorder }
  const ended = recorded.then(({ sound, isByItself }) => {
    recorderState.value = { kind: 'idle' }
    if (!current?.isWanted || sound.size === 0) {
      void writer.discard()
      return undefined
    }
    addRecorded(capture.id, fileOf(sound, name))
    void writer.end(sound)
    if (isByItself) recorderState.value = { kind: 'ended', jobId: capture.id }
    announce(strings.value.job.announce(name, strings.value.job.recorded))
    return capture.id
  })
  current = { ended, isWanted: true }
}

function fileOf(sound: Blob, name: string): File {
  return new File([sound], name, { type: sound.type })
}
