/** `paradox models verify`: what precision and audio context cost this model in words, on this machine. */

import { readConfig } from '../../config.ts'
import { chooseDevice } from '../../devices/index.ts'
import { readLanguage } from '../../languages.ts'
import { silentLogger } from '../../logger.ts'
import { ModelRegistry } from '../../models/registry.ts'
import type { CommandContext } from '../transcription/transcribe.ts'
import { type Finding, findingOf, isWithinLimits, nothingToCompare, type Verification } from './findings.ts'
import { type LimitFlags, type Limits, readLimits } from './limits.ts'
import { findRecordings } from './recordings.ts'
import { jsonReport, textReport } from './report.ts'
import { runProgress } from './run-progress.ts'
import { type RunOptions, runVariant, type VariantRun } from './run-variant.ts'
import { asSet, inFloat32, inFloat32ByPart, type Variant, withFullContext } from './variants.ts'

export interface VerifyFlags extends LimitFlags {
  readonly language?: string | undefined
  readonly recursive?: boolean | undefined
  readonly json?: boolean | undefined
}

/**
 * Runs the model as the settings have it, then with each approximation undone, one process after the other.
 *
 * @returns true when all recordings were transcribed and no approximation is worse than the limits.
 * @throws {ConfigError | ModelUnknownError | OptionInvalidError | DeviceUnavailableError} before anything is done;
 * {ModelLoadError}; the signal's reason after an abort.
 */
export async function verify(
  id: string,
  names: readonly string[],
  flags: VerifyFlags,
  context: CommandContext,
): Promise<boolean> {
  const { output, signal } = context
  const limits = readLimits(flags)
  const given = readConfig()
  const entry = ModelRegistry.load(given.models).resolve(id)
  const { recursive = false } = flags
  const recordings = await findRecordings(names, {
    recursive,
    language: readLanguage(flags.language),
    cacheDir: given.engine.cacheDir,
    output,
    signal,
  })
  if (recordings === undefined) return false
  const config = { ...given, engine: await chooseDevice(given.engine, silentLogger) }

  const verification = await verified({ entry, config, recordings, limits, ...context })
  output.stdout(flags.json ? jsonReport(verification) : textReport(verification, process.stdout.columns))
  return isWithinLimits(verification)
}

interface VerifyOptions extends Omit<RunOptions, 'progress'> {
  readonly limits: Limits
}

async function verified(options: VerifyOptions): Promise<Verification> {
  const { entry, config, limits, recordings } = options
  const progress = runProgress(recordings)
  const runs: VariantRun[] = []
  const run = async (variant: Variant): Promise<VariantRun> => {
    progress.plan(variant)
    const heardBefore = runs[0] && [...runs[0].heard.keys()] // what failed once is not tried again
    const result = await runVariant(variant, { ...options, recordings: heardBefore ?? recordings, progress })
    runs.push(result)
    return result
  }

  const variant = asSet(config.engine)
  const full = withFullContext(variant)
  const perhapsFloat32 = inFloat32(variant, undefined) // the model's load tells what `auto` is
  for (const planned of [perhapsFloat32, full]) if (planned) progress.plan(planned)
  const asItIs = await run(variant)
  const float32 = inFloat32(variant, asItIs.formats)
  if (perhapsFloat32 && !float32) progress.drop(perhapsFloat32)

  const precision = float32 ? await precisionFinding(asItIs, float32, run, limits) : nothingToCompare('precision')
  const audioContext = full
    ? withSetting(findingOf('audio context', asItIs, await run(full), limits), 'AUDIO_CONTEXT=full')
    : nothingToCompare('audio context')
  return { entry, config, limits, recordings, runs, findings: [precision, audioContext] }
}

/** Where the precision is worse than the limits, one part in float32 may be enough, which takes another run to tell. */
async function precisionFinding(
  asItIs: VariantRun,
  float32: Variant,
  run: (variant: Variant) => Promise<VariantRun>,
  limits: Limits,
): Promise<Finding> {
  const exact = await run(float32)
  const finding = findingOf('precision', asItIs, exact, limits)
  if (finding.reasons.length === 0) return finding
  for (const byPart of inFloat32ByPart(asItIs.variant, asItIs.formats)) {
    const { reasons } = findingOf('precision', await run(byPart), exact, limits)
    if (reasons.length === 0) return withSetting(finding, `DTYPE=${byPart.dtype}`)
  }
  return withSetting(finding, 'DTYPE=float32')
}

function withSetting(finding: Finding, setting: string): Finding {
  return finding.reasons.length > 0 ? { ...finding, setting } : finding
}
