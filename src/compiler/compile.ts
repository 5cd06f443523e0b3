/** A checkpoint → a folder with two ONNX graphs, each with a file of weights beside it. */

import { closeSync, fsyncSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { GenerationConfig, ModelShape, TensorSource } from '../checkpoint/index.ts'
import type { WeightPlace, WeightSink } from './builder.ts'
import { alignmentHeadsOf, buildDecoder } from './decoder.ts'
import { writeEmbeddings } from './embeddings.ts'
import { buildEncoder, type EncoderGraphOptions } from './encoder.ts'
import { GRAPH_FILES, GRAPH_PARTS, type GraphPart } from './format.ts'
import { buildGenerate } from './generate/graph.ts'
import type { LinearFormat } from './layers.ts'

/** The runtime accepts weights only from the folder of the graph itself, so graphs cannot stay beside the checkpoint. */
const weightsFileOf = (part: GraphPart) => `${part}.weights`

/** The runtime maps weights from page borders at best, and vector loads want at least this. */
const ALIGNMENT = 64

export interface CompileOptions extends EncoderGraphOptions {
  /** Of the decoder's linear layers, the vocabulary's projection included; the encoder's are float32. */
  readonly decoderFormat?: LinearFormat
  /** Also the graph of whole texts; it shares the weights of the others. */
  readonly hasGenerate?: boolean
}

/** What of a checkpoint the compiler needs. */
export interface CompilerInput {
  readonly config: ModelShape
  readonly tensors: TensorSource
  readonly generation: Pick<GenerationConfig, 'alignmentHeads'>
}

/** Told how much of a graph is written, from 0 to 1: after each tensor that was read. */
export type OnCompiled = (fraction: number) => void

/**
 * Compiles `checkpoint` into `folder`, which must exist and hold no graph. One tensor is in memory at a time.
 *
 * @throws the file system's own error when a file cannot be written; the folder is then not usable.
 */
export function compile(checkpoint: CompilerInput, folder: string, options: CompileOptions = {}): void {
  const places: WeightPlaces = new Map()
  for (const part of GRAPH_PARTS) compilePart(part, checkpoint, folder, options, undefined, places)
  if (options.hasGenerate) compilePart('generate', checkpoint, folder, options, undefined, places)
  writeEmbeddings(checkpoint.tensors, folder, options.decoderFormat ?? 'float32')
}

/** What lies where of the weights that have been written, by name. */
export type WeightPlaces = Map<string, WeightPlace>

/**
 * One of the graphs, with a file of its own for those of its weights that have no place yet. Encoder and decoder share
 * none, so each can be worked on without the other's.
 *
 * @param places  of weights that were written before, by the same options; those that are written now are added.
 */
export function compilePart(
  part: GraphPart,
  checkpoint: CompilerInput,
  folder: string,
  options: CompileOptions = {},
  onCompiled: OnCompiled = () => {},
  places: WeightPlaces = new Map(),
): void {
  const { config, generation } = checkpoint
  using weights = new WeightFile(join(folder, weightsFileOf(part)), weightsFileOf(part), places)
  const tensors = observed(checkpoint.tensors, part, onCompiled)
  const { encoderFormat = 'float32', decoderFormat = 'float32', target = 'cpu' } = options
  const alignmentHeads = alignmentHeadsOf(config, generation.alignmentHeads)
  const build: Readonly<Record<GraphPart, () => Uint8Array>> = {
    encoder: () => buildEncoder(config, tensors, weights, options),
    decoder: () => buildDecoder(config, tensors, weights, { alignmentHeads, linearFormat: decoderFormat, target }),
    generate: () =>
      buildGenerate(config, tensors, weights, { alignmentHeads, encoderFormat, decoderFormat, hasEncoder: true }),
  }
  writeFileSync(join(folder, GRAPH_FILES[part]), build[part](), { flush: true })
}

/** `tensors`, telling after each read how much of the part has been read: nearly all of a compilation's time. */
function observed(tensors: TensorSource, part: GraphPart, onCompiled: OnCompiled): TensorSource {
  const isOfEncoder = (name: string) => name.startsWith('encoder.') || /\.encoder_attn\.[kv]_proj\./.test(name)
  const names = [...tensors.names()].filter((name) => part === 'generate' || isOfEncoder(name) === (part === 'encoder'))
  const sizeOf = (name: string) => tensors.shape(name).reduce((size, dim) => size * dim, 1)
  const unread = new Set(names)
  const total = names.reduce((sum, name) => sum + sizeOf(name), 0)
  let done = 0
  return {
    names: () => tensors.names(),
    has: (name) => tensors.has(name),
    shape: (name) => tensors.shape(name),
    read(name) {
      const data = tensors.read(name)
      if (unread.delete(name)) {
        done += data.length
        onCompiled(done / total)
      }
      return data
    },
    [Symbol.dispose]: () => {}, // whoever opened the checkpoint closes it
  }
}

/** A file that weights are appended to; it must not be there yet. */
export class WeightFile implements WeightSink, Disposable {
  readonly #fileName: string
  readonly #places: WeightPlaces
  readonly #fd: number
  #offset = 0

  /** @param places  of weights that need not be written again, in this file or others. */
  constructor(path: string, fileName: string, places: WeightPlaces = new Map()) {
    this.#fileName = fileName
    this.#places = places
    this.#fd = openSync(path, 'wx')
  }

  append(name: string, bytes: Uint8Array): WeightPlace {
    const known = this.#places.get(name)
    if (known?.length === bytes.length) return known
    const offset = Math.ceil(this.#offset / ALIGNMENT) * ALIGNMENT
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done)
    }
    this.#offset = offset + bytes.length
    const place = { fileName: this.#fileName, offset, length: bytes.length }
    this.#places.set(name, place)
    return place
  }

  [Symbol.dispose](): void {
    try {
      fsyncSync(this.#fd)
    } finally {
      closeSync(this.#fd)
    }
  }
}
