/** Runs ONNX graphs, whoever built them: sessions, devices, the key/value cache. */
export { DecoderLane } from './decoder-lane.ts'
export { DecoderSession } from './decoder-session.ts'
export {
  checkDevice,
  isOutOfMemory,
  type ResolvedDevice,
  type SessionSettings,
  whyUnusable,
} from './device.ts'
export type { DeviceLane } from './device-lane.ts'
export { DeviceDecoderSession, DeviceEncoderSession } from './device-sessions.ts'
export { type AudioFeatures, type DecoderShape, EncoderSession, newFeatures } from './encoder-session.ts'
export { timeGraph } from './time-graph.ts'
export { WholeTextSession, type WindowToDecode } from './whole-text-session.ts'
