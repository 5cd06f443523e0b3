/** The checkpoint compiler: named tensors in, ONNX graphs out. */

export { SAMPLES_PER_POSITION } from '../whisper-constants.ts'
export { alignWeights, WeightsCutOffError } from './align-weights.ts'
export {
  type CompileOptions,
  type CompilerInput,
  compile,
  compilePart,
  type WeightPlaces,
} from './compile.ts'
export { alignmentHeadsOf } from './decoder.ts'
export { EMBEDDINGS_FILE, writeEmbeddings } from './embeddings.ts'
export { DECODER_FILE, ENCODER_FILE, GENERATE_FILE, GRAPH_FILES, type GraphTarget } from './format.ts'
export { writeFormatProbe } from './format-probe.ts'
export type { ComputeType, LinearFormat } from './layers.ts'
export { candidatesModel, joinModel, keepModel, pickModel, probeModel } from './small-graphs.ts'
