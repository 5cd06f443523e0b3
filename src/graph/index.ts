/** The checkpoint compiler: named tensors in, ONNX graphs out. */
export { compile, DECODER_FILE, ENCODER_FILE } from './compile.ts'
export { type CompileOptions, compiledFolder } from './compiled-cache.ts'
export { SAMPLES_PER_POSITION } from './log-mel.ts'
export { probeModel } from './probe-model.ts'
