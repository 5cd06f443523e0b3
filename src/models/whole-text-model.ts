/**
 * A model on a device where a step at a time would be slow: whole texts by one graph, several windows at a time. What that
 * graph can't do, sampling and penalties, is left to the model that takes steps, which is opened when it is asked for.
 */

import { type StepCounts, TextBatcher, type TextBatchModel, Ticket } from '../batching/index.ts'
import type { GenerationConfig, ModelShape } from '../checkpoint/index.ts'
import { WhisperTokenizer } from '../decode/index.ts'
import { AsrError, DeviceFailedError, DeviceMemoryError } from '../errors/index.ts'
import { SAMPLES_PER_POSITION } from '../graph/index.ts'
import type { WholeTextSession } from '../runtime/index.ts'
import type { WindowModel } from '../transcribe/index.ts'
import type { LoadedModel } from './loaded-model.ts'
import type { CheckpointFacts } from './whisper-model.ts'
import { WholeTextWindow } from './whole-text-window.ts'

export interface WholeTextModelParts {
  /** Opens the graph of whole texts. */
  readonly openSession: () => Promise<TextSession>
  /** Opens the model that takes steps. */
  readonly openStepping: () => Promise<LoadedModel>
  /** Windows of one run, at most. */
  readonly mostWindows: number
  readonly isOutOfMemory: (error: unknown) => boolean
  /** Called when the model has been closed. */
  readonly onClosed?: () => void
}

/** With the encoder in its graph. */
export type TextSession = Pick<WholeTextSession, 'decode'> & AsyncDisposable

export class WholeTextModel implements LoadedModel {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  readonly #shape: ModelShape
  readonly #parts: WholeTextModelParts
  readonly #texts: TextBatcher
  #session: Promise<TextSession>
  #stepping: Promise<LoadedModel> | undefined
  /** Steps of models that took some and were closed. */
  #stepsBefore: StepCounts = { steps: 0, windowSteps: 0 }
  #opened: LoadedModel | undefined

  private constructor(checkpoint: CheckpointFacts, parts: WholeTextModelParts, session: TextSession) {
    this.generation = checkpoint.generation
    this.tokenizer = new WhisperTokenizer(checkpoint.tokenizer, checkpoint.generation)
    this.#shape = checkpoint.config
    this.#parts = parts
    this.#session = Promise.resolve(session)
    this.#texts = new TextBatcher(this.#batchModel())
  }

  /** @throws {DeviceMemoryError} when the device's memory is too short. */
  static async open(checkpoint: CheckpointFacts, parts: WholeTextModelParts): Promise<WholeTextModel> {
    try {
      return new WholeTextModel(checkpoint, parts, await parts.openSession())
    } catch (error) {
      // Whatever else it is may be the graph's fault as well, and ends the process in any case.
      throw parts.isOutOfMemory(error) ? new DeviceMemoryError('the model', { cause: error }) : error
    }
  }

  get stepCounts(): StepCounts {
    return sum([this.#texts.stepCounts, this.#stepsBefore, this.#opened?.stepCounts])
  }

  forRequest(signal: AbortSignal): WindowModel {
    const ticket = new Ticket(performance.now())
    const { generation, tokenizer } = this
    const { maxTextContext, vocabSize, maxAudioContext } = this.#shape
    let stepping: Promise<WindowModel> | undefined
    const takingSteps = () => {
      stepping ??= this.#openStepping().then((model) => model.forRequest(signal))
      return stepping
    }
    return {
      generation,
      tokenizer,
      maxTextContext,
      vocabSize,
      windowsAtOnce: () => this.#texts.mostWindows,
      setReading: (isReading) => this.#texts.setReading(ticket, isReading),
      encode: async (samples, _audioContext, rowsPerWindow) => {
        // All windows are of full length, so that any of them can go together.
        const padded = new Float32Array(maxAudioContext * SAMPLES_PER_POSITION)
        padded.set(samples)
        return new WholeTextWindow({
          audioContext: maxAudioContext,
          find: async (tokenBias, request) =>
            await this.#texts.find({ samples: padded, tokenBias, request }, ticket, signal),
          encode: async () => await (await takingSteps()).encode(samples, maxAudioContext, rowsPerWindow),
        })
      },
    }
  }

  async rest(isOverLimit: boolean): Promise<void> {
    await this.#closeStepping()
    if (!isOverLimit) return
    // The runtime's binding can't have an arena shrink, so it goes with its session. Whoever comes meanwhile waits.
    this.#session = this.#reopened(this.#session)
    await this.#session
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeStepping()
    const session = await this.#session.catch(() => undefined) // one that could not be opened again
    await session?.[Symbol.asyncDispose]()
    this.#parts.onClosed?.()
  }

  async #reopened(session: Promise<TextSession>): Promise<TextSession> {
    await (await session)[Symbol.asyncDispose]()
    return await this.#parts.openSession()
  }

  async #closeStepping(): Promise<void> {
    const stepping = this.#stepping
    this.#stepsBefore = sum([this.#stepsBefore, this.#opened?.stepCounts])
    this.#stepping = undefined
    this.#opened = undefined
    await (await stepping)?.[Symbol.asyncDispose]()
  }

  async #openStepping(): Promise<LoadedModel> {
    this.#stepping ??= this.#parts.openStepping()
    const stepping = this.#stepping
    try {
      this.#opened = await stepping
      return this.#opened
    } catch (error) {
      if (this.#stepping === stepping) this.#stepping = undefined
      throw deviceError(this.#parts, 'sampling', error)
    }
  }

  #batchModel(): TextBatchModel {
    const { mostWindows, isOutOfMemory } = this.#parts
    const findTexts: TextBatchModel['findTexts'] = async (jobs) => {
      const session = await this.#session
      const samples = jobs.map(({ samples }) => samples)
      const windows = jobs.map(({ tokenBias, request }) => ({ ...request, tokenBias }))
      return await session.decode({ samples }, windows, jobs[0]!.request.rules)
    }
    return {
      mostWindows,
      isOutOfMemory,
      findTexts: async (jobs) => {
        try {
          return await findTexts(jobs)
        } catch (error) {
          if (jobs.length > 1 && isOutOfMemory(error)) throw error // half of them may fit
          throw deviceError(this.#parts, 'one window', error)
        }
      },
    }
  }
}

/**
 * What went wrong on a device that had loaded the model: either its memory is too short for `what`, or it has failed, and
 * what it is left in, nobody knows.
 */
function deviceError({ isOutOfMemory }: WholeTextModelParts, what: string, cause: unknown): AsrError {
  if (cause instanceof AsrError) return cause
  return isOutOfMemory(cause)
    ? new DeviceMemoryError(what, { cause })
    : new DeviceFailedError('it computes no more', { cause })
}

function sum(counts: readonly (StepCounts | undefined)[]): StepCounts {
  return {
    steps: counts.reduce((total, count) => total + (count?.steps ?? 0), 0),
    windowSteps: counts.reduce((total, count) => total + (count?.windowSteps ?? 0), 0),
  }
}
