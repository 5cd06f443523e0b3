/** A compiled Whisper-family model, opened: samples in, steps from tokens to logits out. */

import { join } from 'node:path'
import type { Checkpoint, GenerationConfig, ModelShape } from '../checkpoint/index.ts'
import { WhisperTokenizer } from '../decode/index.ts'
import { DECODER_FILE, ENCODER_FILE, SAMPLES_PER_POSITION } from '../graph/index.ts'
import { DecoderSession, EncoderSession, featuresOfWindow, type SessionSettings } from '../runtime/index.ts'
import type { EncodedWindows, WindowModel } from '../transcribe/index.ts'
import { probeDecoder, probeEncoder } from './fingerprint.ts'

/**
 * Rows that share a decoding step. The weights are read once for all of them, which is most of a step's time on a CPU;
 * beyond about ten the arithmetic is, and only the memory of keys and values grows.
 */
const MOST_ROWS = 10
const MOST_WINDOWS = 4

export class WhisperModel implements WindowModel, AsyncDisposable {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  readonly #shape: ModelShape
  readonly #encoder: EncoderSession
  readonly #decoder: DecoderSession

  private constructor(checkpoint: Checkpoint, encoder: EncoderSession, decoder: DecoderSession) {
    this.generation = checkpoint.generation
    this.tokenizer = new WhisperTokenizer(checkpoint.tokenizer, checkpoint.generation)
    this.#shape = checkpoint.config
    this.#encoder = encoder
    this.#decoder = decoder
  }

  /** @param folder  the compiled graphs of `checkpoint`, which may be closed afterwards. */
  static async open(checkpoint: Checkpoint, folder: string, settings: SessionSettings): Promise<WhisperModel> {
    const encoder = await EncoderSession.open(join(folder, ENCODER_FILE), checkpoint.config, settings)
    try {
      const decoder = await DecoderSession.open(join(folder, DECODER_FILE), checkpoint.config, settings)
      return new WhisperModel(checkpoint, encoder, decoder)
    } catch (error) {
      await encoder[Symbol.asyncDispose]()
      throw error
    }
  }

  /** What the opened graphs answer to a fixed input; see `fingerprint.ts`. */
  async fingerprint(): Promise<string> {
    using features = await probeEncoder(this.#encoder)
    return await probeDecoder(this.#decoder, features)
  }

  batchSize(rowsPerWindow: number): number {
    return Math.min(MOST_WINDOWS, Math.max(1, Math.floor(MOST_ROWS / rowsPerWindow)))
  }

  get maxTextContext(): number {
    return this.#shape.maxTextContext
  }

  async encode(windows: readonly Float32Array[], audioContext: number): Promise<EncodedWindows> {
    const nSamples = audioContext * SAMPLES_PER_POSITION
    const padded = windows.map((samples) => padWithSilence(samples, nSamples))
    const features = await this.#encoder.encode(padded, SAMPLES_PER_POSITION)
    const decoder = this.#decoder
    return {
      nWindows: windows.length,
      start: (rowsPerWindow) => decoder.start(features, rowsPerWindow),
      startWindow: (index, rowsPerWindow) => decoder.start(featuresOfWindow(features, index), rowsPerWindow),
      async align(index, tokens) {
        const data = await decoder.alignmentScores(featuresOfWindow(features, index), tokens)
        const nTokens = tokens.length
        return { data, nTokens, audioContext, nHeads: data.length / (nTokens * audioContext) }
      },
      [Symbol.dispose]: () => features[Symbol.dispose](),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#encoder[Symbol.asyncDispose]()
    await this.#decoder[Symbol.asyncDispose]()
  }
}

function padWithSilence(samples: Float32Array, length: number): Float32Array {
  const padded = new Float32Array(length)
  padded.set(samples)
  return padded
}
