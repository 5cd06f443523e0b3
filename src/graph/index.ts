/** The checkpoint compiler: named tensors in, ONNX graphs out. */

export { SAMPLES_PER_POSITION } from '../whisper-constants.ts'
export { alignWeights, WeightsCutOffError } from './align-weights.ts'
export { joinModel, keepModel, pickModel } from './arrange-models.ts'
export { candidatesModel } from './candidates-model.ts'
export {
  type CompileOptions,
  type CompilerInput,
  compile,
  compilePart,
  type WeightPlaces,
} from './compile.ts'
export { DECODER_FILE, ENCODER_FILE, GENERATE_FILE, GRAPH_FILES } from './compiled-files.ts'
export { alignmentHeadsOf } from './decoder.ts'
export { EMBEDDINGS_FILE, writeEmbeddings } from './embeddings.ts'
export { writeFormatProbe } from './format-probe.ts'
export type { ComputeType, LinearFormat } from './layers.ts'
export { probeModel } from './probe-model.ts'
export type { GraphTarget } from './target.ts'
