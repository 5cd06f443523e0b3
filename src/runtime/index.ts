/** Runs ONNX graphs, whoever built them: sessions, devices, the key/value cache. */
export { DecoderRows, DecoderSession } from './decoder-session.ts'
export { checkDevice, type ResolvedDevice, resolveDevice, type SessionSettings } from './device.ts'
export {
  type AudioFeatures,
  type DecoderShape,
  EncoderSession,
  featuresOfWindow,
  type OwnedAudioFeatures,
} from './encoder-session.ts'
export { timeGraph } from './time-graph.ts'
export { VadSession } from './vad-session.ts'
