/**
 * Runs models: the seam of `whisper/model.ts` on the CPU, on WebGPU and on CUDA, each in a folder of its own, and the
 * scheduler of windows that the first two share.
 */
export { checkDevice, whyUnusable } from './check-device.ts'
export { CpuDecoder } from './cpu/decoder.ts'
export { CpuEncoder, newFeatures } from './cpu/encoder.ts'
export { probeDecoder, probeEncoder } from './cpu/fingerprint.ts'
export { openCpuBackend } from './cpu/model.ts'
export { openCudaModel } from './cuda/open.ts'
export { tryGenerateGraph } from './cuda/trial.ts'
export type { AudioFeatures, DecoderShape } from './decoder-graph.ts'
export { isOutOfMemory, type ResolvedDevice, type SessionSettings } from './session.ts'
export { type CheckpointFacts, StepModel } from './step-model.ts'
export { type RunTime, timeGraphs } from './time-graph.ts'
export { openWebGpuBackend } from './webgpu/model.ts'
export { prepareWebGpuTrial } from './webgpu/trial.ts'
