/** Models that are to be ready before callers come: each is loaded and transcribes something, until it has. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backoffMs, type Wait, waitInBackground } from '../async/backoff.ts'
import { SAMPLE_RATE, wavHeader } from '../audio/index.ts'
import { AsrError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import { temporaryFolder } from '../temporary-folders.ts'
import type { RequestedOptions } from '../whisper/options.ts'
import type { Transcriber } from './transcriber.ts'

const PAUSES = { firstMs: 10_000, longestMs: 300_000 }

/** Decodes whatever is heard, once, and not for long. */
const WARM_UP_OPTIONS: RequestedOptions = { vadFilter: false, beamSize: 1, temperature: [0], maxNewTokens: 8 }

export interface PreloadOptions {
  /** Ids, in the order in which they are loaded. */
  readonly models: readonly string[]
  readonly transcriber: Pick<Transcriber, 'load' | 'transcribe'>
  /** Where the recording lies meanwhile. */
  readonly tempDir: string
  readonly logger: Logger
  /** How pauses between attempts are made; tests give one that returns at once. */
  readonly wait?: Wait
}

export type PreloadState =
  | { readonly state: 'pending' | 'ready' }
  /** It will be tried again. */
  | { readonly state: 'failed'; readonly reason: string }

export class Preload {
  readonly #options: PreloadOptions
  readonly #states: Map<string, PreloadState>

  constructor(options: PreloadOptions) {
    this.#options = options
    this.#states = new Map(options.models.map((id) => [id, { state: 'pending' }]))
  }

  /** By the models' ids. One that has been ready stays so, even if it makes room for another later. */
  get states(): ReadonlyMap<string, PreloadState> {
    return this.#states
  }

  /** One sentence; undefined when every model is ready. */
  whyNotReady(): string | undefined {
    for (const [id, model] of this.#states) {
      if (model.state === 'failed') return model.reason
      if (model.state === 'pending') return `Model '${id}' is being loaded.`
    }
    return undefined
  }

  /**
   * Tries every model that is not ready, again and again with pauses that double, until all are or the signal aborts.
   * Failures are logged, never thrown: a hub that is down at the start should not keep the other models from serving.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { wait = waitInBackground } = this.#options
    for (let nRounds = 1; !signal.aborted; nRounds++) {
      const pauseMs = backoffMs(nRounds, PAUSES)
      for (const [id, { state }] of this.#states) if (state !== 'ready') await this.#attempt(id, pauseMs, signal)
      if (this.whyNotReady() === undefined) return
      await wait(pauseMs, signal).catch(() => {}) // aborted
    }
  }

  async #attempt(id: string, nextMs: number, signal: AbortSignal): Promise<void> {
    const { logger } = this.#options
    const startedAtMs = performance.now()
    try {
      await this.#warmUp(id, signal)
      this.#states.set(id, { state: 'ready' })
      logger.info({ modelId: id, seconds: (performance.now() - startedAtMs) / 1000 }, 'the model is ready')
    } catch (err) {
      if (signal.aborted) return
      const reason = err instanceof AsrError ? err.sentence : `Model '${id}' met an unexpected failure.`
      this.#states.set(id, { state: 'failed', reason })
      const code = err instanceof AsrError ? err.code : undefined
      logger.warn({ modelId: id, code, err, retryInSeconds: nextMs / 1000 }, 'the model could not be made ready')
    }
  }

  async #warmUp(modelId: string, signal: AbortSignal): Promise<void> {
    const { transcriber, tempDir } = this.#options
    signal.throwIfAborted()
    await using folder = await temporaryFolder(tempDir, 'warm-up')
    const audioPath = join(folder.path, 'sound.wav')
    await writeFile(audioPath, warmUpRecording())
    await transcriber.load(modelId, signal) // which tries again what has failed just now: pauses are made here
    await transcriber.transcribe({ modelId, audioPath, options: WARM_UP_OPTIONS, signal })
  }
}

/** What a model transcribes to show that it can: half a second of quiet sound, as a WAV file that needs no ffmpeg. */
export function warmUpRecording(): Buffer {
  // A rising tone with noise over it; the noise from a formula, so that every warm-up is the same.
  const samples = Int16Array.from({ length: SAMPLE_RATE / 2 }, (_, i) => {
    const noise = ((i * 7919) % 601) / 300 - 1
    return Math.round(300 * Math.sin(i * i * 1e-4) + 100 * noise)
  })
  return Buffer.concat([wavHeader(samples.byteLength), new Uint8Array(samples.buffer)])
}
