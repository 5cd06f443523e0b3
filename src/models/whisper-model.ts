/** A compiled Whisper-family model, opened: samples in, steps from tokens to what may come next out. */

import { join } from 'node:path'
import { type BatchModel, type OpenWindow, type StepCounts, WindowScheduler } from '../batching/index.ts'
import type { Checkpoint, GenerationConfig, ModelShape } from '../checkpoint/index.ts'
import { WhisperTokenizer } from '../decode/index.ts'
import { alignmentHeadsOf, DECODER_FILE, EMBEDDINGS_FILE, ENCODER_FILE, SAMPLES_PER_POSITION } from '../graph/index.ts'
import { type DecoderLane, DecoderSession, EncoderSession, type SessionSettings } from '../runtime/index.ts'
import type { EncodedWindow, WindowModel } from '../transcribe/index.ts'
import { probeDecoder, probeEncoder } from './fingerprint.ts'
import type { LoadedModel } from './loaded-model.ts'

/**
 * Rows that share a decoding step. The weights are read once for all of them, which is most of a step's time on a CPU;
 * beyond about ten the arithmetic is, and only the memory of keys and values grows.
 */
const MOST_ROWS = 10
const MOST_WINDOWS = 4
/** Memory for the features of all open windows, but for two full ones, which there must always be room for. */
const FEATURE_BYTES = 150 * 2 ** 20
const FULL_POSITIONS = 1500

/** What a model needs of its checkpoint once it is compiled. */
export type CheckpointFacts = Pick<Checkpoint, 'config' | 'generation' | 'tokenizer'>

export class WhisperModel implements LoadedModel {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  readonly #shape: ModelShape
  readonly #encoder: EncoderSession
  readonly #decoder: DecoderSession
  readonly #scheduler: WindowScheduler<DecoderLane>

  private constructor(checkpoint: CheckpointFacts, encoder: EncoderSession, decoder: DecoderSession) {
    this.generation = checkpoint.generation
    this.tokenizer = new WhisperTokenizer(checkpoint.tokenizer, checkpoint.generation)
    this.#shape = checkpoint.config
    this.#encoder = encoder
    this.#decoder = decoder
    this.#scheduler = new WindowScheduler(this.#batchModel())
  }

  /** @param folder  the compiled graphs of `checkpoint`, which may be closed afterwards. */
  static async open(checkpoint: CheckpointFacts, folder: string, settings: SessionSettings): Promise<WhisperModel> {
    const { config, generation } = checkpoint
    const decoderModel = {
      graph: join(folder, DECODER_FILE),
      embeddings: join(folder, EMBEDDINGS_FILE),
      alignmentHeads: alignmentHeadsOf(config, generation.alignmentHeads),
    }
    const encoder = await EncoderSession.open(join(folder, ENCODER_FILE), settings)
    try {
      const decoder = await DecoderSession.open(decoderModel, config, settings)
      return new WhisperModel(checkpoint, encoder, decoder)
    } catch (error) {
      await encoder[Symbol.asyncDispose]()
      throw error
    }
  }

  /** What the opened graphs answer to a fixed input; see `fingerprint.ts`. */
  async fingerprint(): Promise<string> {
    return await probeDecoder(this.#decoder, await probeEncoder(this.#encoder, this.#shape))
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
      windowsAtOnce: mostWindows,
      encode: async (samples, audioContext, rowsPerWindow) =>
        encodedWindow(await this.#scheduler.open(samples, audioContext, rowsPerWindow, ticket, signal)),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#encoder[Symbol.asyncDispose]()
    await this.#decoder[Symbol.asyncDispose]()
  }

  #batchModel(): BatchModel<DecoderLane> {
    const { decoderLayers, dModel } = this.#shape
    const bytesPerPosition = 2 * decoderLayers * dModel * Float32Array.BYTES_PER_ELEMENT
    return {
      mostPositions: Math.max(2 * FULL_POSITIONS, Math.floor(FEATURE_BYTES / bytesPerPosition)),
      lane: (audioContext, rows) => this.#decoder.lane(audioContext, rows, mostWindows(rows)),
      laneOver: (lane, slot, rows) => this.#decoder.laneOver(lane.featuresOf(slot), lane.audioContext, rows),
      encode: async (samples, lane, slot) => {
        const padded = new Float32Array(lane.audioContext * SAMPLES_PER_POSITION)
        padded.set(samples)
        await this.#encoder.encode(padded, lane.featuresOf(slot))
      },
      align: (lane, slot, tokens) => this.#decoder.alignmentScores(lane.featuresOf(slot), tokens),
    }
  }
}

function mostWindows(rowsPerWindow: number): number {
  return Math.min(MOST_WINDOWS, Math.max(1, Math.floor(MOST_ROWS / rowsPerWindow)))
}

function encodedWindow(window: OpenWindow<DecoderLane>): EncodedWindow {
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
