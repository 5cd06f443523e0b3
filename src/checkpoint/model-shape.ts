/** The shape of a model: from config.json, or from the tensors where a format has no such config. */

import { z } from 'zod'
import { CheckpointCorruptError, CheckpointUnsupportedError } from '../errors/index.ts'
import { FULL_CONTEXT } from '../whisper-constants.ts'
import { checkForeignConfig, takeOriginal } from './foreign-forms.ts'
import type { JsonObject } from './json-file.ts'
import {
  type CheckpointConfig,
  type LayerRanks,
  LOW_RANK_LINEARS,
  type ModelShape,
  type TensorSource,
} from './types.ts'
import { PROJECTION, whisperTensors } from './whisper-tensors.ts'

const ARCHITECTURES = ['whisper', 'lite-whisper']
/** Width of a head in every published Whisper; for files that do not say how many heads there are. */
const HEAD_DIM = 64

const number = z.int()
const ranksSchema = z.record(z.string(), number.nullable()).nullable()
const configSchema = z.object({
  num_mel_bins: number,
  d_model: number,
  encoder_layers: number,
  encoder_attention_heads: number,
  encoder_ffn_dim: number,
  decoder_layers: number,
  decoder_attention_heads: number,
  decoder_ffn_dim: number,
  vocab_size: number,
  max_source_positions: number,
  max_target_positions: number,
  activation_function: z.string().optional(),
  scale_embedding: z.boolean().optional(),
  tie_word_embeddings: z.boolean().nullish(),
  low_rank_config: z.array(ranksSchema).nullish(),
})

/**
 * The shape that config.json states. `auto_map` and all else that would name code is not looked at.
 *
 * @throws {CheckpointCorruptError} when a field is missing or not of its type.
 * @throws {CheckpointUnsupportedError} when it describes something other than a Whisper of reasonable size.
 */
export function parseConfig(json: JsonObject): CheckpointConfig {
  checkForeignConfig(json)
  const architecture = json.model_type
  if (typeof architecture !== 'string') throw new CheckpointCorruptError('config.json', 'it has no model_type')
  if (!ARCHITECTURES.includes(architecture)) {
    throw new CheckpointUnsupportedError(
      `its model_type is '${architecture.slice(0, 40)}'`,
      `Choose a model whose config.json has the model_type ${ARCHITECTURES.join(' or ')}.`,
    )
  }
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new CheckpointCorruptError('config.json', `${issue?.path.join('.')}: ${issue?.message}`)
  }
  const fields = parsed.data
  if (fields.activation_function !== undefined && fields.activation_function !== 'gelu') {
    throw unsupported(`its activation_function is '${fields.activation_function.slice(0, 40)}', not 'gelu'`)
  }
  if (fields.scale_embedding) throw unsupported('it scales its embeddings (scale_embedding)')
  return checkedShape({
    architecture,
    nMels: fields.num_mel_bins,
    dModel: fields.d_model,
    encoderLayers: fields.encoder_layers,
    encoderHeads: fields.encoder_attention_heads,
    encoderFfnDim: fields.encoder_ffn_dim,
    decoderLayers: fields.decoder_layers,
    decoderHeads: fields.decoder_attention_heads,
    decoderFfnDim: fields.decoder_ffn_dim,
    vocabSize: fields.vocab_size,
    maxAudioContext: fields.max_source_positions,
    maxTextContext: fields.max_target_positions,
    lowRank: parseRanks(fields.low_rank_config ?? [], fields.encoder_layers),
    // As in transformers, which ties them unless the config says otherwise, whatever the file holds.
    ...(fields.tie_word_embeddings === false && { hasOwnProjection: true }),
  })
}

function parseRanks(layers: readonly z.infer<typeof ranksSchema>[], encoderLayers: number): LayerRanks[] {
  if (layers.length > encoderLayers) {
    throw unsupported(`its low_rank_config has ${layers.length} layers, its encoder ${encoderLayers}`)
  }
  const ranks = layers.map((layer, i) => {
    const named = Object.entries(layer ?? {}).filter(([, rank]) => rank !== null)
    const unknown = named.find(([name]) => !LOW_RANK_LINEARS.some((linear) => linear === name))
    if (unknown) throw unsupported(`low_rank_config of layer ${i} names '${unknown[0].slice(0, 40)}'`)
    return Object.fromEntries(named) as LayerRanks // names and numbers were checked just above
  })
  if (ranks.every((layer) => Object.keys(layer).length === 0)) return []
  return Array.from({ length: encoderLayers }, (_, i) => ranks[i] ?? {})
}

