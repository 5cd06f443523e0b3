/**
 * A model on a device where a step at a time would be slow: whole texts by one graph, several windows at a time. What that
 * graph can't do, beams and sampling, is left to the model that takes steps, which is opened when it is first asked for.
 */

import { type StepCounts, TextBatcher, type TextBatchModel, Ticket } from '../batching/index.ts'
import type { Checkpoint, GenerationConfig, ModelShape } from '../checkpoint/index.ts'
import { WhisperTokenizer } from '../decode/index.ts'
import { SAMPLES_PER_POSITION } from '../graph/index.ts'
import type { GreedySession } from '../runtime/index.ts'
import type { WindowModel } from '../transcribe/index.ts'
import { GreedyWindow } from './greedy-window.ts'
import type { LoadedModel } from './loaded-model.ts'

export interface GreedyModelParts {
  /** With the encoder in its graph. */
  readonly session: Pick<GreedySession, 'decode'> & AsyncDisposable
  /** Opens the model that takes steps. */
  readonly openStepping: () => Promise<LoadedModel>
  /** Windows of one run, at most. */
  readonly mostWindows: number
  readonly isOutOfMemory: (error: unknown) => boolean
}

export class GreedyModel implements LoadedModel {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  readonly #shape: ModelShape
  readonly #parts: GreedyModelParts
  readonly #texts: TextBatcher
  #stepping: Promise<LoadedModel> | undefined
  /** Steps of models that took some and were closed. */
  #stepsBefore: StepCounts = { steps: 0, windowSteps: 0 }
  #opened: LoadedModel | undefined

  /** @param parts  the model's own from now on. */
  constructor(checkpoint: Pick<Checkpoint, 'generation' | 'tokenizer' | 'config'>, parts: GreedyModelParts) {
    this.generation = checkpoint.generation
    this.tokenizer = new WhisperTokenizer(checkpoint.tokenizer, checkpoint.generation)
    this.#shape = checkpoint.config
    this.#parts = parts
    this.#texts = new TextBatcher(batchModel(parts))
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
      windowsAtOnce: (rowsPerWindow) => (rowsPerWindow === 1 ? this.#texts.mostWindows : 1),
      setReading: (isReading) => this.#texts.setReading(ticket, isReading),
      encode: async (samples, audioContext, rowsPerWindow) => {
        if (rowsPerWindow > 1) return await (await takingSteps()).encode(samples, audioContext, rowsPerWindow)
        // All windows are of full length, so that any of them can go together.
        const padded = new Float32Array(maxAudioContext * SAMPLES_PER_POSITION)
        padded.set(samples)
        return new GreedyWindow({
          audioContext: maxAudioContext,
          find: async (tokenBias, request) =>
            await this.#texts.find({ samples: padded, tokenBias, request }, ticket, signal),
          encode: async () => await (await takingSteps()).encode(samples, maxAudioContext, rowsPerWindow),
        })
      },
    }
  }

  async rest(): Promise<void> {
    const stepping = this.#stepping
    this.#stepsBefore = sum([this.#stepsBefore, this.#opened?.stepCounts])
    this.#stepping = undefined
    this.#opened = undefined
    await (await stepping)?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rest()
    await this.#parts.session[Symbol.asyncDispose]()
  }

  async #openStepping(): Promise<LoadedModel> {
    this.#stepping ??= this.#parts.openStepping()
    const stepping = this.#stepping
    try {
      this.#opened = await stepping
      return this.#opened
    } catch (error) {
      if (this.#stepping === stepping) this.#stepping = undefined
      throw error
    }
  }
}

function batchModel({ session, mostWindows, isOutOfMemory }: GreedyModelParts): TextBatchModel {
  return {
    mostWindows,
    isOutOfMemory,
    findTexts: async (jobs) =>
      await session.decode(
        { samples: jobs.map(({ samples }) => samples) },
        jobs.map(({ tokenBias, request }) => ({ ...request, tokenBias })),
        jobs[0]!.request.rules,
      ),
  }
}

function sum(counts: readonly (StepCounts | undefined)[]): StepCounts {
  return {
    steps: counts.reduce((total, count) => total + (count?.steps ?? 0), 0),
    windowSteps: counts.reduce((total, count) => total + (count?.windowSteps ?? 0), 0),
  }
}
