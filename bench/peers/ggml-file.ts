/** Any dense checkpoint that we read, as whisper.cpp's one file: half floats, or 8-bit blocks. */

import { closeSync, openSync } from 'node:fs'
import type { Checkpoint, CheckpointConfig } from '../../src/checkpoint/index.ts'
import { melFilters } from '../../src/compiler/log-mel.ts'
import { writeFully } from '../../test/helpers/builders/checkpoint-builder.ts'
import { byteSymbols } from '../../test/helpers/builders/tokenizer-builder.ts'

export type GgmlPrecision = 'f16' | 'q8_0'

/** Ids of ggml's types, of a tensor's values. */
const F32 = 0
const F16 = 1
const Q8_0 = 8

/** Ids of whole files; a quantised one also carries a thousand times the version of the quantisation. */
const FILE_TYPE = { f16: 1, q8_0: 2 * 1000 + 7 } as const

/** Values that share one scale. */
const BLOCK = 32

/**
 * Writes the file. Matrices have the precision that is named, convolutions half floats, all else float32: what
 * whisper.cpp's own converter and quantiser make.
 *
 * @see ggml-org/whisper.cpp:src/whisper.cpp `whisper_model_load` — the order of the parts and the names of tensors.
 */
export function writeGgmlFile(path: string, checkpoint: Checkpoint, precision: GgmlPrecision): void {
  const { config, tensors } = checkpoint
  const file = openSync(path, 'w')
  try {
    writeFully(file, header(config, precision))
    writeFully(file, vocabulary(checkpoint))
    for (const name of tensors.names()) {
      if (name === 'proj_out.weight') continue // whisper.cpp has none but the embeddings
      writeFully(file, tensorBytes(name, tensors.shape(name), tensors.read(name), precision))
    }
  } finally {
    closeSync(file)
  }
}

function header(config: CheckpointConfig, precision: GgmlPrecision): Buffer {
  const filters = melFilters(config.nMels)
  const sizes = [
    config.vocabSize,
    config.maxAudioContext,
    config.dModel,
    config.encoderHeads,
    config.encoderLayers,
    config.maxTextContext,
    config.dModel,
    config.decoderHeads,
    config.decoderLayers,
    config.nMels,
    FILE_TYPE[precision],
    config.nMels,
    filters.length / config.nMels,
  ]
  return Buffer.concat([int32s(0x67676d6c, ...sizes), bytesOf(filters)]) // the number is "ggml"
}

/** The ordinary tokens as bytes, in order of their ids; whisper.cpp adds the special ones by itself. */
function vocabulary({ tokenizer, generation }: Checkpoint): Buffer {
  const { vocab } = tokenizer.tokenizer.model as { vocab: Record<string, number> } // as read and checked
  const byteOf = byteOfSymbols()
  const ordinary = Object.entries(vocab).filter(([, id]) => id < generation.eot)
  const tokens = ordinary
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => Buffer.from(Array.from(token, (char) => byteOf.get(char)!)))
  return Buffer.concat([int32s(tokens.length), ...tokens.flatMap((token) => [int32s(token.length), token])])
}

/** Symbols stand for themselves where they are printable; the other bytes have the symbols from 256 on, in order. */
function byteOfSymbols(): ReadonlyMap<string, number> {
  const symbols = byteSymbols()
  const isPrintable = new Set(symbols.map((symbol) => symbol.charCodeAt(0)))
  const others = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !isPrintable.has(byte))
  return new Map(
    symbols.map((symbol) => {
      const code = symbol.charCodeAt(0)
      return [symbol, code < 256 ? code : others[code - 256]!]
    }),
  )
}

function tensorBytes(name: string, shape: readonly number[], data: Float32Array, precision: GgmlPrecision): Buffer {
  const isConvolutionBias = /conv\d\.bias$/.test(name)
  const dims = isConvolutionBias ? [shape[0]!, 1] : shape
  const isMatrix = shape.length === 2 && !name.includes('embed_positions')
  const type = shape.length === 3 || (isMatrix && precision === 'f16') ? F16 : isMatrix ? Q8_0 : F32
  const encoded = type === F32 ? bytesOf(data) : type === F16 ? bytesOf(new Float16Array(data)) : blocks8(data)
  const text = Buffer.from(ggmlName(name))
  return Buffer.concat([int32s(dims.length, text.length, type, ...dims.toReversed()), text, encoded])
}

/** Of each 32 values their scale as a half float and then 8 bits each, the largest becoming ±127. */
export function blocks8(data: Float32Array): Buffer {
  const bytes = Buffer.alloc((data.length / BLOCK) * (BLOCK + 2))
  const scales = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const values = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let from = 0, at = 0; from < data.length; from += BLOCK, at += BLOCK + 2) {
    let largest = 0
    for (let i = from; i < from + BLOCK; i++) largest = Math.max(largest, Math.abs(data[i]!))
    const inverse = largest === 0 ? 0 : 127 / largest
    scales.setFloat16(at, largest / 127, true)
    for (let i = 0; i < BLOCK; i++) values[at + 2 + i] = Math.round(data[from + i]! * inverse)
  }
  return bytes
}

const OUTSIDE_LAYERS: Readonly<Record<string, string>> = {
  'encoder.embed_positions.weight': 'encoder.positional_embedding',
  'decoder.embed_positions.weight': 'decoder.positional_embedding',
  'decoder.embed_tokens.weight': 'decoder.token_embedding.weight',
}

const MODULES: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'attn.query',
  'self_attn.k_proj': 'attn.key',
  'self_attn.v_proj': 'attn.value',
  'self_attn.out_proj': 'attn.out',
  self_attn_layer_norm: 'attn_ln',
  'encoder_attn.q_proj': 'cross_attn.query',
  'encoder_attn.k_proj': 'cross_attn.key',
  'encoder_attn.v_proj': 'cross_attn.value',
  'encoder_attn.out_proj': 'cross_attn.out',
  encoder_attn_layer_norm: 'cross_attn_ln',
  fc1: 'mlp.0',
  fc2: 'mlp.2',
  final_layer_norm: 'mlp_ln',
}

/** OpenAI's names of the tensors, which whisper.cpp kept. */
function ggmlName(name: string): string {
  const [, stack, layer, module = '', parameter] = /^(\w+)\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? []
  if (layer !== undefined) return `${stack}.blocks.${layer}.${MODULES[module]}.${parameter}`
  const norm = name.replace('encoder.layer_norm', 'encoder.ln_post').replace('decoder.layer_norm', 'decoder.ln')
  return OUTSIDE_LAYERS[name] ?? norm
}

function int32s(...values: number[]): Buffer {
  return bytesOf(Int32Array.from(values))
}

function bytesOf(values: Float32Array | Float16Array | Int32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
}
