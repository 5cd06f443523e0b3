/** From the setting DTYPE to the format of each part of a model. Free of the runtime, but for the measurement. */

import type { CompileOptions, LinearFormat } from '../../compiler/index.ts'
import type { Dtype } from '../../config.ts'
import { checkPrecision, GPU_FORMAT, hasDotProducts, kindOf } from '../../device-precision.ts'
import type { ResolvedDevice, SessionSettings } from '../../inference/index.ts'
import type { Logger } from '../../logger.ts'
import { type FormatMeasurement, keptTimes, type TimesKey } from './format-times.ts'
import { machineIdentity, processorFeatures } from './machine.ts'

type Part = 'encoder' | 'decoder'
export type Formats = Required<Pick<CompileOptions, 'encoderFormat' | 'decoderFormat'>>

/**
 * Formats that `auto` may choose: those whose word error rate is that of float32, as measured on Whisper base with 116
 * recordings and five beams. The first is taken unless another one is clearly faster on a quiet machine.
 *
 * | encoder | decoder | WER | docs/decisions |
 * | --- | --- | --- | --- |
 * | float32 | float32 | 14.5 | |
 * | float32 | blocks8 | 14.4 | 0009 |
 * | smoothed8 | blocks8 | 14.1 | 0016 |
 *
 * blocks8 in the encoder keeps the tokens too, but has no such row. `smoothed8` is left out where the CPU has no
 * 8-bit dot products: its products then overflow in 16 bits, which no measurement of time would show.
 */
const ELIGIBLE: Readonly<Record<Part, readonly LinearFormat[]>> = {
  encoder: ['smoothed8', 'float32'],
  decoder: ['blocks8', 'float32'],
}

/** A format in front is kept unless another one takes this many times less, in every round: as much may be noise. */
const CLEARLY = 1.25

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
 * The formats of a model's parts: those that DTYPE names, and for the others those that the processor's features speak
 * for, unless another one that is as exact is clearly faster. Measured now where no earlier load has, or the machine was
 * busy then.
 *
 * @throws {ConfigError} for float16 on a CPU.
 */
export async function chooseFormats(options: FormatOptions): Promise<Formats> {
  const { width, logger } = options
  const { formats, choose } = choiceOf(options)
  if (formats.length === 0) return choose(undefined)
  // Not above: the service asks for known formats, and must not load the runtime.
  const { measuredFormats } = await import('./precision-measurement.ts')
  const { measurement, isNew } = await measuredFormats(formats, timesKeyOf(options))
  const chosen = choose(measurement)
  const { times, nBusy } = measurement
  logger[isNew ? 'info' : 'debug'](
    { ...chosen, width, layerMs: times, ...(nBusy > 0 && { nBusy }) },
    nBusy > 0 ? 'chose the precision by the processor, since the machine is busy' : 'chose the precision',
  )
  return chosen
}

/**
 * The choice of `chooseFormats`; undefined where nothing has been measured.
 *
 * @throws as `chooseFormats`.
 */
export function knownFormats(options: KnownFormatOptions): Formats | undefined {
  const { formats, choose } = choiceOf(options)
  if (formats.length === 0) return choose(undefined)
  const measurement = keptMeasurement(options)
  return measurement && choose(measurement)
}

/** What decided, where a measurement could; undefined where nothing has been measured, or DTYPE names all formats. */
export function keptMeasurement(options: KnownFormatOptions): FormatMeasurement | undefined {
  const { formats } = choiceOf(options)
  return formats.length === 0 ? undefined : keptTimes(formats, timesKeyOf(options))
}

/** What a measurement that was asked for has found, and what follows from it. */
export interface Tuned {
  readonly measurement: FormatMeasurement
  readonly chosen: Formats
}

/**
 * Measures thoroughly and keeps the result, which later loads go by; undefined where DTYPE or the device leaves nothing to
 * choose.
 *
 * @throws as `chooseFormats`.
 */
