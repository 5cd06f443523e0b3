/** Measuring the precision anew, for those who ask for it. Loads the runtime only then. */

import type { EngineSettings } from '../config.ts'
import { resolveDevice } from './compiled/identity.ts'
import { type Tuned, tuneFormats } from './precision/precision.ts'

export type { FormatMeasurement } from './precision/format-times.ts'
export type { Formats } from './precision/precision.ts'

/**
 * Measures and keeps the result, which later loads of models of this width go by; undefined where DTYPE or the device leaves
 * nothing to choose.
 *
 * @param width  D of the models.
 * @throws {ConfigError} for float16 on a CPU.
 */
export async function tune(
  settings: Pick<EngineSettings, 'device' | 'dtype' | 'cacheDir'>,
  width: number,
): Promise<Tuned | undefined> {
  return await tuneFormats({ ...settings, session: { device: resolveDevice(settings.device) }, width })
}
