/** Bytes of any format → 16 kHz mono samples, by way of ffmpeg. */

export { SAMPLE_RATE } from '../whisper-constants.ts'
export { decodeAudio } from './decode.ts'
export { type AudioOptions, audioOptions, type RecordingOptions } from './ffmpeg.ts'
export { type AudioProbe, checkFile, probeAudio } from './probe.ts'
export { sandboxFor } from './sandbox.ts'
export { WAV_HEADER_BYTES, wavHeader } from './wav-header.ts'
