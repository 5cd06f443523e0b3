/** A model folder becomes a checked config, named tensors and a tokenizer, whatever files it came from. */

export { checkTensors } from './model-shape.ts'
export {
  type CompiledSources,
  compiledSources,
  digestOfFolder,
  holdsWhisper,
  type OpenOptions,
  openCheckpoint,
  openWeights,
  type Weights,
} from './open-checkpoint.ts'
export { standardLayout, timestampToken } from './special-tokens.ts'
export type {
  Checkpoint,
  CheckpointConfig,
  GenerationConfig,
  LayerRanks,
  LowRankLinear,
  ModelShape,
  TensorSource,
  TokenizerFiles,
} from './types.ts'
export { LOW_RANK_LINEARS } from './types.ts'
export { type TensorSpec, whisperTensors } from './whisper-tensors.ts'
