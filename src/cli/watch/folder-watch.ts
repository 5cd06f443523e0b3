/**
 * The work of `paradox watch`: each recording that is seen is waited for until it is whole, judged, transcribed and
 * filed, and again when it has changed meanwhile. What failed for no fault of its own is tried until it works. In the end
 * every recording has the transcript of its last contents, or a line has said why not.
 */

import { extname, relative } from 'node:path'
import { backoffMs, type Wait } from '../../async/backoff.ts'
import { Semaphore } from '../../async/semaphore.ts'
import { AsrError, type ErrorCode } from '../../errors/index.ts'
import { describeFailure } from '../exit-codes.ts'
import { failureLine, printable } from '../output.ts'
import type { Progress } from '../progress/index.ts'
import type { TranscriptionWish } from '../transcription/flags.ts'
import { endsAll, type Worker } from '../transcription/run-files.ts'
import { doneLine } from '../transcription/wording.ts'
import { fileState, type Identity, identify, isSame } from './identity.ts'
import { untilWhole } from './settling.ts'
import type { Recording, Transcripts, Verdict } from './transcripts.ts'

export interface FolderWatchOptions extends Pick<TranscriptionWish, 'language' | 'options' | 'hasWords'> {
  /** The folder; recordings are named as they are found below it. */
  readonly root: string
  readonly worker: Worker
  readonly transcripts: Pick<Transcripts, 'judge' | 'checkWritable' | 'write' | 'state'>
  /** Recordings at a time. */
  readonly jobs: number
  /** A file that has not changed for so long is whole. */
  readonly settleMs: number
  readonly display: WatchDisplay
  readonly wait: Wait
  readonly signal: AbortSignal
}

export interface WatchDisplay {
  say(line: string): void
  readonly progress: Progress
  /** Told of work to come, before it may have to wait for its turn. */
  expect(recording: Recording): void
  /** Nothing is left to do. */
  idle(): void
}

/** Looked at at a time, which takes open files. */
const MOST_LOOKS = 16

/** Failures of a recording, which it meets again as long as it is what it is. */
const OWN_FAULTS: readonly ErrorCode[] = [
  'ASR_AUDIO_UNREADABLE',
  'ASR_AUDIO_EMPTY',
  'ASR_AUDIO_TOO_LONG',
  'ASR_UPLOAD_TOO_LARGE',
  'ASR_LANGUAGE_UNKNOWN',
]
const PAUSES = { firstMs: 5_000, longestMs: 300_000 }

/** One recording under way. */
interface Task {
  readonly recording: Recording
  /** It has neither a transcript nor a line that says why not. */
  isOpen: boolean
  /** It has been seen again since this round began. */
  isSeenAgain: boolean
  /** How long the last attempt worked for nothing. */
  wastedMs: number
  /** A transcript that could not be written, and what it is of. */
  draft: { readonly identity: Identity; readonly transcript: Transcript } | undefined
}

/** What the directory says. */
interface Look {
  readonly recording: string
  /**
   * undefined for a recording that is done: programs that take its transcript away do not want it again. One that is not
   * is looked at again when somebody makes room for its transcript.
   */
  readonly outputs: string | undefined
}

interface Transcript {
  readonly transcription: Awaited<ReturnType<Worker['transcribe']>>
  readonly seconds: number
}

export class FolderWatch {
  readonly #options: FolderWatchOptions
  readonly #tasks = new Map<string, Task>()
  /** By path, the recordings for which there is nothing left to do as long as they look like this. */
  readonly #settled = new Map<string, Look>()
  /** By stem, the recording that is at work: another of the same name would write the same outputs. */
  readonly #stems = new Map<string, Promise<unknown>>()
  readonly #running = new Set<Promise<void>>()
  readonly #looks = new Semaphore(MOST_LOOKS)
  readonly #slots: Semaphore
  readonly #failed = Promise.withResolvers<never>()
  #nDone = 0
  #nFailed = 0

  constructor(options: FolderWatchOptions) {
    this.#options = options
    this.#slots = new Semaphore(options.jobs)
    this.#failed.promise.catch(() => {}) // nobody may be waiting for it
  }

