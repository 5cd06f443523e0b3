/** From the setting DTYPE to the format of each part of a model. Free of the runtime, but for the measurement. */

import type { CompileOptions, LinearFormat } from '../../compiler/index.ts'
import type { Dtype } from '../../config.ts'
import { checkPrecision, GPU_FORMAT, hasDotProducts, kindOf } from '../../device-precision.ts'
import type { ResolvedDevice, SessionSettings } from '../../inference/index.ts'
import type { Logger } from '../../logger.ts'
import { keptTimes, type MeasuredFormats } from './format-times.ts'
import { machineIdentity, processorFeatures } from './machine.ts'

type Part = 'encoder' | 'decoder'
export type Formats = Required<Pick<CompileOptions, 'encoderFormat' | 'decoderFormat'>>

/**
 * What `auto` may choose: formats whose word error rate is that of float32, as measured on Whisper base with 116
 * recordings and five beams. The first is taken unless another one is clearly faster.
 *
 * | encoder | decoder | WER | docs/decisions |
 * | --- | --- | --- | --- |
 * | float32 | float32 | 14.5 | |
 * | float32 | blocks8 | 14.4 | 0009 |
 * | smoothed8 | blocks8 | 14.1 | 0016 |
 *
 * blocks8 in the encoder keeps the tokens too, but has no such row. `smoothed8` is left out where the processor has no
 * 8-bit dot products: its products then overflow in 16 bits, which no measurement of time would show.
 */
const ELIGIBLE: Readonly<Record<Part, readonly LinearFormat[]>> = {
  encoder: ['smoothed8', 'float32'],
  decoder: ['blocks8', 'float32'],
}

/** A format in front is kept at this many times the time of a faster one: as much is noise. */
const CLEARLY = 1.1

const FIXED: Readonly<Record<'float32' | 'float16' | 'int8', Formats>> = {
  float32: { encoderFormat: 'float32', decoderFormat: 'float32' },
  float16: { encoderFormat: 'float16', decoderFormat: 'float16' },
  int8: { encoderFormat: 'smoothed8', decoderFormat: 'blocks8' },
}

export interface KnownFormatOptions {
  readonly dtype: Dtype
  readonly session: Pick<SessionSettings, 'device'>
  /** D of the model. */
  readonly width: number
  readonly cacheDir: string
}

export interface FormatOptions extends KnownFormatOptions {
  readonly session: SessionSettings
  readonly logger: Logger
}

/**
 * The formats of a model's parts: those that DTYPE names, and for the others the fastest that are as exact, measured
 * now where no earlier load has.
 *
 * @throws {ConfigError} for float16 on a CPU.
 */
export async function chooseFormats(options: FormatOptions): Promise<Formats> {
  const { width, cacheDir, logger } = options
  const { formats, choose } = choiceOf(options)
  if (formats.length === 0) return choose({})
  // Not above: the service asks for known formats, and must not load the runtime.
  const { measuredFormats } = await import('./precision-measurement.ts')
  const { times, isNew } = await measuredFormats(formats, { cacheDir, machine: machineIdentity(), width })
  const chosen = choose(times)
  logger[isNew ? 'info' : 'debug']({ ...chosen, width, layerMs: times }, 'chose the precision')
  return chosen
}

/**
 * What `chooseFormats` would choose; undefined where it would have to measure.
 *
 * @throws as `chooseFormats`.
 */
export function knownFormats(options: KnownFormatOptions): Formats | undefined {
  const { formats, choose } = choiceOf(options)
  const { cacheDir, width } = options
  const times = keptTimes(formats, { cacheDir, machine: machineIdentity(), width })
  return times && choose(times)
}

interface FormatChoice {
  /** Whose times decide; none where nothing is to be measured. */
  readonly formats: readonly LinearFormat[]
  readonly choose: (times: MeasuredFormats) => Formats
}

function choiceOf({ dtype, session: { device } }: KnownFormatOptions): FormatChoice {
  if (device === 'cpu')
    checkPrecision(dtype, device) // config.ts did not know yet that `auto` would be the CPU
  else return settled(gpuFormats(dtype, device))
  if (dtype === 'float32' || dtype === 'float16' || dtype === 'int8') return settled(FIXED[dtype])
  const named = namedFormats(dtype)
  if (named.encoder && named.decoder) return settled({ encoderFormat: named.encoder, decoderFormat: named.decoder })
  const eligible = eligibleFormats(processorFeatures())
  return {
    formats: [...new Set([...eligible.encoder, ...eligible.decoder])],
    choose: (times) => ({
      encoderFormat: named.encoder ?? fastest('encoder', eligible.encoder, times),
      decoderFormat: named.decoder ?? fastest('decoder', eligible.decoder, times),
    }),
  }
}

function settled(formats: Formats): FormatChoice {
  return { formats: [], choose: () => formats }
}

/**
 * The formats of a model's parts on a GPU: those that DTYPE names, else one that the device always computes fast. 8 bits
 * have been measured on processors only; on WebGPU the blocks gave other results.
 */
export function gpuFormats(dtype: Dtype, device: Exclude<ResolvedDevice, 'cpu'>): Formats {
  if (dtype === 'float32' || dtype === 'float16' || dtype === 'int8') return FIXED[dtype]
  const named = namedFormats(dtype)
  const format = GPU_FORMAT[kindOf(device)]
  return { encoderFormat: named.encoder ?? format, decoderFormat: named.decoder ?? format }
}

/** What a value such as `encoder=float32,decoder=blocks8` says; config.ts has checked it. */
export function namedFormats(dtype: Dtype): Partial<Record<Part, LinearFormat>> {
  if (dtype === 'auto') return {}
  return Object.fromEntries(dtype.split(',').map((pair) => pair.split('=')))
}

/** @param features  of the processor, by Linux's names; empty where nothing is known, so nothing is risked. */
export function eligibleFormats(features: readonly string[]): Readonly<Record<Part, readonly LinearFormat[]>> {
  if (hasDotProducts(features)) return ELIGIBLE
  return { ...ELIGIBLE, encoder: ELIGIBLE.encoder.filter((format) => format !== 'smoothed8') }
}

/** @param eligible  not empty, the preferred one first; each has its times. */
export function fastest(part: Part, eligible: readonly LinearFormat[], times: MeasuredFormats): LinearFormat {
  const timeOf = (format: LinearFormat) => times[format]![part]
  return eligible.reduce((best, format) => (timeOf(format) * CLEARLY < timeOf(best) ? format : best))
}
