/**
 * Whisper's log-mel spectrogram as graph nodes, so that the samples enter the model as they are.
 *
 * @see openai/whisper:whisper/audio.py `log_mel_spectrogram` — same frame, hop, floor and scale.
 */

import { FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE } from '../whisper-constants.ts'
import type { GraphBuilder, Value } from './builder.ts'

const N_FREQUENCIES = FRAME_SAMPLES / 2 + 1

/**
 * Adds the nodes that turn samples into the encoder's input.
 *
 * @param samples  [B × N] with N a multiple of 320; zero beyond the recording's end.
 * @returns        [B × M × F], F = N / 160.
 */
export function addLogMel(g: GraphBuilder, samples: Value, nMels: number): Value {
  // Whisper centres its frames by reflecting 200 samples at both ends and then drops the last frame; reflecting only
  // 40 at the end yields the very same frames without the one to drop.
  const centred = FRAME_SAMPLES / 2
  const reflected = g.op('Pad', [g.op('Unsqueeze', [samples, g.ints([1])]), g.ints([0, 0, centred, 0, 0, 40])], {
    mode: 'reflect',
  })

  const basis = g.weight('log_mel.fourier_basis', [2 * N_FREQUENCIES, 1, FRAME_SAMPLES], windowedFourierBasis())
  const spectrum = g.op('Conv', [reflected, basis], { strides: [HOP_SAMPLES], kernel_shape: [FRAME_SAMPLES] }) // [B × 402 × F]
  const [real, imaginary] = g.ops('Split', [spectrum, g.ints([N_FREQUENCIES, N_FREQUENCIES])], 2, { axis: 1 })
  const power = g.op('Add', [g.op('Mul', [real!, real!]), g.op('Mul', [imaginary!, imaginary!])]) // [B × 201 × F]

  const filters = g.weight('log_mel.filters', [nMels, N_FREQUENCIES], melFilters(nMels))
  const mel = g.op('MatMul', [filters, power]) // [B × M × F]

  const logMel = g.op('Mul', [g.op('Log', [g.op('Max', [mel, g.scalar(1e-10)])]), g.scalar(1 / Math.LN10)])
  // The floor hangs from the loudest value of this window, as in the reference, which sees one window at a time.
  const floor = g.op('Sub', [g.op('ReduceMax', [logMel], { axes: [1, 2], keepdims: 1 }), g.scalar(8)])
  const floored = g.op('Max', [logMel, floor])
  return g.op('Mul', [g.op('Add', [floored, g.scalar(4)]), g.scalar(0.25)])
}

/** [402 × 400]: 201 cosines, then 201 sines, each under a periodic Hann window. */
function windowedFourierBasis(): Float32Array {
  const basis = new Float32Array(2 * N_FREQUENCIES * FRAME_SAMPLES)
  for (let n = 0; n < FRAME_SAMPLES; n++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / FRAME_SAMPLES)
    for (let k = 0; k < N_FREQUENCIES; k++) {
      // Reducing k·n first keeps the angle small, where cos and sin are most exact.
      const angle = (2 * Math.PI * ((k * n) % FRAME_SAMPLES)) / FRAME_SAMPLES
      basis[k * FRAME_SAMPLES + n] = hann * Math.cos(angle)
      basis[(N_FREQUENCIES + k) * FRAME_SAMPLES + n] = -hann * Math.sin(angle)
    }
  }
  return basis
}

/**
 * Triangular filters, evenly spaced on Slaney's mel scale from 0 to 8 kHz, each of unit area.
 *
 * @returns [M × 201] row-major.
 * @see librosa/librosa:librosa/filters.py `mel` — the defaults Whisper's filters were made with.
 */
export function melFilters(nMels: number): Float32Array {
  const filters = new Float32Array(nMels * N_FREQUENCIES)
  const highest = hzToMel(SAMPLE_RATE / 2)
  const edges = Array.from({ length: nMels + 2 }, (_, i) => melToHz((highest * i) / (nMels + 1)))
  for (let m = 0; m < nMels; m++) {
    const [left, centre, right] = [edges[m]!, edges[m + 1]!, edges[m + 2]!]
    for (let k = 0; k < N_FREQUENCIES; k++) {
      const hz = (k * SAMPLE_RATE) / FRAME_SAMPLES
      const height = Math.min((hz - left) / (centre - left), (right - hz) / (right - centre))
      filters[m * N_FREQUENCIES + k] = (Math.max(0, height) * 2) / (right - left)
    }
  }
  return filters
}

// Slaney's scale: linear below 1 kHz (15 mels), logarithmic above.
const LINEAR_HZ_PER_MEL = 200 / 3
const LOG_START_HZ = 1000
const LOG_START_MEL = LOG_START_HZ / LINEAR_HZ_PER_MEL
const LOG_STEP = Math.log(6.4) / 27

function hzToMel(hz: number): number {
  return hz < LOG_START_HZ ? hz / LINEAR_HZ_PER_MEL : LOG_START_MEL + Math.log(hz / LOG_START_HZ) / LOG_STEP
}

function melToHz(mel: number): number {
  return mel < LOG_START_MEL ? mel * LINEAR_HZ_PER_MEL : LOG_START_HZ * Math.exp(LOG_STEP * (mel - LOG_START_MEL))
}
