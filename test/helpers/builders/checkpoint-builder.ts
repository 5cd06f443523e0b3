/** Writes small checkpoints, and big ones of random weights, in the formats that the product reads. */

import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type ModelShape, type TensorSource, whisperTensors } from '../../../src/checkpoint/index.ts'
import { u64 } from './little-endian.ts'
import { type AddedToken, standardTokenizer, standardTokenizerJson } from './tokenizer-builder.ts'

export type SafetensorsDtype = 'F32' | 'F16' | 'BF16'

export interface BuiltTensor {
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** A tensor whose values are made when their turn comes, so that gigabytes can be written. */
export interface LazyTensor {
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  readonly data: () => Float32Array
}

/** A Whisper so small that it compiles in no time, with the layout of the real ones. */
export function tinyShape(overrides: Partial<ModelShape> = {}): ModelShape {
  return {
    nMels: 80,
    dModel: 16,
    encoderLayers: 2,
    encoderHeads: 2,
    encoderFfnDim: 32,
    decoderLayers: 2,
    decoderHeads: 2,
    decoderFfnDim: 32,
    vocabSize: 51865,
    maxAudioContext: 1500,
    maxTextContext: 448,
    lowRank: [],
    ...overrides,
  }
}

// ── safetensors ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** One safetensors file. @see huggingface/safetensors:README.md, "Format" */
export function writeSafetensors(path: string, tensors: Readonly<Record<string, BuiltTensor | LazyTensor>>): void {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  let offset = 0
  for (const [name, { dtype, shape }] of Object.entries(tensors)) {
    const end = offset + product(shape) * bytesOf(dtype)
    header[name] = { dtype, shape, data_offsets: [offset, end] }
    offset = end
  }
  const json = Buffer.from(JSON.stringify(header))
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')])
  const file = openSync(path, 'w')
  try {
    writeFully(file, u64(padded.length))
    writeFully(file, padded)
    for (const tensor of Object.values(tensors)) {
      const data = typeof tensor.data === 'function' ? tensor.data() : tensor.data
      if (data.length !== product(tensor.shape)) throw new Error(`shape ${tensor.shape} does not fit ${data.length}`)
      writeFully(file, encodeTensor(data, tensor.dtype))
    }
  } finally {
    closeSync(file)
  }
}

/** The same tensors dealt out to `nShards` files, with their `model.safetensors.index.json`. */
export function writeShardedSafetensors(
  folder: string,
  tensors: Readonly<Record<string, BuiltTensor | LazyTensor>>,
  nShards: number,
): void {
  const shards = Array.from({ length: nShards }, (): Record<string, BuiltTensor | LazyTensor> => ({}))
  for (const [i, [name, tensor]] of Object.entries(tensors).entries()) shards[i % nShards]![name] = tensor
  writeShards(folder, shards)
}

/** The same tensors one after the other into files of at most `maxBytes` of weights each, as `save_pretrained` does it. */
export function writeShardsOfSize(
  folder: string,
  tensors: Readonly<Record<string, BuiltTensor | LazyTensor>>,
  maxBytes: number,
): void {
  const shards: Record<string, BuiltTensor | LazyTensor>[] = [{}]
  let bytes = 0
  for (const [name, tensor] of Object.entries(tensors)) {
    const size = product(tensor.shape) * bytesOf(tensor.dtype)
    if (bytes > 0 && bytes + size > maxBytes) {
      shards.push({})
      bytes = 0
    }
    shards.at(-1)![name] = tensor
    bytes += size
  }
  writeShards(folder, shards)
}

function writeShards(folder: string, shards: readonly Readonly<Record<string, BuiltTensor | LazyTensor>>[]): void {
  const weightMap: Record<string, string> = {}
  for (const [i, shard] of shards.entries()) {
    writeSafetensors(join(folder, shardName(i, shards.length)), shard)
    for (const name of Object.keys(shard)) weightMap[name] = shardName(i, shards.length)
  }
  writeJson(join(folder, 'model.safetensors.index.json'), { metadata: {}, weight_map: weightMap })
}

function shardName(i: number, nShards: number): string {
  return `model-${String(i + 1).padStart(5, '0')}-of-${String(nShards).padStart(5, '0')}.safetensors`
}

/** The elements as they are stored. */
export function encodeTensor(data: Float32Array, dtype: SafetensorsDtype): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (dtype === 'F16') return new Uint8Array(new Float16Array(data).buffer)
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  const halves = new Uint16Array(data.length)
  // Round to nearest, ties to even, as PyTorch does; the values written here are finite.
  for (let i = 0; i < bits.length; i++) halves[i] = (bits[i]! + 0x7fff + ((bits[i]! >>> 16) & 1)) >>> 16
  return new Uint8Array(halves.buffer)
}

function bytesOf(dtype: SafetensorsDtype): number {
  return dtype === 'F32' ? 4 : 2
}

// ── random weights ──────────────────────────────────────────────────────────────────────────────────────────────────

export interface RandomOptions {
  readonly dtype?: SafetensorsDtype
  /** Standard deviation of a linear layer's output for inputs of deviation 1. */
  readonly scale?: number
  /** Prepended to each name; published checkpoints have `model.`. */
  readonly prefix?: string
}

/**
 * Every tensor of a Whisper of this shape, low-rank ones included, filled from the seed and the tensor's name; so a
 * tensor has the same values whatever else is in the file.
 */
