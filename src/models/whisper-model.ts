/** A compiled Whisper-family model, opened: samples in, steps from tokens to what may come next out. */

import { type Lane, type OpenWindow, type StepCounts, WindowScheduler } from '../batching/index.ts'
import type { Checkpoint, GenerationConfig, ModelShape } from '../checkpoint/index.ts'
import { WhisperTokenizer } from '../decode/index.ts'
import type { SessionSettings } from '../runtime/index.ts'
import type { EncodedWindow, WindowModel } from '../transcribe/index.ts'
import { openDeviceGraphs } from './device-graphs.ts'
import { targetOf } from './graph-target.ts'
import type { LoadedModel } from './loaded-model.ts'
import type { ModelGraphs } from './model-graphs.ts'
import { openProcessorGraphs } from './processor-graphs.ts'

/** What a model needs of its checkpoint once it is compiled. */
export type CheckpointFacts = Pick<Checkpoint, 'config' | 'generation' | 'tokenizer'>

export class WhisperModel implements LoadedModel {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  readonly #shape: ModelShape
  readonly #graphs: ModelGraphs
  readonly #scheduler: WindowScheduler<Lane>

  private constructor(checkpoint: CheckpointFacts, graphs: ModelGraphs) {
    this.generation = checkpoint.generation
    this.tokenizer = new WhisperTokenizer(checkpoint.tokenizer, checkpoint.generation)
    this.#shape = checkpoint.config
    this.#graphs = graphs
    this.#scheduler = new WindowScheduler(graphs.batchModel)
  }

  /** @param folder  the compiled graphs of `checkpoint`, which may be closed afterwards. */
  static async open(checkpoint: CheckpointFacts, folder: string, settings: SessionSettings): Promise<WhisperModel> {
    const openGraphs = targetOf(settings.device) === 'device' ? openDeviceGraphs : openProcessorGraphs
    return new WhisperModel(checkpoint, await openGraphs(checkpoint, folder, settings))
  }

  /** What the opened graphs answer to a fixed input; undefined where they were not compiled for that to be known. */
  async fingerprint(): Promise<string | undefined> {
    return await this.#graphs.fingerprint?.()
  }

  get stepCounts(): StepCounts {
    return this.#scheduler.stepCounts
  }

  forRequest(signal: AbortSignal): WindowModel {
    const ticket = this.#scheduler.newTicket()
    const { generation, tokenizer } = this
    const { maxTextContext, vocabSize } = this.#shape
    return {
      generation,
      tokenizer,
      maxTextContext,
      vocabSize,
      windowsAtOnce: (rows) => this.#graphs.mostWindows(rows),
      encode: async (samples, audioContext, rowsPerWindow) =>
        encodedWindow(await this.#scheduler.open(samples, audioContext, rowsPerWindow, ticket, signal)),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#graphs[Symbol.asyncDispose]()
  }
}

function encodedWindow(window: OpenWindow): EncodedWindow {
  const { audioContext } = window
  return {
    audioContext,
    start: (rowsPerWindow, choice) => window.start(rowsPerWindow, choice),
    async align(tokens) {
      const data = await window.align(tokens)
      const nTokens = tokens.length
      return { data, nTokens, audioContext, nHeads: data.length / (nTokens * audioContext) }
    },
    [Symbol.dispose]: () => window[Symbol.dispose](),
  }
}
