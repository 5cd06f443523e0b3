/** One model twice: decoded step by step, and by the graph that finds whole texts. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Checkpoint, openCheckpoint } from '../../../src/checkpoint/index.ts'
import {
  type DecodedWindow,
  type DecodeOptions,
  decodeWindow,
  type FoundText,
  type Prompt,
  rowsFor,
  type TextDecoder,
  type TextRequest,
  tokenChoice,
  WhisperTokenizer,
} from '../../../src/decode/index.ts'
import { WeightFile } from '../../../src/graph/compile.ts'
import {
  alignmentHeadsOf,
  type CompileOptions,
  compilePart,
  DECODER_FILE,
  ENCODER_FILE,
  type WeightPlaces,
  WHOLE_TEXT_FILE,
  writeEmbeddings,
} from '../../../src/graph/index.ts'
import { buildWholeText } from '../../../src/graph/whole-text-graph.ts'
import {
  type AudioFeatures,
  type DecoderSession,
  EncoderSession,
  newFeatures,
  WholeTextSession,
} from '../../../src/runtime/index.ts'
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
  readonly #checkpoint: Pick<Checkpoint, 'config'>
  readonly #encoder: EncoderSession
  readonly decoder: DecoderSession
  /** With the encoder in it; only where it was asked for. */
  readonly #whole: WholeTextSession | undefined
  /** Reads what an encoder has made. */
  readonly behindEncoder: WholeTextSession

  private constructor(
    checkpoint: Checkpoint,
    encoder: EncoderSession,
    decoder: DecoderSession,
    whole: WholeTextSession | undefined,
    behindEncoder: WholeTextSession,
  ) {
    this.generation = checkpoint.generation
    this.tokenizer = new WhisperTokenizer(checkpoint.tokenizer, checkpoint.generation)
    this.maxTextContext = checkpoint.config.maxTextContext
    this.vocabSize = checkpoint.config.vocabSize
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
    const parts = ['encoder', 'decoder', ...(options.hasWholeText ? (['whole-text'] as const) : [])] as const
    for (const part of parts) compilePart(part, checkpoint, folder, options, undefined, places)
    const { encoderFormat = 'float32', decoderFormat = 'float32' } = options
    writeEmbeddings(checkpoint.tensors, folder, decoderFormat)
    const { config, generation, tensors } = checkpoint
    const alignmentHeads = alignmentHeadsOf(config, generation.alignmentHeads)
    const formats = { encoderFormat, decoderFormat, alignmentHeads, hasEncoder: false }
    const behind = join(folder, 'behind-encoder.onnx')
    using weights = new WeightFile(join(folder, 'behind.weights'), 'behind.weights', places)
    writeFileSync(behind, buildWholeText(config, tensors, weights, formats))
    return new BothWays(
      checkpoint,
      await EncoderSession.open(join(folder, ENCODER_FILE), SETTINGS),
      await openDecoder(checkpoint, join(folder, DECODER_FILE), SETTINGS),
      options.hasWholeText ? await WholeTextSession.open(join(folder, WHOLE_TEXT_FILE), SETTINGS) : undefined,
      await WholeTextSession.open(behind, SETTINGS),
    )
  }

  get whole(): WholeTextSession {
    if (!this.#whole) throw new Error('it was compiled without the graph of whole texts')
    return this.#whole
  }

  /** @param samples  [N], N a multiple of 320. */
  async encode(samples: Float32Array): Promise<AudioFeatures> {
    const features = newFeatures(this.#checkpoint.config, samples.length / 320)
    await this.#encoder.encode(samples, features)
    return features
  }

  async stepByStep({ features, audioContext, prompt }: WindowToDecode, options: DecodeOptions): Promise<DecodedWindow> {
    using lane = this.decoder.laneOver(features, audioContext, rowsFor(options))
    return await decodeWindow(textOf(lane), this, prompt, options)
  }

  /** All windows in one run of the graph behind the encoder. */
  async together(windows: readonly WindowToDecode[], options: DecodeOptions): Promise<DecodedWindow[]> {
    const { tokenBias } = tokenChoice(this, options, windows[0]!.prompt.withTimestamps)
    const features = joinFeatures(windows.map(({ features }) => features))
    return await inOneRun(
      windows,
      async (requests) => {
        const toDecode = requests.map((request) => ({ ...request, tokenBias }))
        return await this.behindEncoder.decode({ features }, toDecode, requests[0]!.rules)
      },
      (decoder, { prompt }) => decodeWindow(decoder, this, prompt, options),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#encoder[Symbol.asyncDispose]()
    await this.decoder[Symbol.asyncDispose]()
    await this.#whole?.[Symbol.asyncDispose]()
    await this.behindEncoder[Symbol.asyncDispose]()
  }
}

/** Has every item decoded with a decoder of its own, and answers what they ask when all have asked. */
export async function inOneRun<T, R>(
  items: readonly T[],
  run: (requests: readonly TextRequest[]) => Promise<readonly FoundText[]>,
  decode: (decoder: TextDecoder, item: T) => Promise<R>,
): Promise<R[]> {
  const asked: { request: TextRequest; answer: PromiseWithResolvers<FoundText> }[] = []
  const decoder: TextDecoder = {
    nRows: 1,
    length: 0,
    prompt: () => Promise.reject(new Error('it finds texts by itself')),
    step: () => Promise.reject(new Error('it finds texts by itself')),
    findText(request) {
      const answer = Promise.withResolvers<FoundText>()
      asked.push({ request, answer })
      if (asked.length === items.length) {
        run(asked.map(({ request }) => request)).then(
          (texts) => {
            for (const [i, text] of texts.entries()) asked[i]!.answer.resolve(text)
          },
          (error: unknown) => {
            for (const { answer } of asked) answer.reject(error)
          },
        )
      }
      return answer.promise
    },
  }
  return await Promise.all(items.map((item) => decode(decoder, item)))
}
