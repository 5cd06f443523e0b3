/**
 * `paradox watch`: a transcript beside every recording that comes into a folder, once. The transcripts themselves tell
 * what has been done, so that it holds after a restart, and a transcript that is deleted is made anew.
 */

import { statSync } from 'node:fs'
import { extname, relative, resolve } from 'node:path'
import { backoffMs, wait } from '../../async/backoff.ts'
import { readConfig } from '../../config.ts'
import { AsrError, type ErrorCode } from '../../errors/index.ts'
import { number, type OptionTable, parseGiven } from '../../option-table.ts'
import { printable } from '../output.ts'
import { createProgress } from '../progress/index.ts'
import { FiledResults } from '../transcription/filed-results.ts'
import { readJobs, readWish, type TranscriptionFlags } from '../transcription/flags.ts'
import type { Input } from '../transcription/inputs.ts'
import { OutputFiles } from '../transcription/output-files.ts'
import { FileRun, type Results } from '../transcription/run-files.ts'
import type { CommandContext } from '../transcription/transcribe.ts'
import { durationOf, openWorker } from '../transcription/worker.ts'
import { checkFolder, fileState, watchArrivals } from './arrivals.ts'

export interface WatchFlags extends TranscriptionFlags {
  readonly recursive?: boolean | undefined
  readonly settle?: string | undefined
}

const TIMES = { settle: [number(0.1, 3600), 'seconds'] } as const satisfies OptionTable
const DEFAULT_SETTLE_SECONDS = 2

/** Failures that another attempt may not meet again, whatever is in the recording. */
const PASSING: readonly ErrorCode[] = [
  'ASR_SERVER_UNREACHABLE',
  'ASR_SERVER_LOST',
  'ASR_SERVICE_CLOSING',
  'ASR_QUEUE_FULL',
  'ASR_RATE_LIMITED',
  'ASR_MODEL_LOAD_FAILED',
]
const PAUSES = { firstMs: 5_000, longestMs: 300_000 }

/**
 * Goes on until the signal is aborted.
 *
 * @throws {OptionInvalidError | ConfigError | ModelUnknownError | DeviceUnavailableError | InputAbsentError} at the start.
 */
export async function watchFolder(
  folder: string,
  flags: WatchFlags,
  { output, signal }: CommandContext,
): Promise<void> {
  const wish = readWish(flags)
  const jobs = readJobs(flags)
  const { settle = DEFAULT_SETTLE_SECONDS } = parseGiven(TIMES, { settle: flags.settle }) as { settle?: number }
  const config = readConfig()
  const root = resolve(folder)
  checkFolder(root)
  await using worker = await openWorker(flags, { config, ttlMs: config.models.ttlMs })
  const { formats, subtitles } = wish
  const files = new OutputFiles({ folder: resolve(flags.outputDir ?? folder), formats, subtitles, ifExists: 'skip' })

  const queue = new Map<string, Input>()
  const running = new Set<string>()
  /** Failures in a row that may pass, by path. */
  const failures = new Map<string, number>()
  const total = { done: 0, failed: 0 }
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {}) // it is waited for below
  let sizes = new Map<string, number | undefined>()
  let progress = newProgress()

  const arrive = (path: string) => {
    const input = inputOf(path)
    queue.set(path, input)
    sizes.set(input.file, statSync(path, { throwIfNoEntry: false })?.size)
    advance()
  }
  const say = (line: string) => {
    progress.clear()
    output.stderr(line)
  }

  output.stderr(`paradox: watching ${printable(folder)}\n`)
  try {
    const recursive = flags.recursive ?? false
    const arrivals = watchArrivals(root, { recursive, settleMs: settle * 1000, onArrival: arrive, signal })
    await Promise.race([arrivals, failed.promise])
  } finally {
    worker.progress = undefined
    say(`paradox: stopped watching; ${total.done} done, ${total.failed} failed\n`)
  }

  function newProgress() {
    sizes = new Map()
    const made = createProgress({
      stream: process.stderr,
      files: sizes,
      durationOf: (file) => durationOf(resolve(root, file), signal),
    })
    worker.progress = made
    return made
  }

  function inputOf(path: string): Input {
    const file = relative(root, path)
    return { file, path, stem: file.slice(0, file.length - extname(file).length) }
  }

  /** Begins what may be begun. */
  function advance(): void {
    for (const [path, input] of queue) {
      if (running.size >= jobs || signal.aborted) return
      if (running.has(path)) continue // it has changed meanwhile; its next turn comes when this one is over
      queue.delete(path)
      running.add(path)
      void work(path, input).then(
        () => {
          running.delete(path)
          if (queue.size === 0 && running.size === 0) {
            progress.clear()
            progress = newProgress() // the pace of the next ones has nothing to do with the time until they come
          }
          advance()
        },
        (error: unknown) => (signal.aborted ? undefined : failed.reject(error)),
      )
    }
  }

  async function work(path: string, input: Input): Promise<void> {
    const before = fileState(path)
    if (before === undefined) return // it has gone again
    let isWhole = true
    const filed = new FiledResults({ files, output, beforePrint: () => progress.clear(), tells: 'done' })
    const results: Results = {
      wants: (asked) => filed.wants(asked),
      fail: (asked, result) => filed.fail(asked, result),
      async add(asked, result, seconds) {
        isWhole = fileState(path) === before
        if (isWhole) await filed.add(asked, result, seconds)
      },
    }
    const spool = () => Promise.reject(new Error('a folder has no standard input'))
    // One run for each: a model that did not load is tried again with the next.
    const run = new FileRun({ ...wish, worker, results, progress, jobs: 1, signal, spool })
    const failure = await run.one(input)
    if (!isWhole) {
      say(`${printable(input.file)}: it has changed meanwhile, so it is transcribed again\n`)
      if (fileState(path) !== undefined) queue.set(path, input)
      return
    }
    total.done += run.tally.nDone
    if (failure === undefined) failures.delete(path)
    else tryAgain(path, failure)
  }

  function tryAgain(path: string, failure: unknown): void {
    if (!(failure instanceof AsrError && PASSING.includes(failure.code))) {
      total.failed++
      return
    }
    const nFailures = (failures.get(path) ?? 0) + 1
    failures.set(path, nFailures)
    const pauseMs = backoffMs(nFailures, PAUSES)
    say(`${printable(relative(root, path))}: it is tried again in ${pauseMs / 1000} s\n`)
    wait(pauseMs, signal).then(
      () => arrive(path),
      () => {}, // an abort ends the watch
    )
  }
}
