/** Options of a library caller for one recording. */

import { OptionInvalidError } from '../errors/index.ts'
import { camelCase } from '../option-table.ts'
import type { Segment } from '../transcript/index.ts'
import { type DecodingOptions, OPTIONS, type RequestedOptions, readOptions } from '../whisper/options.ts'

/** Every option of docs/options.md in camelCase, and what concerns this call alone. */
export type TranscribeOptions = {
  readonly [K in keyof DecodingOptions]?: DecodingOptions[K] | undefined
} & {
  /** Name or code of what is spoken, such as `pt`; `auto`: detected; left out, as the model or DEFAULT_LANGUAGE has it. */
  readonly language?: string | undefined
  /** Told how much of the recording is done, in seconds. */
  readonly onProgress?: ((doneSeconds: number) => void) | undefined
  /** Told segments as soon as their window is done, in order. */
  readonly onSegments?: ((segments: readonly Segment[]) => void) | undefined
  /** Its abort stops the work at any stage. */
  readonly signal?: AbortSignal | undefined
}

const OTHERS: readonly string[] = ['language', 'onProgress', 'onSegments', 'signal']
const NAMES = new Map(Object.keys(OPTIONS).map((name) => [camelCase(name), name]))

/**
 * The options of the pipeline among those of a call.
 *
 * @throws {OptionInvalidError} for a name that is no option, as a typing error would be; for a value outside its range.
 */
export function requestedOptions(options: TranscribeOptions): RequestedOptions {
  const given: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || OTHERS.includes(key)) continue
    const name = NAMES.get(key)
    if (name === undefined)
      throw new OptionInvalidError(key, String(value), 'the options of docs/options.md in camelCase')
    given[name] = value
  }
  return readOptions(given)
}
