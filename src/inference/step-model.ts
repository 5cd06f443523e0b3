/** A model that decodes step by step, on any backend that takes steps: its requests' windows share batches. */

import type { Checkpoint, GenerationConfig } from '../checkpoint/index.ts'
import {
  type AlignmentScores,
  type DecodedWindow,
  type DecodeOptions,
  decodeBySteps,
  detectLanguage,
  type EncodedWindow,
  hypothesesOf,
  type LanguageProbabilities,
  LogitBiases,
  logitRules,
  type ModelSession,
  type SessionRequest,
  type SpeechModel,
  type StepCounts,
  type TextModel,
  WhisperTokenizer,
  type WindowPrompt,
} from '../whisper/index.ts'
import { type OpenWindow, WindowScheduler } from './scheduler.ts'
import type { DecoderBatch, StepBackend } from './step-backend.ts'

/** What a model needs of its checkpoint once it is compiled. */
export type CheckpointFacts = Pick<Checkpoint, 'config' | 'generation' | 'tokenizer'>

export class StepModel implements SpeechModel {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  readonly maxTextContext: number
  readonly vocabSize: number
  readonly #backend: StepBackend
  readonly #scheduler: WindowScheduler
  readonly #biases: LogitBiases

  /**
   * @param checkpoint  may be closed afterwards.
   * @param backend     owned here from now on.
   */
  constructor({ config, generation, tokenizer }: CheckpointFacts, backend: StepBackend) {
    this.generation = generation
    this.tokenizer = new WhisperTokenizer(tokenizer, generation)
    this.maxTextContext = config.maxTextContext
    this.vocabSize = config.vocabSize
    this.#backend = backend
    this.#scheduler = new WindowScheduler(backend)
    this.#biases = new LogitBiases(config.vocabSize)
  }

  get stepCounts(): StepCounts {
    return this.#scheduler.stepCounts
  }

  session({ nHypotheses, signal }: SessionRequest): ModelSession {
    const share = this.#scheduler.newShare()
    return {
      model: this,
      windowsAtOnce: this.#backend.mostWindows(nHypotheses),
      watch: (windows) => windows,
      encode: async (samples, audioContext) => {
        const window = await this.#scheduler.open(samples, audioContext, nHypotheses, share, signal)
        return new StepWindow(this, this.#scheduler, window, this.#biases)
      },
    }
  }

  /** Buffers of finished windows are few; the next request is glad of them. */
  async rest(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend[Symbol.asyncDispose]()
  }
}

class StepWindow<B extends DecoderBatch> implements EncodedWindow {
  readonly #model: TextModel
  readonly #scheduler: WindowScheduler<B>
  readonly #window: OpenWindow<B>
  readonly #biases: LogitBiases
  #isClosed = false

  constructor(model: TextModel, scheduler: WindowScheduler<B>, window: OpenWindow<B>, biases: LogitBiases) {
    this.#model = model
    this.#scheduler = scheduler
    this.#window = window
    this.#biases = biases
  }

  get audioContext(): number {
    return this.#window.slots.batch.audioContext
  }

  async decode(prompt: WindowPrompt, options: DecodeOptions): Promise<DecodedWindow> {
    const { language: wanted } = prompt
    const language = typeof wanted === 'string' ? wanted : wanted.choose(await this.detectLanguage(wanted.among))
    const rules = logitRules(this.#model, this.#biases, options, prompt.withTimestamps)
    using decoder = this.#scheduler.decoder(this.#window, hypothesesOf(options), rules)
    return await decodeBySteps(decoder, this.#model, { ...prompt, language }, options)
  }

  async detectLanguage(among: readonly string[] | undefined): Promise<LanguageProbabilities> {
    // The window's own rows, so that it is detected in its batch; no step is taken, so nothing is chosen by a bias.
    const { rowsPerWindow } = this.#window.slots.batch
    const rules = { logitBias: this.#biases.against([]), needsLogits: false }
    using decoder = this.#scheduler.decoder(this.#window, rowsPerWindow, rules)
    return await detectLanguage(decoder, this.#model.generation, among)
  }

  async align(tokens: readonly number[]): Promise<AlignmentScores> {
    const data = await this.#scheduler.align(this.#window, tokens)
    const [nTokens, { audioContext }] = [tokens.length, this]
    return { data, nTokens, audioContext, nHeads: data.length / (nTokens * audioContext) }
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#scheduler.close(this.#window)
  }
}
