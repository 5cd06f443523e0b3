/** Writes CTranslate2's `model.bin`, from variables or from tensors under Hugging Face's names. */

import { writeFileSync } from 'node:fs'
import type { ModelShape } from '../../../src/checkpoint/index.ts'
import type { BuiltTensor, LazyTensor } from './checkpoint-builder.ts'
import { u16, u32 } from './little-endian.ts'

export interface Ctranslate2Variable {
  readonly shape: readonly number[]
  /** The id in the file: 0 f32, 1 int8, 2 int16, 3 int32, 4 f16, 5 bf16. */
  readonly typeId: number
  readonly bytes: Uint8Array
}

export interface Ctranslate2Contents {
  readonly version?: number
  readonly spec?: string
  readonly revision?: number
  readonly variables: Readonly<Record<string, Ctranslate2Variable>>
  /** Alias → variable. */
  readonly aliases?: Readonly<Record<string, string>>
}

/** @see OpenNMT/CTranslate2:python/ctranslate2/specs/model_spec.py `_serialize` */
export function ctranslate2Bytes(contents: Ctranslate2Contents): Buffer {
  const { version = 6, spec = 'WhisperSpec', revision = 3, variables, aliases = {} } = contents
  const parts = [u32(version), text(spec), u32(revision), u32(Object.keys(variables).length)]
  for (const [name, { shape, typeId, bytes }] of Object.entries(variables)) {
    parts.push(text(name), Buffer.from([shape.length]), ...shape.map(u32), Buffer.from([typeId]))
    parts.push(u32(bytes.length), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  }
  parts.push(u32(Object.keys(aliases).length))
  for (const [alias, name] of Object.entries(aliases)) parts.push(text(alias), text(name))
  return Buffer.concat(parts)
}

export function writeCtranslate2(path: string, contents: Ctranslate2Contents): void {
  writeFileSync(path, ctranslate2Bytes(contents))
}

function text(value: string): Buffer {
  return Buffer.concat([u16(Buffer.byteLength(value) + 1), Buffer.from(`${value}\0`)])
}

// ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export function float32(shape: readonly number[], data: Float32Array): Ctranslate2Variable {
  return { shape, typeId: 0, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
}

export function float16(shape: readonly number[], data: Float32Array): Ctranslate2Variable {
  return { shape, typeId: 4, bytes: new Uint8Array(new Float16Array(data).buffer) }
}

export function int8Scalar(value: number): Ctranslate2Variable {
  return { shape: [], typeId: 1, bytes: new Uint8Array(Int8Array.of(value).buffer) }
}

export function int16Scalar(value: number): Ctranslate2Variable {
  return { shape: [], typeId: 2, bytes: new Uint8Array(Int16Array.of(value).buffer) }
}

/** The matrix in 8 bits with a scale for each row, so that the largest value of a row becomes 127. */
export function quantizedInt8(name: string, shape: readonly number[], data: Float32Array) {
  const nRows = shape[0]!
  const nColumns = data.length / nRows
  const scale = new Float32Array(nRows)
  const quantized = new Int8Array(data.length)
  for (let row = 0; row < nRows; row++) {
    const values = data.subarray(row * nColumns, (row + 1) * nColumns)
    scale[row] = 127 / (values.reduce((max, value) => Math.max(max, Math.abs(value)), 0) || 127)
    for (let i = 0; i < nColumns; i++) quantized[row * nColumns + i] = Math.round(values[i]! * scale[row]!)
  }
  return {
    [name]: { shape, typeId: 1, bytes: new Uint8Array(quantized.buffer) },
    [`${name}_scale`]: float32([nRows], scale),
  }
}

/** The matrix in 16 bits with a single scale. */
export function quantizedInt16(name: string, shape: readonly number[], data: Float32Array) {
  const max = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  const scale = Math.fround(2 ** 10 / max)
  const bytes = new Uint8Array(Int16Array.from(data, (value) => Math.round(value * scale)).buffer)
  return { [name]: { shape, typeId: 2, bytes }, [`${name}_scale`]: float32([], Float32Array.of(scale)) }
}

// ── a whole model ───────────────────────────────────────────────────────────────────────────────────────────────────

export type Ctranslate2Precision = 'float32' | 'float16' | 'int8' | 'int16'

/**
 * A Whisper as CTranslate2's converter writes it: fused projections, tied embeddings as an alias.
 *
 * @param tensors  dense ones, under Hugging Face's names without `model.`.
 */
export function ctranslate2Whisper(
  shape: ModelShape,
  tensors: Readonly<Record<string, BuiltTensor | LazyTensor>>,
  precision: Ctranslate2Precision = 'float32',
): Ctranslate2Contents {
  const read = (name: string): Float32Array => {
    const tensor = tensors[name]
    if (tensor) return typeof tensor.data === 'function' ? tensor.data() : tensor.data
    if (name.endsWith('k_proj.bias')) return new Float32Array(shape.dModel)
    throw new Error(`no tensor '${name}'`)
  }
  const shapeOf = (name: string) => tensors[name]?.shape ?? [shape.dModel]
  const variables: Record<string, Ctranslate2Variable> = {
    'encoder/num_heads': int16Scalar(shape.encoderHeads),
    'decoder/num_heads': int16Scalar(shape.decoderHeads),
    'decoder/pre_norm': int8Scalar(1),
  }
  /** Several names: their rows one below the other. */
  const put = (variable: string, ...names: string[]) => {
    const parts = names.map(read)
    const data = Float32Array.from(parts.flatMap((part) => [...part]))
    const [rows, ...rest] = shapeOf(names[0]!)
    const dims = [rows! * names.length, ...rest]
    const isQuantized = /weight$/.test(variable) && !variable.includes('conv')
    if (isQuantized && precision === 'int8') Object.assign(variables, quantizedInt8(variable, dims, data))
    else if (isQuantized && precision === 'int16') Object.assign(variables, quantizedInt16(variable, dims, data))
    else variables[variable] = precision === 'float16' ? float16(dims, data) : float32(dims, data)
  }
  const putLinear = (variable: string, ...names: string[]) => {
    for (const suffix of ['weight', 'bias']) put(`${variable}/${suffix}`, ...names.map((name) => `${name}.${suffix}`))
  }
  const putNorm = (variable: string, name: string) => {
    put(`${variable}/gamma`, `${name}.weight`)
    put(`${variable}/beta`, `${name}.bias`)
  }

  putLinear('encoder/conv1', 'encoder.conv1')
  putLinear('encoder/conv2', 'encoder.conv2')
  put('decoder/embeddings/weight', 'decoder.embed_tokens.weight')
  for (const stack of ['encoder', 'decoder'] as const) {
    put(`${stack}/position_encodings/encodings`, `${stack}.embed_positions.weight`)
    putNorm(`${stack}/layer_norm`, `${stack}.layer_norm`)
    const nLayers = stack === 'encoder' ? shape.encoderLayers : shape.decoderLayers
    for (let layer = 0; layer < nLayers; layer++) {
      const [to, from] = [`${stack}/layer_${layer}`, `${stack}.layers.${layer}`]
      const self = `${from}.self_attn`
      putNorm(`${to}/self_attention/layer_norm`, `${from}.self_attn_layer_norm`)
      putLinear(`${to}/self_attention/linear_0`, `${self}.q_proj`, `${self}.k_proj`, `${self}.v_proj`)
      putLinear(`${to}/self_attention/linear_1`, `${self}.out_proj`)
      if (stack === 'decoder') {
        const cross = `${from}.encoder_attn`
        putNorm(`${to}/attention/layer_norm`, `${from}.encoder_attn_layer_norm`)
        putLinear(`${to}/attention/linear_0`, `${cross}.q_proj`)
        putLinear(`${to}/attention/linear_1`, `${cross}.k_proj`, `${cross}.v_proj`)
        putLinear(`${to}/attention/linear_2`, `${cross}.out_proj`)
      }
      putNorm(`${to}/ffn/layer_norm`, `${from}.final_layer_norm`)
      putLinear(`${to}/ffn/linear_0`, `${from}.fc1`)
      putLinear(`${to}/ffn/linear_1`, `${from}.fc2`)
    }
  }
  return { variables, aliases: { 'decoder/projection/weight': 'decoder/embeddings/weight' } }
}
