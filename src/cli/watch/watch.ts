/** `paradox watch`: a transcript beside every recording that comes into a folder, and a new one when it changes. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { wait } from '../../async/backoff.ts'
import { readConfig } from '../../config.ts'
import { number, type OptionTable, parseGiven } from '../../option-table.ts'
import { type Output, printable } from '../output.ts'
import { createProgress, type Progress } from '../progress/index.ts'
import { readJobs, readWish, type TranscriptionFlags } from '../transcription/flags.ts'
import type { CommandContext } from '../transcription/transcribe.ts'
import { durationOf, type OpenWorker, openWorker } from '../transcription/worker.ts'
import { checkFolder, watchArrivals } from './arrivals.ts'
import { FolderWatch, type WatchDisplay } from './folder-watch.ts'
import { Journal } from './journal.ts'
import { type Recording, Transcripts } from './transcripts.ts'

export interface WatchFlags extends TranscriptionFlags {
  readonly recursive?: boolean | undefined
  readonly settle?: string | undefined
}

const TIMES = { settle: [number(0.1, 3600), 'seconds'] } as const satisfies OptionTable
/** Copies over a network, and recorders that write in bursts, pause for seconds. */
const DEFAULT_SETTLE_SECONDS = 10

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

  const outputs = resolve(flags.outputDir ?? folder)
  const journal = new Journal(outputs, (sentence) => display.say(`paradox: ${sentence}\n`))
  const display = new Display(root, worker, { output, signal }, () => void journal.save())
  const { formats, subtitles, language, options, hasWords } = wish
  const folderWatch = new FolderWatch({
    ...{ root, worker, jobs, language, options, hasWords, display, wait, signal },
    settleMs: settle * 1000,
    transcripts: new Transcripts({ folder: outputs, formats, subtitles, journal }),
  })

  output.stderr(`paradox: watching ${printable(folder)}\n`)
  try {
    const arrivals = watchArrivals(root, {
      ...{ recursive: flags.recursive ?? false, wait, signal },
      onSeen: (path) => folderWatch.see(path),
      onTrouble: (sentence) => display.say(`paradox: ${sentence}\n`),
    })
    await Promise.race([arrivals, folderWatch.failure])
  } finally {
    worker.progress = undefined
    if (signal.aborted) await folderWatch.ended()
    await journal.save()
    const { nDone, nFailed, nOpen } = folderWatch.tally
    const open = nOpen > 0 ? `, ${nOpen} not done yet` : ''
    display.say(`paradox: stopped watching; ${nDone} done, ${nFailed} failed${open}\n`)
  }
}

/** Lines on standard error, and below them the progress of what is under way. */
class Display implements WatchDisplay {
  readonly #root: string
  readonly #worker: OpenWorker
  readonly #output: Output
  readonly #signal: AbortSignal
  readonly #onIdle: () => void
  #sizes = new Map<string, number | undefined>()
  progress: Progress

  constructor(root: string, worker: OpenWorker, { output, signal }: CommandContext, onIdle: () => void) {
    this.#root = root
    this.#worker = worker
    this.#output = output
    this.#signal = signal
    this.#onIdle = onIdle
    this.progress = this.#newProgress()
  }

  say(line: string): void {
    this.progress.clear()
    this.#output.stderr(line)
  }

  expect({ file, path }: Recording): void {
    this.#sizes.set(file, undefined)
    const sizes = this.#sizes
    stat(path).then(
      ({ size }) => sizes.set(file, size),
      () => {}, // the size only makes the estimate better
    )
  }

  /** The pace of the next recordings has nothing to do with the time until they come. */
  idle(): void {
    this.progress.clear()
    this.progress = this.#newProgress()
    this.#onIdle()
  }

  #newProgress(): Progress {
    this.#sizes = new Map()
    const made = createProgress({
      stream: process.stderr,
      files: this.#sizes,
      durationOf: (file) => durationOf(resolve(this.#root, file), this.#signal),
    })
    this.#worker.progress = made
    return made
  }
}
