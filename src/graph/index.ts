/** The checkpoint compiler: named tensors in, ONNX graphs out. */
export { type CompileOptions, compile, DECODER_FILE, ENCODER_FILE } from './compile.ts'
export { type CompiledCacheOptions, compiledFolder } from './compiled-cache.ts'
export { alignmentHeadsOf } from './decoder.ts'
export type { LinearFormat } from './layers.ts'
export { SAMPLES_PER_POSITION } from './log-mel.ts'
export { probeModel } from './probe-model.ts'
export { voiceActivityModel } from './voice-activity.ts'
