/** `paradox bench`: how fast each model is on this machine, in a table and in a picture. */

import { constants } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { type Config, readConfig } from '../../config.ts'
import { chooseDevice } from '../../devices/index.ts'
import { poolOf } from '../../engine/index.ts'
import { AsrError, isAbort, OptionInvalidError } from '../../errors/index.ts'
import { readLanguage } from '../../languages.ts'
import { silentLogger } from '../../logger.ts'
import { digestOfModel } from '../../models/model-facts.ts'
import { keepSpeed } from '../../models/precision/measured-speeds.ts'
import { type ModelEntry, ModelRegistry } from '../../models/registry.ts'
import { integer, type OptionTable, parseGiven } from '../../option-table.ts'
import { temporaryFolder } from '../../temporary-folders.ts'
import type { RequestedOptions } from '../../whisper/options.ts'
import { commandLogger } from '../command-logger.ts'
import { describeFailure } from '../exit-codes.ts'
import { processorFacts } from '../machine/facts.ts'
import { modelsHere } from '../models/list.ts'
import { failureLine, sizeText } from '../output.ts'
import { createProgress, loadingTo } from '../progress/index.ts'
import { speedText } from '../progress/wording.ts'
import { table } from '../table.ts'
import { orUnwritable } from '../transcription/output-files.ts'
import type { CommandContext } from '../transcription/transcribe.ts'
import { durationOf } from '../transcription/worker.ts'
import { svgChart, textBar } from './chart.ts'
import { generatedRecording } from './generated-recording.ts'

export interface BenchFlags {
  readonly recording?: string | undefined
  readonly language?: string | undefined
  readonly runs?: string | undefined
  readonly svg?: string | undefined
  readonly json?: boolean | undefined
}

export interface Measurement {
  readonly model: string
  /** Time of the load before the runs, without a compilation where there was one before that. */
  readonly loadSeconds: number
  readonly audioSeconds: number
  /** Seconds of each run, in their order. */
  readonly runSeconds: readonly number[]
  /** Seconds of recording per second of work, by the median run. */
  readonly timesRealTime: number
  /** Memory of the model's process; null where the system does not tell. */
  readonly residentBytes: number | null
}

const COUNTS = { runs: [integer(1, 100), 'runs of each model'] } as const satisfies OptionTable

/** A generated sound has no speech, so no detection should decide; and a ladder of temperatures would be climbed. */
const GENERATED_OPTIONS: RequestedOptions = { vadFilter: false, temperature: [0], maxNewTokens: 100 }

/** So that a line of the table fits into 80. */
const BAR_COLUMNS = 16

/**
 * @param ids  as `--model` takes them; none: all models of which the files are on this machine.
 * @returns    true when every model was measured.
 * @throws {ConfigError | ModelUnknownError | OptionInvalidError} before anything is measured. {OutputUnwritableError}
 */
export async function bench(ids: readonly string[], flags: BenchFlags, context: CommandContext): Promise<boolean> {
  const { output } = context
  const given = readConfig()
  const { runs = 3 } = parseGiven(COUNTS, { runs: flags.runs })
  const language = readLanguage(flags.language)
  const registry = ModelRegistry.load(given.models)
  const entries = ids.length > 0 ? ids.map((id) => registry.resolve(id)) : await modelsHere(given)
  if (entries.length === 0)
    output.stderr("paradox: no model is on this machine: 'paradox models pull base' brings one\n")
  const config = { ...given, engine: await chooseDevice(given.engine, silentLogger) }
  if (flags.svg !== undefined) await checkWritable(flags.svg)
  const found = await recordingOf(flags, config, context)
  if (found === undefined) return false
  await using recording = found

  const measured: Measurement[] = []
  let isComplete = entries.length > 0
  for (const entry of entries) {
    try {
      const measurement = await measure(entry, { recording, config, runs, language, ...context })
      measured.push(measurement)
      await keep(entry, measurement, recording.isSpeech, config)
    } catch (error) {
      if (context.signal.aborted || isAbort(error)) throw error
      isComplete = false
      output.stderr(`paradox: ${entry.id}: ${describeFailure(error)}\n`)
    }
  }
  const caption = captionOf(recording, config)
  output.stdout(flags.json ? `${JSON.stringify(measured, null, 2)}\n` : report(measured, caption))
  if (flags.svg !== undefined && measured.length > 0) {
    await orUnwritable(flags.svg, writeFile(flags.svg, svgOf(measured, caption)))
  }
  return isComplete
}

interface BenchRecording extends AsyncDisposable {
  readonly name: string
  readonly path: string
  readonly isSpeech: boolean
}

/** Measuring takes minutes, after which it would be late to tell. @throws {OptionInvalidError} */
async function checkWritable(svg: string): Promise<void> {
  try {
    await access(dirname(resolve(svg)), constants.W_OK)
  } catch {
    throw new OptionInvalidError('svg', svg, 'a file in a folder that is there and can be written')
  }
}

