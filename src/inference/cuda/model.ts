/**
 * The CUDA backend: whole windows by the generate graph, several at a time, since a step at a time would be slow. What that
 * graph can't do, sampling and penalties, is left to a model that takes steps, which is opened when it is asked for.
 */

import type { GenerationConfig } from '../../checkpoint/index.ts'
import { AsrError, DeviceFailedError, DeviceMemoryError } from '../../errors/index.ts'
import {
  LogitBiases,
  type ModelSession,
  type SessionRequest,
  type SpeechModel,
  type StepCounts,
  WhisperTokenizer,
} from '../../whisper/index.ts'
import { paddedTo } from '../decoder-graph.ts'
import { FairShare } from '../fair-share.ts'
import type { CheckpointFacts } from '../step-model.ts'
import { GenerateBatcher, type GenerateModel } from './generate-batcher.ts'
import type { GenerateSession } from './generate-session.ts'
import { CudaWindow } from './window.ts'

export interface CudaModelParts {
  /** Opens the generate graph. */
  readonly openSession: () => Promise<OpenGenerateSession>
  /** Opens the model that takes steps. */
  readonly openStepModel: () => Promise<SpeechModel>
  /** Windows of one run, at most. */
  readonly mostWindows: number
  readonly isOutOfMemory: (error: unknown) => boolean
  /** Called when the model has been closed. */
  readonly onClosed?: () => void
}

/** With the encoder in its graph. */
export type OpenGenerateSession = Pick<GenerateSession, 'generate'> & AsyncDisposable

export class CudaModel implements SpeechModel {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  readonly maxTextContext: number
  readonly vocabSize: number
  readonly #maxAudioContext: number
  readonly #parts: CudaModelParts
  readonly #batcher: GenerateBatcher
  readonly #biases: LogitBiases
  #session: Promise<OpenGenerateSession>
  #stepModel: Promise<SpeechModel> | undefined
  #openedStepModel: SpeechModel | undefined
  /** Steps of step models that were closed. */
  #stepsBefore: StepCounts = { steps: 0, windowSteps: 0 }

  private constructor(
    { config, generation, tokenizer }: CheckpointFacts,
    parts: CudaModelParts,
    session: OpenGenerateSession,
  ) {
    this.generation = generation
    this.tokenizer = new WhisperTokenizer(tokenizer, generation)
    this.maxTextContext = config.maxTextContext
    this.vocabSize = config.vocabSize
    this.#maxAudioContext = config.maxAudioContext
    this.#parts = parts
    this.#biases = new LogitBiases(config.vocabSize)
    this.#session = Promise.resolve(session)
    this.#batcher = new GenerateBatcher(this.#generateModel())
  }

  /** @throws {DeviceMemoryError} when the GPU's memory is too short. */
  static async open(checkpoint: CheckpointFacts, parts: CudaModelParts): Promise<CudaModel> {
    try {
      return new CudaModel(checkpoint, parts, await parts.openSession())
    } catch (error) {
      // Whatever else it is may be the graph's fault as well, and ends the process in any case.
      throw parts.isOutOfMemory(error) ? new DeviceMemoryError('the model', { cause: error }) : error
    }
  }

  get stepCounts(): StepCounts {
    return sum([this.#batcher.stepCounts, this.#stepsBefore, this.#openedStepModel?.stepCounts])
  }

  session(request: SessionRequest): ModelSession {
    const { signal } = request
    const share = new FairShare(performance.now())
    const [batcher, audioContext] = [this.#batcher, this.#maxAudioContext]
    let stepSession: Promise<ModelSession> | undefined
    const forSteps = () => {
      stepSession ??= this.#openStepModel().then((model) => model.session(request))
      return stepSession
    }
    return {
      model: this,
      // It shrinks when memory turns out to be too short.
      get windowsAtOnce() {
        return batcher.mostWindows
      },
      watch: (windows) => watched(windows, (isReading) => batcher.setReading(share, isReading)),
      encode: async (samples) => {
        // All windows are of full length, so that any of them can go together.
        const padded = paddedTo(audioContext, samples)
        return new CudaWindow(
          {
            model: this,
            biases: this.#biases,
            audioContext,
            generate: (request) => batcher.generate({ samples: padded, request }, share, signal),
            encodeForSteps: async () => await (await forSteps()).encode(samples, audioContext),
          },
          signal,
        )
      },
    }
  }

  async rest(isOverLimit: boolean): Promise<void> {
    await this.#closeStepModel()
    if (!isOverLimit) return
    // The runtime's binding can't have an arena shrink, so it goes with its session. Requests that come meanwhile wait.
    this.#session = this.#reopened(this.#session)
    await this.#session
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeStepModel()
    const session = await this.#session.catch(() => undefined) // one that could not be opened again
    await session?.[Symbol.asyncDispose]()
    this.#parts.onClosed?.()
  }

  async #reopened(session: Promise<OpenGenerateSession>): Promise<OpenGenerateSession> {
    await (await session)[Symbol.asyncDispose]()
    return await this.#parts.openSession()
  }

  async #closeStepModel(): Promise<void> {
    const stepModel = this.#stepModel
    this.#stepsBefore = sum([this.#stepsBefore, this.#openedStepModel?.stepCounts])
    this.#stepModel = undefined
    this.#openedStepModel = undefined
    await (await stepModel)?.[Symbol.asyncDispose]()
  }

  async #openStepModel(): Promise<SpeechModel> {
    this.#stepModel ??= this.#parts.openStepModel()
    const stepModel = this.#stepModel
    try {
      this.#openedStepModel = await stepModel
      return this.#openedStepModel
    } catch (error) {
      if (this.#stepModel === stepModel) this.#stepModel = undefined
      throw deviceError(this.#parts, 'sampling', error)
    }
  }

  #generateModel(): GenerateModel {
    const { mostWindows, isOutOfMemory } = this.#parts
    return {
      mostWindows,
      isOutOfMemory,
      generate: async (jobs) => {
        try {
          const session = await this.#session
          const samples = jobs.map(({ samples }) => samples)
          return await session.generate(
            { samples },
            jobs.map(({ request }) => request),
          )
        } catch (error) {
          if (jobs.length > 1 && isOutOfMemory(error)) throw error // half of them may fit
          throw deviceError(this.#parts, 'one window', error)
        }
      },
    }
  }
}

/** Passes items on, and tells whether one is awaited. */
async function* watched<T>(items: AsyncIterable<T>, onReading: (isReading: boolean) => void): AsyncGenerator<T> {
  try {
    onReading(true)
    for await (const item of items) {
      onReading(false)
      yield item
      onReading(true)
    }
  } finally {
    onReading(false)
  }
}

/** Failure of a GPU that had loaded the model: its memory is too short for `what`, or it is in an unknown state. */
function deviceError({ isOutOfMemory }: CudaModelParts, what: string, cause: unknown): AsrError {
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