export async function tuneFormats(options: KnownFormatOptions): Promise<Tuned | undefined> {
  const { formats, choose } = choiceOf(options)
  if (formats.length === 0) return undefined
  const { measureAgain } = await import('./precision-measurement.ts')
  const measurement = await measureAgain(formats, timesKeyOf(options))
  return { measurement, chosen: choose(measurement) }
}

function timesKeyOf({ cacheDir, width }: KnownFormatOptions): TimesKey {
  return { cacheDir, machine: machineIdentity(), width }
}

interface FormatChoice {
  /** Formats whose times decide; none where nothing is to be measured. */
  readonly formats: readonly LinearFormat[]
  readonly choose: (measurement: FormatMeasurement | undefined) => Formats
}

function choiceOf({ dtype, session: { device } }: KnownFormatOptions): FormatChoice {
  if (device === 'cpu')
    checkPrecision(dtype, device) // config.ts did not know yet that `auto` would be the CPU
  else return settled(gpuFormats(dtype, device))
  if (dtype === 'float32' || dtype === 'float16' || dtype === 'int8') return settled(FIXED[dtype])
  const named = namedFormats(dtype)
  if (named.encoder && named.decoder) return settled({ encoderFormat: named.encoder, decoderFormat: named.decoder })
  const eligible = eligibleFormats(processorFeatures())
  const open = { encoder: named.encoder ? [] : eligible.encoder, decoder: named.decoder ? [] : eligible.decoder }
  return {
    // Where one alone is eligible there is nothing to find out.
    formats: [...new Set(Object.values(open).flatMap((formats) => (formats.length > 1 ? formats : [])))],
    choose: (measurement) => ({
      encoderFormat: named.encoder ?? fastest('encoder', eligible.encoder, measurement),
      decoderFormat: named.decoder ?? fastest('decoder', eligible.decoder, measurement),
    }),
  }
}

function settled(formats: Formats): FormatChoice {
  return { formats: [], choose: () => formats }
}

/**
 * The formats of a model's parts on a GPU: those that DTYPE names, else one that the device always computes fast. 8 bits
 * have been measured on CPUs only; on WebGPU the blocks gave other results.
 */
export function gpuFormats(dtype: Dtype, device: Exclude<ResolvedDevice, 'cpu'>): Formats {
  if (dtype === 'float32' || dtype === 'float16' || dtype === 'int8') return FIXED[dtype]
  const named = namedFormats(dtype)
  const format = GPU_FORMAT[kindOf(device)]
  return { encoderFormat: named.encoder ?? format, decoderFormat: named.decoder ?? format }
}

/** Formats of a value such as `encoder=float32,decoder=blocks8`; config.ts has checked it. */
export function namedFormats(dtype: Dtype): Partial<Record<Part, LinearFormat>> {
  if (dtype === 'auto') return {}
  return Object.fromEntries(dtype.split(',').map((pair) => pair.split('=')))
}

/** @param features  of the CPU, by Linux's names; empty where nothing is known, so nothing is risked. */
export function eligibleFormats(features: readonly string[]): Readonly<Record<Part, readonly LinearFormat[]>> {
  if (hasDotProducts(features)) return ELIGIBLE
  return { ...ELIGIBLE, encoder: ELIGIBLE.encoder.filter((format) => format !== 'smoothed8') }
}

/**
 * The preferred format, unless a quiet machine has computed in another one clearly faster in every round.
 *
 * @param eligible     not empty, the preferred one first.
 * @param measurement  has times of each, if there are several.
 */
export function fastest(
  part: Part,
  eligible: readonly LinearFormat[],
  measurement: FormatMeasurement | undefined,
): LinearFormat {
  const [preferred] = eligible as readonly [LinearFormat, ...LinearFormat[]]
  if (eligible.length === 1 || measurement === undefined || measurement.nBusy > 0) return preferred
  const times = (format: LinearFormat) => measurement.times[format]![part]
  const isFaster = (format: LinearFormat, than: LinearFormat) =>
    times(format).every((time, round) => time * CLEARLY < times(than)[round]!)
  return eligible.reduce((best, format) => (isFaster(format, best) ? format : best))
}