export function randomWhisperTensors(
  shape: ModelShape,
  seed: number,
  { dtype = 'F32', scale = 1, prefix = 'model.' }: RandomOptions = {},
): Record<string, LazyTensor> {
  const tensors: Record<string, LazyTensor> = {}
  for (const { name, shape: dims } of whisperTensors(shape)) {
    const data = () => randomValues(name, dims, seed, scale)
    tensors[`${prefix}${name}`] = { dtype, shape: dims, data }
  }
  return tensors
}

/** The same tensors as the compiler takes them, without a file in between. */
export function randomTensorSource(shape: ModelShape, seed: number): TensorSource {
  const tensors = randomWhisperTensors(shape, seed, { prefix: '' })
  return {
    names: () => Object.keys(tensors),
    has: (name) => name in tensors,
    shape: (name) => tensors[name]!.shape,
    read: (name) => tensors[name]!.data(),
    [Symbol.dispose]: () => {},
  }
}

function randomValues(name: string, shape: readonly number[], seed: number, scale: number): Float32Array {
  const values = new Float32Array(product(shape))
  const random = randomSource(`${seed} ${name}`)
  const isNorm = /layer_norm\.weight$/.test(name)
  // weight1 and weight2 of a low-rank pair are [in, out]; all others are [out, in, ...].
  const fanIn = /\.weight[12]$/.test(name) ? shape[0]! : product(shape.slice(1))
  const deviation = isNorm || shape.length === 1 || /embed_positions/.test(name) ? 0.05 : scale / Math.sqrt(fanIn)
  const halfWidth = deviation * Math.sqrt(3)
  const centre = isNorm ? 1 : 0
  for (let i = 0; i < values.length; i++) values[i] = centre + (random() * 2 - 1) * halfWidth
  return values
}

/** Mulberry32, seeded by a text: uniform in [0, 1). */
export function randomSource(seed: string): () => number {
  let state = 2166136261
  for (const char of seed) state = Math.imul(state ^ char.codePointAt(0)!, 16777619)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

// ── whole folders ───────────────────────────────────────────────────────────────────────────────────────────────────

export interface CheckpointOptions extends RandomOptions {
  readonly seed?: number
  /** Leaves generation_config.json out when false, as some repositories do. */
  readonly generationConfig?: boolean
  /** Writes that many shards and an index instead of one file. */
  readonly shards?: number
  /** false: everything but the weights. */
  readonly weights?: boolean
  /** The published vocabulary, by its size, and tokens added to it; else it is one of the shape's size. */
  readonly vocabulary?: { readonly size: number; readonly added: readonly AddedToken[] }
  /** In place of random ones. */
  readonly tensors?: Readonly<Record<string, BuiltTensor | LazyTensor>>
}

/** A folder as the hub has it: config.json, generation_config.json, weights and a byte-level tokenizer. */
export function writeRandomCheckpoint(folder: string, shape: ModelShape, options: CheckpointOptions = {}): void {
  mkdirSync(folder, { recursive: true })
  writeJson(join(folder, 'config.json'), hubConfig(shape))
  const { vocabulary } = options
  const isEnglish = (vocabulary?.size ?? shape.vocabSize) === 51864
  if (options.generationConfig !== false) {
    writeJson(join(folder, 'generation_config.json'), {
      is_multilingual: !isEnglish,
      suppress_tokens: [1, 2, 7],
      begin_suppress_tokens: [220, isEnglish ? 50256 : 50257],
    })
  }
  if (vocabulary) writeJson(join(folder, 'tokenizer.json'), standardTokenizer(vocabulary.size, vocabulary.added))
  else writeFileSync(join(folder, 'tokenizer.json'), standardTokenizerJson(shape.vocabSize))
  writeJson(join(folder, 'tokenizer_config.json'), { tokenizer_class: 'WhisperTokenizer' })
  const tensors = options.tensors ?? randomWhisperTensors(shape, options.seed ?? 1, options)
  if (options.weights === false) return
  if (options.shards === undefined) writeSafetensors(join(folder, 'model.safetensors'), tensors)
  else writeShardedSafetensors(folder, tensors, options.shards)
}

/** config.json of this shape, under Hugging Face's names. */
export function hubConfig(shape: ModelShape): Record<string, unknown> {
  return {
    model_type: shape.lowRank.length > 0 ? 'lite-whisper' : 'whisper',
    num_mel_bins: shape.nMels,
    d_model: shape.dModel,
    encoder_layers: shape.encoderLayers,
    encoder_attention_heads: shape.encoderHeads,
    encoder_ffn_dim: shape.encoderFfnDim,
    decoder_layers: shape.decoderLayers,
    decoder_attention_heads: shape.decoderHeads,
    decoder_ffn_dim: shape.decoderFfnDim,
    vocab_size: shape.vocabSize,
    max_source_positions: shape.maxAudioContext,
    max_target_positions: shape.maxTextContext,
    activation_function: 'gelu',
    scale_embedding: false,
    ...(shape.lowRank.length > 0 ? { low_rank_config: shape.lowRank } : {}),
    ...(shape.hasOwnProjection ? { tie_word_embeddings: false } : {}),
  }
}

export function writeJson(path: string, value: unknown): void {
  writeFileSync(path, JSON.stringify(value))
}

export function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1)
}

/** `writeSync` may write less than asked for, and never more than 2 GiB. */
export function writeFully(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(bytes.length - at, 1 << 28))
}