  /** Counts of results, and of the recordings that have none yet. */
  get tally() {
    const nOpen = Array.from(this.#tasks.values()).filter(({ isOpen }) => isOpen).length
    return { nDone: this.#nDone, nFailed: this.#nFailed, nOpen }
  }

  /** Rejects with a failure that every recording would meet, such as a wrong key. */
  get failure(): Promise<never> {
    return this.#failed.promise
  }

  /** To be told of every recording that is there, comes, changes or goes, and as often again as one likes. */
  see(path: string): void {
    const under = this.#tasks.get(path)
    if (under) {
      under.isSeenAgain = true
      return
    }
    const file = relative(this.#options.root, path)
    const recording = { file, path, stem: file.slice(0, file.length - extname(file).length) }
    const task: Task = { recording, isOpen: false, isSeenAgain: false, wastedMs: 0, draft: undefined }
    this.#tasks.set(path, task)
    const running = this.#follow(task).then(
      () => {
        this.#tasks.delete(path)
        if (task.isSeenAgain) this.see(path)
        else if (this.#tasks.size === 0) this.#options.display.idle()
      },
      (error: unknown) => (this.#options.signal.aborted ? undefined : this.#failed.reject(error)),
    )
    this.#running.add(running)
    void running.then(() => this.#running.delete(running))
  }

  /** To be waited for after the abort: what is being written is written. */
  async ended(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Goes on until there is nothing left to do for a recording. */
  async #follow(task: Task): Promise<void> {
    const { signal, wait } = this.#options
    let told: string | undefined
    let nFailures = 0
    do {
      task.isSeenAgain = false
      try {
        await this.#attempt(task)
        nFailures = 0
      } catch (failure) {
        signal.throwIfAborted()
        if (endsAll(failure) && this.#nDone === 0) throw failure
        nFailures++
        // One that fails after hours of work costs half of the time at most.
        const pauseMs = Math.max(backoffMs(nFailures, PAUSES), task.wastedMs)
        const sentence = describeFailure(failure)
        if (sentence !== told) this.#sayRetry(task, sentence, pauseMs)
        told = sentence
        await wait(pauseMs, signal)
        task.isSeenAgain = true
      }
    } while (task.isSeenAgain)
  }

  #sayRetry({ recording: { file } }: Task, sentence: string, pauseMs: number): void {
    this.#say(failureLine(file, sentence))
    this.#say(`${printable(file)}: it is tried again in ${Math.round(pauseMs / 1000)} s\n`)
  }

  /** @throws what may be otherwise the next time. */
  async #attempt(task: Task): Promise<void> {
    const { display, signal } = this.#options
    const { recording } = task
    task.wastedMs = 0
    task.isOpen = await this.#looks.run(signal, () => this.#isOpen(recording))
    if (!task.isOpen) return
    const end = await this.#unlessGone(recording, () => untilWhole(recording.path, this.#options))
    if (end === undefined) return
    if (end === 'cut short') {
      this.#say(
        `${printable(recording.file)}: it ends before the end that its header names; what is there is transcribed\n`,
      )
    }
    display.expect(recording)
    while (this.#stems.has(recording.stem)) await this.#stems.get(recording.stem)
    const work = this.#slots.run(signal, () => this.#work(task))
    const ended = work.then(
      () => {},
      () => {},
    )
    this.#stems.set(recording.stem, ended)
    try {
      await work
    } finally {
      this.#stems.delete(recording.stem)
    }
  }

  /** Whether something is to be done or told of a recording. Cheap for one that is as it was. */
  async #isOpen(recording: Recording): Promise<boolean> {
    const { transcripts } = this.#options
    const { path } = recording
    const settled = this.#settled.get(path)
    const look = await this.#lookAt(recording)
    if (look === undefined) this.#settled.delete(path)
    if (look === undefined || (settled !== undefined && isAsBefore(settled, look))) return false
    const verdict = await this.#unlessGone(recording, async () => transcripts.judge(recording, await identify(path)))
    if (verdict === undefined) return false
    if (verdict.wanted.length > 0 || verdict.refusal !== undefined) return true
    this.#settled.set(path, { ...look, outputs: undefined })
    return false
  }

  /** undefined where the recording is not there. */
  async #lookAt(recording: Recording): Promise<Look | undefined> {
    const state = await fileState(recording.path)
    return state === undefined
      ? undefined
      : { recording: state, outputs: await this.#options.transcripts.state(recording) }
  }

  async #unlessGone<T>({ path }: Recording, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if ((await fileState(path)) === undefined) return undefined
      throw error
    }
  }

  /** @throws as `#attempt`. */
  async #work(task: Task): Promise<void> {
    const { transcripts } = this.#options
    const { recording } = task
    let look = await this.#lookAt(recording)
    if (look === undefined) return
    const before = look.recording
    const startedAt = performance.now()
    try {
      const identity = await identify(recording.path)
      const verdict = await transcripts.judge(recording, identity)
      const transcript = verdict.wanted.length > 0 ? await this.#transcript(task, identity, verdict) : undefined
      if (await this.#hasChanged(task, before)) return
      const refusal = transcript ? await this.#file(task, identity, transcript) : verdict.refusal
      if (refusal !== undefined) this.#fail(task, refusal)
      const outputs = refusal === undefined ? undefined : transcript ? await transcripts.state(recording) : look.outputs
      look = { recording: before, outputs }
    } catch (failure) {
      this.#options.signal.throwIfAborted()
      task.wastedMs = task.draft ? 0 : performance.now() - startedAt
      if (await this.#hasChanged(task, before)) return
      if (!(failure instanceof AsrError && OWN_FAULTS.includes(failure.code))) throw failure
      this.#fail(task, describeFailure(failure))
    }
    task.draft = undefined
    this.#settled.set(recording.path, look)
  }

  async #transcript(task: Task, identity: Identity, { wanted }: Verdict): Promise<Transcript> {
    const { worker, transcripts, display, language, options, signal } = this.#options
    if (task.draft && isSame(task.draft.identity, identity)) return task.draft.transcript
    await transcripts.checkWritable(wanted)
    const { file, path } = task.recording
    const { progress } = display
    const startedAt = performance.now()
    let durationSeconds: number | undefined
    progress.show(file, 0)
    try {
      const onProgress = (doneSeconds: number) => progress.show(file, doneSeconds)
      const transcription = await worker.transcribe({ audioPath: path, language, options, onProgress, signal })
      durationSeconds = transcription.durationSeconds
      const transcript = { transcription, seconds: (performance.now() - startedAt) / 1000 }
      task.draft = { identity, transcript }
      return transcript
    } finally {
      progress.finish(file, durationSeconds)
    }
  }

  /** Whether a recording is another than the one that was worked on, which is then done again. */
  async #hasChanged(task: Task, before: string): Promise<boolean> {
    const { path, file } = task.recording
    const now = await fileState(path)
    if (now === before) return false
    task.draft = undefined // it may be of both
    if (now !== undefined) {
      this.#say(`${printable(file)}: it has changed meanwhile, so it is transcribed again\n`)
      task.isSeenAgain = true
    }
    return true
  }

  /**
   * Judges once more, since a person may have written into an output while it was worked on.
   *
   * @returns why one may not be replaced.
   */
  async #file(task: Task, identity: Identity, { transcription, seconds }: Transcript): Promise<string | undefined> {
    const { transcripts, worker, hasWords } = this.#options
    const { recording } = task
    const { wanted, refusal } = await transcripts.judge(recording, identity)
    if (wanted.length > 0) {
      const result = { file: recording.file, model: worker.modelName, transcription, hasWords }
      await transcripts.write(wanted, recording, identity, result)
      this.#nDone++
      task.isOpen = false
      this.#say(doneLine(result, wanted, seconds))
    }
    return refusal
  }

  #fail(task: Task, sentence: string): void {
    this.#nFailed++
    task.isOpen = false
    this.#say(failureLine(task.recording.file, sentence))
  }

  #say(line: string): void {
    this.#options.display.say(line)
  }
}

function isAsBefore(settled: Look, now: Look): boolean {
  return settled.recording === now.recording && (settled.outputs === undefined || settled.outputs === now.outputs)
}
