/** The rows of the comparison: which system, with which weights and settings. */

import type { Format } from './formats.ts'

interface RowBase {
  readonly beamSize: number
  /** False for rows that run only where they are named. */
  readonly isUsual: boolean
}

/** Our service; `fields` go with each request, the rest is what users get who send none. */
export interface OwnRow extends RowBase {
  readonly system: 'paradox'
  readonly fields: Readonly<Record<string, string>>
}

export interface PeerRow extends RowBase {
  readonly system: 'openvino' | 'faster-whisper' | 'whisper.cpp' | 'transformers'
  readonly format: Format
  /** What the peer's driver is told beside the model, the threads and the beams. */
  readonly settings: Readonly<Record<string, string | boolean>>
}

export type Row = OwnRow | PeerRow

const own = (beamSize: number, fields: OwnRow['fields']): OwnRow => {
  return { system: 'paradox', beamSize, fields, isUsual: true }
}

const openvino = (weights: 'int8' | 'fp32', beamSize: number): PeerRow => {
  return { system: 'openvino', format: `openvino-${weights}`, beamSize, settings: {}, isUsual: true }
}

const fasterWhisper = (computeType: 'int8' | 'float32', beamSize: number, isBatched = false): PeerRow => ({
  system: 'faster-whisper',
  format: 'ctranslate2',
  beamSize,
  settings: { computeType, isBatched },
  isUsual: true,
})

const whisperCpp = (weights: 'q8_0' | 'f16', beamSize: number, build: 'native' | 'wheel' = 'native'): PeerRow => ({
  system: 'whisper.cpp',
  format: `ggml-${weights}`,
  beamSize,
  settings: { build },
  isUsual: build === 'native',
})

/** Greedy only: with five beams it takes several times as long as any other row. */
const transformers = (dtype: 'float32' | 'bfloat16'): PeerRow => {
  return { system: 'transformers', format: 'hugging-face', beamSize: 1, settings: { dtype }, isUsual: true }
}

export const ROWS: Readonly<Record<string, Row>> = {
  ours: own(5, {}),
  'ours-greedy': own(1, { beam_size: '1' }),
  'openvino-int8-beam1': openvino('int8', 1),
  'openvino-int8-beam5': openvino('int8', 5),
  'openvino-fp32-beam1': openvino('fp32', 1),
  'fw-int8-beam1': fasterWhisper('int8', 1),
  'fw-int8-beam5': fasterWhisper('int8', 5),
  'fw-float32-beam1': fasterWhisper('float32', 1),
  'fw-float32-beam5': fasterWhisper('float32', 5),
  'fw-batched-int8-beam1': fasterWhisper('int8', 1, true),
  'fw-batched-int8-beam5': fasterWhisper('int8', 5, true),
  'wcpp-q8_0-beam1': whisperCpp('q8_0', 1),
  'wcpp-q8_0-beam5': whisperCpp('q8_0', 5),
  'wcpp-f16-beam1': whisperCpp('f16', 1),
  'wcpp-f16-beam5': whisperCpp('f16', 5),
  'wcpp-wheel-q8_0-beam1': whisperCpp('q8_0', 1, 'wheel'),
  'transformers-bfloat16': transformers('bfloat16'),
  'transformers-float32': transformers('float32'),
}

/** The row of ours that a peer is compared with: the one that searches as widely. */
export function ownRowFor(row: Row): string {
  return row.beamSize === 1 ? 'ours-greedy' : 'ours'
}
