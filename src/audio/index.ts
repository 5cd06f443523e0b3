/** Bytes of any format → 16 kHz mono samples, by way of ffmpeg. */
export { decodeAudio } from './decode.ts'
export { checkFile } from './file-check.ts'
export { type AudioOptions, audioOptions } from './options.ts'
export { type AudioProbe, probeAudio } from './probe.ts'
export { BYTES_PER_SAMPLE, SAMPLE_RATE } from './sample-rate.ts'
export { WAV_HEADER_BYTES, wavHeader } from './wav-header.ts'
