/** One model twice: decoded step by step, and by the generate graph. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Checkpoint, openCheckpoint } from '../../../src/checkpoint/index.ts'
import { WeightFile } from '../../../src/compiler/compile.ts'
import { buildGenerate } from '../../../src/compiler/generate/graph.ts'
import {
  alignmentHeadsOf,
  type CompileOptions,
  compilePart,
  DECODER_FILE,
  ENCODER_FILE,
  GENERATE_FILE,
  type WeightPlaces,
  writeEmbeddings,
} from '../../../src/compiler/index.ts'
import { generatedWindow, generateRequest } from '../../../src/inference/cuda/generate-request.ts'
import { GenerateSession } from '../../../src/inference/cuda/generate-session.ts'
import { type AudioFeatures, type CpuDecoder, CpuEncoder, newFeatures } from '../../../src/inference/index.ts'
import {
  type DecodedWindow,
  type DecodeOptions,
  decodeBySteps,
  hypothesesOf,
  LogitBiases,
  type Prompt,
  WhisperTokenizer,
} from '../../../src/whisper/index.ts'
import { joinFeatures } from '../builders/joined-features.ts'
import { openDecoder, textOf } from './exposed-model.ts'

const SETTINGS = { device: 'cpu', threads: undefined } as const

export interface WindowToDecode {
  readonly features: AudioFeatures
  readonly audioContext: number
  readonly prompt: Prompt
}

export class BothWays implements AsyncDisposable {
  readonly generation: Checkpoint['generation']
  readonly tokenizer: WhisperTokenizer
  readonly maxTextContext: number
  readonly vocabSize: number
  readonly biases: LogitBiases
  readonly #checkpoint: Pick<Checkpoint, 'config'>
  readonly #encoder: CpuEncoder
  readonly decoder: CpuDecoder
  /** With the encoder in it; only where it was asked for. */
  readonly #whole: GenerateSession | undefined
  /** Reads what an encoder has made. */
  readonly behindEncoder: GenerateSession

  private constructor(
    checkpoint: Checkpoint,
    encoder: CpuEncoder,
    decoder: CpuDecoder,
    whole: GenerateSession | undefined,
    behindEncoder: GenerateSession,
  ) {
    this.generation = checkpoint.generation
    this.tokenizer = new WhisperTokenizer(checkpoint.tokenizer, checkpoint.generation)
    this.maxTextContext = checkpoint.config.maxTextContext
    this.vocabSize = checkpoint.config.vocabSize
    this.biases = new LogitBiases(this.vocabSize)
    this.#checkpoint = { config: checkpoint.config }
    this.#encoder = encoder
    this.decoder = decoder
    this.#whole = whole
    this.behindEncoder = behindEncoder
  }

  /** @param folder  to compile into. */
  static async open(checkpointFolder: string, folder: string, options: CompileOptions = {}): Promise<BothWays> {
    mkdirSync(folder, { recursive: true })
    using checkpoint = await openCheckpoint(checkpointFolder)
    const places: WeightPlaces = new Map()
    const parts = ['encoder', 'decoder', ...(options.hasGenerate ? (['generate'] as const) : [])] as const
    for (const part of parts) compilePart(part, checkpoint, folder, options, undefined, places)
    const { encoderFormat = 'float32', decoderFormat = 'float32' } = options
    writeEmbeddings(checkpoint.tensors, folder, decoderFormat)
    const { config, generation, tensors } = checkpoint
    const alignmentHeads = alignmentHeadsOf(config, generation.alignmentHeads)
    const formats = { encoderFormat, decoderFormat, alignmentHeads, hasEncoder: false }
    const behind = join(folder, 'behind-encoder.onnx')
    using weights = new WeightFile(join(folder, 'behind.weights'), 'behind.weights', places)
    writeFileSync(behind, buildGenerate(config, tensors, weights, formats))
    return new BothWays(
      checkpoint,
      await CpuEncoder.open(join(folder, ENCODER_FILE), SETTINGS),
      await openDecoder(checkpoint, join(folder, DECODER_FILE), SETTINGS),
      options.hasGenerate ? await GenerateSession.open(join(folder, GENERATE_FILE), SETTINGS) : undefined,
      await GenerateSession.open(behind, SETTINGS),
    )
  }

  get whole(): GenerateSession {
    if (!this.#whole) throw new Error('it was compiled without the generate graph')
    return this.#whole
  }

  /** @param samples  [N], N a multiple of 320. */
  async encode(samples: Float32Array): Promise<AudioFeatures> {
    const features = newFeatures(this.#checkpoint.config, samples.length / 320)
    await this.#encoder.encode(samples, features)
    return features
  }

  async stepByStep({ features, audioContext, prompt }: WindowToDecode, options: DecodeOptions): Promise<DecodedWindow> {
    using batch = this.decoder.batchOver(features, audioContext, hypothesesOf(options))
    return await decodeBySteps(textOf(batch), this, prompt, options)
  }

  /** All windows in one run of the graph behind the encoder. */
  async together(windows: readonly WindowToDecode[], options: DecodeOptions): Promise<DecodedWindow[]> {
    const features = joinFeatures(windows.map(({ features }) => features))
    const requests = windows.map(({ prompt }) => generateRequest(this, this.biases, prompt, options))
    const texts = await this.behindEncoder.generate({ features }, requests)
    return texts.map((text, i) => generatedWindow(this, windows[i]!.prompt.language, text))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#encoder[Symbol.asyncDispose]()
    await this.decoder[Symbol.asyncDispose]()
    await this.#whole?.[Symbol.asyncDispose]()
    await this.behindEncoder[Symbol.asyncDispose]()
  }
}
