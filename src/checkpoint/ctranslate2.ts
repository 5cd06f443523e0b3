/** A CTranslate2 Whisper under Hugging Face's tensor names. */

import { join } from 'node:path'
import { checkSpec, readCtranslate2Variables, readScalar } from './ctranslate2-file.ts'
import { type StoredTensor, sliceRows } from './stored-tensor.ts'
import { TensorTable } from './tensor-table.ts'
import { WeightFile } from './weight-file.ts'
import { CTRANSLATE2_FILE } from './weight-form.ts'

export interface Ctranslate2Model {
  /** The caller disposes of it. */
  readonly tensors: TensorTable
  /** undefined in files of old converters. */
  readonly encoderHeads: number | undefined
  readonly decoderHeads: number | undefined
}

/**
 * @throws {CheckpointUnsupportedError} for another version or another kind of model.
 * @throws {CheckpointCorruptError} when the file is truncated or contradicts itself.
 */
export function openCtranslate2(folder: string): Ctranslate2Model {
  const file = new WeightFile(join(folder, CTRANSLATE2_FILE))
  try {
    const variables = readCtranslate2Variables(file)
    return {
      tensors: new TensorTable(hubTensors(variables), [file]),
      encoderHeads: readScalar(variables, 'encoder/num_heads'),
      decoderHeads: readScalar(variables, 'decoder/num_heads'),
    }
  } catch (error) {
    file[Symbol.dispose]()
    throw error
  }
}

/** @throws as `openCtranslate2`, as far as the first bytes tell. */
export function checkCtranslate2(folder: string): void {
  using file = new WeightFile(join(folder, CTRANSLATE2_FILE))
  checkSpec(file)
}

const OUTSIDE_LAYERS: Readonly<Record<string, string>> = {
  'encoder/conv1/weight': 'encoder.conv1.weight',
  'encoder/conv1/bias': 'encoder.conv1.bias',
  'encoder/conv2/weight': 'encoder.conv2.weight',
  'encoder/conv2/bias': 'encoder.conv2.bias',
  'encoder/position_encodings/encodings': 'encoder.embed_positions.weight',
  'encoder/layer_norm/gamma': 'encoder.layer_norm.weight',
  'encoder/layer_norm/beta': 'encoder.layer_norm.bias',
  'decoder/embeddings/weight': 'decoder.embed_tokens.weight',
  'decoder/position_encodings/encodings': 'decoder.embed_positions.weight',
  'decoder/layer_norm/gamma': 'decoder.layer_norm.weight',
  'decoder/layer_norm/beta': 'decoder.layer_norm.bias',
  'decoder/projection/weight': 'proj_out.weight',
}

/**
 * Modules of a layer. Several names stand for one matrix that holds them one below the other.
 *
 * @see OpenNMT/CTranslate2:python/ctranslate2/converters/transformers.py `BartLoader.set_attention` — the order of
 *      the fused parts.
 */
const IN_LAYERS: Readonly<Record<string, readonly string[]>> = {
  'self_attention/layer_norm': ['self_attn_layer_norm'],
  'self_attention/linear_0': ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  'self_attention/linear_1': ['self_attn.out_proj'],
  'attention/layer_norm': ['encoder_attn_layer_norm'],
  'attention/linear_0': ['encoder_attn.q_proj'],
  'attention/linear_1': ['encoder_attn.k_proj', 'encoder_attn.v_proj'],
  'attention/linear_2': ['encoder_attn.out_proj'],
  'ffn/layer_norm': ['final_layer_norm'],
  'ffn/linear_0': ['fc1'],
  'ffn/linear_1': ['fc2'],
}

const PARAMETERS: Readonly<Record<string, string>> = { weight: 'weight', bias: 'bias', gamma: 'weight', beta: 'bias' }

/** Settings and whatever else has no counterpart are left out. */
function* hubTensors(variables: ReadonlyMap<string, StoredTensor>): Generator<[string, StoredTensor]> {
  for (const [variable, tensor] of variables) {
    const name = OUTSIDE_LAYERS[variable]
    const isTied = name === 'proj_out.weight' && tensor === variables.get('decoder/embeddings/weight')
    if (name && !isTied) yield [name, tensor]

    const [, stack, layer, module = '', parameter = ''] =
      /^(encoder|decoder)\/layer_(\d+)\/(.+)\/(\w+)$/.exec(variable) ?? []
    const parts = IN_LAYERS[module]
    const suffix = PARAMETERS[parameter]
    const nRows = tensor.shape[0]
    if (!parts || !suffix || nRows === undefined) continue
    const partRows = Math.floor(nRows / parts.length) // an uneven split shows in the check of shapes
    for (const [i, part] of parts.entries()) {
      // The fused bias has zeros where the keys, which have no bias, would have theirs.
      if (part.endsWith('k_proj') && suffix === 'bias') continue
      yield [`${stack}.layers.${layer}.${part}.${suffix}`, sliceRows(tensor, i * partRows, (i + 1) * partRows)]
    }
  }
}
