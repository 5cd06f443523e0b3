/** The checkpoint compiler: named tensors in, ONNX graphs out. */

export { alignWeights, WeightsCutOffError } from './align-weights.ts'
export { joinModel, keepModel, pickModel } from './arrange-models.ts'
export { markInUse, pruneCompiled } from './cache-pruning.ts'
export { candidatesModel } from './candidates-model.ts'
export {
  type CompileOptions,
  type CompilerInput,
  compile,
  compilePart,
  DECODER_FILE,
  ENCODER_FILE,
  GRAPH_FILES,
  type WeightPlaces,
  WHOLE_TEXT_FILE,
} from './compile.ts'
export {
  CompiledDamagedError,
  type CompiledIdentity,
  type CompiledManifest,
  compiledFolder,
  compiledRoot,
  discard,
  publish,
  readCompiled,
  unfinishedFolder,
  writeManifest,
} from './compiled-cache.ts'
export { alignmentHeadsOf } from './decoder.ts'
export { EMBEDDINGS_FILE, writeEmbeddings } from './embeddings.ts'
export { writeFormatProbe } from './format-probe.ts'
export type { ComputeType, LinearFormat } from './layers.ts'
export { SAMPLES_PER_POSITION } from './log-mel.ts'
export { probeModel } from './probe-model.ts'
export type { GraphTarget } from './target.ts'
