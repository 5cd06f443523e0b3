/** `paradox transcribe`: recordings in, text out, one model for all of them. */

import { statSync } from 'node:fs'
import { readConfig } from '../../config.ts'
import { OptionInvalidError } from '../../errors/index.ts'
import type { Output } from '../output.ts'
import { createProgress, noProgress, type Progress } from '../progress/index.ts'
import { clockText } from '../progress/wording.ts'
import { FiledResults } from './filed-results.ts'
import { checkOutputFlags, checkPrintedFormat, readJobs, readWish, type TranscribeFlags } from './flags.ts'
import { findInputs, type Input, isStandardInput, STDIN } from './inputs.ts'
import { OutputFiles } from './output-files.ts'
import { PrintedResults } from './printed-results.ts'
import { createWriter } from './result-writers.ts'
import { FileRun, type Tally } from './run-files.ts'
import { spool } from './standard-input.ts'
import { durationOf, openWorker } from './worker.ts'

export interface CommandContext {
  readonly output: Output
  readonly signal: AbortSignal
}

/**
 * Transcribes everything that is named; the model is loaded once, by the first recording.
 *
 * @returns true when every file succeeded.
 * @throws {OptionInvalidError | ConfigError | ModelUnknownError | DeviceUnavailableError} before anything is done; the
 * signal's reason after an abort, when what is finished has been written.
 */
export async function transcribe(
  names: readonly string[],
  flags: TranscribeFlags,
  context: CommandContext,
): Promise<boolean> {
  const { output, signal } = context
  const wish = readWish(flags)
  const jobs = readJobs(flags)
  checkOutputFlags(flags)
  const inputs = await findInputs(names, { recursive: flags.recursive ?? false })
  checkPrintedFormat(flags, inputs.length)
  if (process.stdin.isTTY && inputs.some(isStandardInput)) {
    throw new OptionInvalidError('file', STDIN, 'it with a recording that is piped in, such as - < talk.wav')
  }
  const config = readConfig()
  await using worker = await openWorker(flags, { config })

  const progress = flags.quiet ? noProgress : progressOf(inputs, signal)
  worker.progress = progress
  const beforePrint = () => progress.clear()
  const printed = new PrintedResults(
    inputs,
    createWriter(flags.format[0]!, { nFiles: inputs.length, subtitles: wish.subtitles }, output),
    beforePrint,
  )
  const results = flags.outputDir === undefined ? printed : filed(flags.outputDir)
  const run = new FileRun({
    ...wish,
    ...{ worker, results, progress, jobs, signal },
    spool: () => spool(process.stdin, { tempDir: config.tempDir, signal }),
  })
  try {
    await run.all(inputs)
    return run.tally.nFailed === 0
  } finally {
    worker.progress = undefined
    progress.clear()
    if (results === printed) printed.end()
    sayTally(run.tally)
  }

  function filed(folder: string): FiledResults {
    const { formats, subtitles } = wish
    const ifExists = flags.overwrite ? 'overwrite' : flags.skipExisting ? 'skip' : 'refuse'
    const files = new OutputFiles({ folder, formats, subtitles, ifExists })
    const tells = flags.quiet ? 'failures' : 'all'
    return new FiledResults({ files, output, subtitles, tempDir: config.tempDir, beforePrint, tells })
  }

  function sayTally(tally: Tally): void {
    const isPrinted = flags.outputDir === undefined
    if (signal.aborted && process.stdout.errored) return // the reader of the results has gone
    if (signal.aborted && tally.nDone > 0) {
      const kept = `${tally.nDone} of ${inputs.length} ${inputs.length === 1 ? 'file' : 'files'}`
      output.stderr(`paradox: interrupted; done and kept: ${kept}\n`)
    } else if (!signal.aborted && !isPrinted && inputs.length > 1 && !flags.quiet) {
      output.stderr(tallyText(tally))
    }
  }
}

function tallyText({ nDone, nSkipped, nFailed, audioSeconds }: Tally): string {
  const counts = [
    `${nDone} done (${clockText(audioSeconds)})`,
    ...(nSkipped > 0 ? [`${nSkipped} skipped`] : []),
    ...(nFailed > 0 ? [`${nFailed} failed`] : []),
  ]
  return `${counts.join(', ')}\n`
}

function progressOf(inputs: readonly Input[], signal: AbortSignal): Progress {
  const pathOf = new Map(inputs.map(({ file, path }) => [file, path]))
  return createProgress({
    stream: process.stderr,
    files: new Map(inputs.map(({ file, path }) => [file, path === undefined ? undefined : sizeOf(path)])),
    durationOf: async (file) => {
      const path = pathOf.get(file)
      return path === undefined ? undefined : await durationOf(path, signal)
    },
  })
}

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size
  } catch {
    return undefined // in a folder that may not be looked into
  }
}
