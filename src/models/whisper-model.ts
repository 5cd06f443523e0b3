/** A compiled Whisper-family model, opened: samples in, decoded windows out. */

import { join } from 'node:path'
import type { Checkpoint, GenerationConfig, ModelShape } from '../checkpoint/index.ts'
import { type DecodedWindow, decodeWindows, type TextModel, WhisperTokenizer } from '../decode/index.ts'
import { DECODER_FILE, ENCODER_FILE, SAMPLES_PER_POSITION } from '../graph/index.ts'
import { DecoderSession, EncoderSession, type SessionSettings } from '../runtime/index.ts'
import type { WindowDecodeOptions, WindowModel } from '../transcribe/index.ts'

export class WhisperModel implements WindowModel, TextModel, AsyncDisposable {
  readonly batchSize: number
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  readonly #shape: ModelShape
  readonly #encoder: EncoderSession
  readonly #decoder: DecoderSession

  private constructor(checkpoint: Checkpoint, encoder: EncoderSession, decoder: DecoderSession, batchSize: number) {
    this.batchSize = batchSize
    this.generation = checkpoint.generation
    this.tokenizer = new WhisperTokenizer(checkpoint.tokenizer, checkpoint.generation)
    this.#shape = checkpoint.config
    this.#encoder = encoder
    this.#decoder = decoder
  }

  /** @param folder  the compiled graphs of `checkpoint`, which may be closed afterwards. */
  static async open(
    checkpoint: Checkpoint,
    folder: string,
    settings: SessionSettings & { readonly batchSize: number },
  ): Promise<WhisperModel> {
    const encoder = await EncoderSession.open(join(folder, ENCODER_FILE), checkpoint.config, settings)
    const decoder = await DecoderSession.open(join(folder, DECODER_FILE), checkpoint.config, settings)
    return new WhisperModel(checkpoint, encoder, decoder, settings.batchSize)
  }

  async decode(
    windows: readonly Float32Array[],
    audioContext: number,
    options: WindowDecodeOptions,
  ): Promise<DecodedWindow[]> {
    const nSamples = audioContext * SAMPLES_PER_POSITION
    const padded = windows.map((samples) => padWithSilence(samples, nSamples))
    using features = await this.#encoder.encode(padded, SAMPLES_PER_POSITION)
    options.signal.throwIfAborted()
    using rows = this.#decoder.start(features)
    return await decodeWindows(rows, this, {
      ...options,
      maxTextContext: this.#shape.maxTextContext,
      stopLoops: true,
    })
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