/**
 * The shape that the tensors themselves show, as CTranslate2's config.json does not state it.
 *
 * @param heads  as stored beside the tensors; undefined: as many as fit Whisper's width of a head.
 * @throws {CheckpointFileMissingError} when a tensor that decides it is missing.
 * @throws {CheckpointUnsupportedError} when it is not the shape of a Whisper of reasonable size.
 */
export function shapeOfTensors(
  tensors: TensorSource,
  heads: { readonly encoder: number | undefined; readonly decoder: number | undefined },
): CheckpointConfig {
  const at = (name: string, axis: number) => tensors.shape(name)[axis] ?? 0
  const dModel = at('encoder.conv1.weight', 0)
  return checkedShape({
    architecture: 'whisper',
    nMels: at('encoder.conv1.weight', 1),
    dModel,
    encoderLayers: countLayers(tensors, 'encoder'),
    encoderHeads: heads.encoder ?? dModel / HEAD_DIM,
    encoderFfnDim: at('encoder.layers.0.fc1.weight', 0),
    decoderLayers: countLayers(tensors, 'decoder'),
    decoderHeads: heads.decoder ?? dModel / HEAD_DIM,
    decoderFfnDim: at('decoder.layers.0.fc1.weight', 0),
    vocabSize: at('decoder.embed_tokens.weight', 0),
    maxAudioContext: at('encoder.embed_positions.weight', 0),
    maxTextContext: at('decoder.embed_positions.weight', 0),
    lowRank: [],
    // The reader leaves out one that is an alias of the embeddings.
    ...(tensors.has(PROJECTION) && { hasOwnProjection: true }),
  })
}

function countLayers(tensors: TensorSource, stack: 'encoder' | 'decoder'): number {
  let n = 0
  while (tensors.has(`${stack}.layers.${n}.fc1.weight`)) n++
  return n
}

/**
 * Smallest and largest value that is accepted: several times the largest Whisper (large: D 1280, 32 layers), so that
 * a damaged config is refused before it makes us build anything.
 */
const RANGES = {
  dModel: [8, 8192],
  encoderLayers: [1, 256],
  encoderHeads: [1, 256],
  encoderFfnDim: [8, 65536],
  decoderLayers: [1, 256],
  decoderHeads: [1, 256],
  decoderFfnDim: [8, 65536],
  vocabSize: [51864, 1_000_000],
  maxAudioContext: [1, FULL_CONTEXT],
  maxTextContext: [16, 4096],
} as const satisfies Partial<Record<keyof ModelShape, readonly [number, number]>>

function checkedShape(config: CheckpointConfig): CheckpointConfig {
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = config[name as keyof typeof RANGES] // the keys of RANGES, by its own type
    if (!(Number.isInteger(value) && value >= min && value <= max)) {
      throw unsupported(`${name} is ${value}, which is not from ${min} to ${max}`)
    }
  }
  const { nMels, dModel, encoderHeads, decoderHeads, lowRank } = config
  if (nMels !== 80 && nMels !== 128) throw unsupported(`it expects ${nMels} mel bands, not 80 or 128`)
  for (const heads of [encoderHeads, decoderHeads]) {
    if (dModel % heads !== 0) throw unsupported(`its width ${dModel} cannot be divided among ${heads} heads`)
  }
  for (const rank of lowRank.flatMap((layer) => Object.values(layer))) {
    const max = Math.max(dModel, config.encoderFfnDim)
    if (rank < 1 || rank > max) throw unsupported(`it has the rank ${rank}, which is not from 1 to ${max}`)
  }
  return config
}

/**
 * Checks that every tensor which the compiler reads is there, with the shape that the config implies.
 *
 * @throws {CheckpointFileMissingError} naming the first tensor that is missing.
 * @throws {CheckpointUnsupportedError} naming the first tensor of another shape.
 */
export function checkTensors(shape: ModelShape, tensors: TensorSource): void {
  for (const { name, shape: expected } of whisperTensors(shape)) checkTensor(tensors, name, expected)
}

function checkTensor(tensors: TensorSource, name: string, expected: readonly number[]): void {
  const found = tensors.shape(name)
  if (found.length === expected.length && found.every((size, i) => size === expected[i])) return
  // MLX has the channels of a convolution last.
  const [channels, bands, taps] = expected
  const isMlx = name === 'encoder.conv1.weight' && found.join() === [channels, taps, bands].join()
  if (isMlx) throw takeOriginal("MLX's form")
  throw new CheckpointUnsupportedError(
    `tensor '${name}' has the shape [${found.join(', ')}] where the config implies [${expected.join(', ')}]`,
    'Use weights and config.json of the same repository and revision.',
  )
}

function unsupported(what: string): CheckpointUnsupportedError {
  return new CheckpointUnsupportedError(
    what,
    'Choose a checkpoint of the Whisper family with its original config.json.',
  )
}
