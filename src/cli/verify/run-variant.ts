/** One variant of a model, in an engine process of its own, over all recordings. */

import type { Config } from '../../config.ts'
import { poolOf } from '../../engine/index.ts'
import { AsrError, isAbort } from '../../errors/index.ts'
import { listCompiled } from '../../models/compiled/index.ts'
import { digestOfModel } from '../../models/model-facts.ts'
import type { ModelEntry } from '../../models/registry.ts'
import { peakResidentBytes } from '../../processes/process-memory.ts'
import type { RequestedOptions } from '../../whisper/options.ts'
import { commandLogger } from '../command-logger.ts'
import { failureLine } from '../output.ts'
import { loadingTo, type Progress } from '../progress/index.ts'
import type { CommandContext } from '../transcription/transcribe.ts'
import { type Heard, heardOf } from './comparison.ts'
import type { VerifiedRecording } from './recordings.ts'
import { progressName } from './run-progress.ts'
import type { Formats, Variant } from './variants.ts'

/** Samples at higher temperatures differ from run to run, whatever the precision. */
const OPTIONS: RequestedOptions = { temperature: [0] }

export interface HeardRecording extends Heard {
  readonly audioSeconds: number
  /** Time of reading, encoding and decoding. */
  readonly seconds: number
}

export interface VariantRun {
  readonly variant: Variant
  /** undefined where the compiled model could not be kept, so that nothing tells. */
  readonly formats: Formats | undefined
  readonly loadSeconds: number
  /** Peak memory of the model's process; undefined where the system does not tell. */
  readonly peakBytes: number | undefined
  /** Those that failed are missing. */
  readonly heard: ReadonlyMap<VerifiedRecording, HeardRecording>
}

export interface RunOptions extends CommandContext {
  readonly entry: ModelEntry
  readonly config: Config
  readonly recordings: readonly VerifiedRecording[]
  readonly progress: Progress
}

/**
 * A recording that fails is told, and the others go on.
 *
 * @throws {ModelLoadError} when the model cannot be loaded; the signal's reason after an abort. The process is gone then.
 */
export async function runVariant(variant: Variant, options: RunOptions): Promise<VariantRun> {
  const { entry, config, recordings, progress, signal, output } = options
  const settings = { ...config.engine, dtype: variant.dtype }
  const pool = poolOf(entry, settings, { logger: commandLogger(config, 'error'), ...loadingTo(() => progress) })
  const transcribe = async (recording: VerifiedRecording): Promise<HeardRecording> => {
    const name = progressName(recording, variant)
    progress.show(name, 0)
    let seconds = 0
    const transcription = await pool.transcribe({
      modelId: entry.id,
      audioPath: recording.path,
      language: recording.language,
      options: { ...OPTIONS, audioContext: variant.audioContext },
      onProgress: (doneSeconds) => progress.show(name, doneSeconds),
      onTiming: ({ decodeSeconds }) => {
        seconds = decodeSeconds
      },
      signal,
    })
    return { ...heardOf(transcription), audioSeconds: transcription.durationSeconds, seconds }
  }
  try {
    const startedAt = Date.now()
    await pool.load(entry.id, signal)
    const formats = await formatsOf(entry, config, startedAt)
    const heard = new Map<VerifiedRecording, HeardRecording>()
    for (const recording of recordings) {
      const result = await transcribe(recording).catch((error: unknown) => {
        if (!(error instanceof AsrError) || isAbort(error) || signal.aborted) throw error
        progress.clear()
        output.stderr(failureLine(recording.name, error.sentence))
        return undefined
      })
      if (result) heard.set(recording, result)
      progress.finish(progressName(recording, variant), result?.audioSeconds)
    }
    const [engine] = pool.engines()
    return {
      variant,
      formats,
      loadSeconds: engine?.loadSeconds ?? 0,
      peakBytes: engine?.pid === undefined ? undefined : peakResidentBytes(engine.pid),
      heard,
    }
  } finally {
    progress.clear()
    await pool.close(0)
  }
}

/** Formats of the model that has just been loaded: of all that were compiled from its files it was used last. */
async function formatsOf(entry: ModelEntry, { engine }: Config, sinceMs: number): Promise<Formats | undefined> {
  const digest = await digestOfModel(entry, engine)
  const used = listCompiled(engine.cacheDir)
    .filter(({ manifest, lastUsed }) => manifest?.digest === digest && lastUsed.getTime() >= sinceMs - CLOCK_STEP_MS)
    .sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime())
  const manifest = used[0]?.manifest
  return manifest && { encoder: manifest.encoderFormat, decoder: manifest.decoderFormat }
}

/** Some file systems keep whole seconds. */
const CLOCK_STEP_MS = 1000