/** undefined when there is none at that name, which has been told then. */
async function recordingOf(
  { recording }: BenchFlags,
  { tempDir }: Config,
  { output, signal }: CommandContext,
): Promise<BenchRecording | undefined> {
  if (recording !== undefined) {
    try {
      await durationOf(recording, signal)
    } catch (error) {
      if (!(error instanceof AsrError) || isAbort(error)) throw error
      output.stderr(failureLine(recording, error.sentence))
      return undefined
    }
    const name = basename(recording)
    return { name, path: resolve(recording), isSpeech: true, [Symbol.asyncDispose]: async () => {} }
  }
  const folder = await temporaryFolder(tempDir, 'bench')
  const path = join(folder.path, 'generated.wav')
  await writeFile(path, generatedRecording())
  return { ...folder, name: 'a generated sound', path, isSpeech: false }
}

interface MeasureOptions extends CommandContext {
  readonly recording: BenchRecording
  readonly config: Config
  readonly runs: number
  readonly language: string | undefined
}

async function measure(entry: ModelEntry, options: MeasureOptions): Promise<Measurement> {
  const { recording, config, runs, language, signal } = options
  const nameOf = (run: number) => `${entry.id}, ${run === 0 ? 'warm-up' : `run ${run}`}`
  const progress = createProgress({
    stream: process.stderr,
    files: new Map(Array.from({ length: runs + 1 }, (_, run) => [nameOf(run), 1] as const)),
    durationOf: () => durationOf(recording.path, signal),
    unit: 'runs',
  })
  const pool = poolOf(entry, config.engine, { logger: commandLogger(config, 'error'), ...loadingTo(() => progress) })
  const transcribe = async (run: number) => {
    const name = nameOf(run)
    progress.show(name, 0)
    const startedAt = performance.now()
    const { durationSeconds } = await pool.transcribe({
      modelId: entry.id,
      audioPath: recording.path,
      language,
      options: recording.isSpeech ? {} : GENERATED_OPTIONS,
      onProgress: (doneSeconds) => progress.show(name, doneSeconds),
      signal,
    })
    progress.finish(name, durationSeconds)
    return { durationSeconds, seconds: (performance.now() - startedAt) / 1000 }
  }
  try {
    await pool.load(entry.id, signal)
    const loadSeconds = pool.engines()[0]?.loadSeconds ?? 0
    const { durationSeconds: audioSeconds } = await transcribe(0) // the first run also allocates
    const runSeconds: number[] = []
    for (let run = 1; run <= runs; run++) runSeconds.push((await transcribe(run)).seconds)
    return {
      model: entry.id,
      loadSeconds,
      audioSeconds,
      runSeconds,
      timesRealTime: audioSeconds / median(runSeconds),
      residentBytes: pool.engines()[0]?.residentBytes ?? null,
    }
  } finally {
    progress.clear()
    await pool.close(0)
  }
}

/** For `paradox models info`. What cannot be kept was told all the same. */
async function keep(entry: ModelEntry, measured: Measurement, isSpeech: boolean, { engine }: Config): Promise<void> {
  const digest = await digestOfModel(entry, engine)
  if (digest === undefined) return
  const { timesRealTime, audioSeconds } = measured
  const threads = engine.threads ?? availableParallelism()
  try {
    keepSpeed(engine.cacheDir, digest, {
      ...{ timesRealTime, audioSeconds, isSpeech, threads },
      measuredAt: new Date().toISOString(),
    })
  } catch {
    // a cache that may not be written
  }
}

function report(measured: readonly Measurement[], caption: string): string {
  if (measured.length === 0) return ''
  const largest = Math.max(...measured.map(({ timesRealTime }) => timesRealTime))
  const rows = measured.map(({ model, loadSeconds, residentBytes, timesRealTime, runSeconds, audioSeconds }) => [
    model,
    `${loadSeconds.toFixed(1)} s`,
    residentBytes === null ? '' : sizeText(residentBytes),
    speedText(timesRealTime),
    `${(audioSeconds / Math.max(...runSeconds)).toFixed(1)} to ${(audioSeconds / Math.min(...runSeconds)).toFixed(1)}`,
    textBar(timesRealTime, largest, BAR_COLUMNS),
  ])
  return `${table([['MODEL', 'LOAD', 'MEMORY', 'SPEED', 'RANGE', ''], ...rows])}\n${caption}\n`
}

function captionOf({ name, isSpeech }: BenchRecording, { engine }: Config): string {
  const { model, cores } = processorFacts()
  const threads = engine.threads ?? cores
  const machine = `${model}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
  return `${name}${isSpeech ? '' : ' (--recording takes one of yours)'}; ${machine}`
}

function svgOf(measured: readonly Measurement[], caption: string): string {
  const bars = measured.map(({ model, timesRealTime }) => {
    return { label: model, value: timesRealTime, text: speedText(timesRealTime) }
  })
  return svgChart({ title: 'Paradox ASR: seconds of speech per second', caption, bars })
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2
}
