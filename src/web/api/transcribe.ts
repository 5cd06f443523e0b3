/**
 * Sends a recording and follows what the service makes of it. By XMLHttpRequest, since only that tells how much of an
 * upload has been sent.
 */

import { type Answer, type AnswerEvent, answerOf, type DoneEvent, segmentOf } from '../transcript/answer.ts'
import type { Segment, Task } from '../transcript/transcript.ts'
import { eventReader } from './event-stream.ts'
import { CUT_OFF, type Problem, ProblemError, problemOf, UNREACHABLE } from './problem.ts'
import { address, keyHeaders, noted } from './request.ts'

export interface TranscribeOptions {
  /** Undefined: the service's default. */
  readonly model: string | undefined
  /** Code; undefined: detected, or the model's own. */
  readonly language: string | undefined
  readonly task: Task
  readonly prompt: string
  /** Words that are likely to be said, separated by commas or line breaks. */
  readonly keywords: string
  /** Undefined: the service's default. */
  readonly beamSize: number | undefined
}

export interface TranscribeListener {
  /** @param fraction  of the upload, 0 to 1. */
  onSent(fraction: number): void
  /** In seconds of the recording. */
  onProgress(doneSeconds: number): void
  /** All segments so far. */
  onSegments(segments: readonly Segment[]): void
  readonly signal: AbortSignal
}

/** @throws {ProblemError} for a refusal, a failure and an answer that breaks off; an AbortError when the signal aborts. */
export function transcribe(file: File, options: TranscribeOptions, listener: TranscribeListener): Promise<Answer> {
  const { signal, onSent } = listener
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  if (signal.aborted) return Promise.reject(signal.reason)
  const answer = new AnswerReader(listener)
  const call = new XMLHttpRequest()
  const fail = (problem: Problem) => reject(new ProblemError(noted(problem)))

  call.open('POST', address(options.task === 'translate' ? 'v1/audio/translations' : 'v1/audio/transcriptions'))
  for (const [name, value] of Object.entries(keyHeaders())) call.setRequestHeader(name, value)
  call.upload.addEventListener('progress', ({ loaded, total }) => onSent(total > 0 ? loaded / total : 0))
  call.upload.addEventListener('load', () => onSent(1))
  call.addEventListener('progress', () => {
    if (call.status === 200) answer.read(call.responseText)
  })
  call.addEventListener('load', () => {
    if (call.status !== 200)
      return fail(problemOf(call.status, call.responseText, call.getResponseHeader('retry-after')))
    answer.read(call.responseText)
    if (answer.done) resolve(answerOf(answer.done, answer.segments))
    else fail(answer.problem ?? CUT_OFF)
  })
  let hasBegun = false // a call that fails forgets the status that it had
  call.addEventListener('readystatechange', () => {
    hasBegun ||= call.status > 0
  })
  call.addEventListener('error', () => fail(hasBegun ? CUT_OFF : UNREACHABLE))
  call.addEventListener('abort', () => reject(signal.reason))
  const abort = () => call.abort()
  signal.addEventListener('abort', abort)
  call.send(formOf(file, options))
  return promise.finally(() => signal.removeEventListener('abort', abort))
}

/** The fields come before the file, so that a wrong one is refused before the upload. */
function formOf(file: File, { model, language, task, prompt, keywords, beamSize }: TranscribeOptions): FormData {
  const form = new FormData()
  if (model !== undefined) form.set('model', model)
  if (language !== undefined) form.set('language', language)
  if (prompt.trim() !== '') form.set('prompt', prompt.trim())
  for (const keyword of keywords.split(/[,\n]/)) if (keyword.trim() !== '') form.append('keywords[]', keyword.trim())
  if (beamSize !== undefined) form.set('beam_size', String(beamSize))
  form.set('response_format', 'verbose_json')
  // A translation's words have no times: they are said in another language.
  for (const granularity of task === 'translate' ? ['segment'] : ['segment', 'word']) {
    form.append('timestamp_granularities[]', granularity)
  }
  form.set('stream', 'true')
  form.set('include[]', 'progress')
  form.set('file', file, file.name === '' ? 'recording' : file.name)
  return form
}

/** Reads an answer that grows. */
class AnswerReader {
  readonly #events = eventReader((data) => this.#take(JSON.parse(data) as AnswerEvent | { error: object }, data))
  readonly #listener: TranscribeListener
  #readCharacters = 0
  segments: readonly Segment[] = []
  done: DoneEvent | undefined
  problem: Problem | undefined

  constructor(listener: TranscribeListener) {
    this.#listener = listener
  }

  read(text: string): void {
    const before = this.segments
    const piece = text.slice(this.#readCharacters)
    this.#readCharacters = text.length
    this.#events(piece)
    if (this.segments !== before) this.#listener.onSegments(this.segments)
  }

  #take(event: AnswerEvent | { error: object }, data: string): void {
    if ('error' in event) this.problem = problemOf(0, data)
    else if (event.type === 'transcript.text.segment') this.segments = [...this.segments, segmentOf(event)]
    else if (event.type === 'transcript.progress') this.#listener.onProgress(event.done_seconds)
    else if (event.type === 'transcript.text.done') this.done = event
  }
}
