/** Settings of a library caller, under names of a program rather than of an environment. */

import { type Config, readConfig } from '../config.ts'
import type { LoadingProgress } from '../engine/index.ts'
import type { SettingName } from '../settings.ts'

/** A setting that is left out comes from the environment variable, else from its default: docs/operations.md. */
export interface ModelSettings {
  /** `auto`, `cpu`, `webgpu` or `cuda:N` (DEVICE). */
  readonly device?: string | undefined
  /** `auto`, `float32`, `int8`, or by part (DTYPE). */
  readonly dtype?: string | undefined
  /** `adaptive` or `full`, of calls that do not say it themselves (AUDIO_CONTEXT). */
  readonly audioContext?: string | undefined
  /** Threads of the model (THREADS). */
  readonly threads?: number | undefined
  /** The ffmpeg that reads all but plain WAV (FFMPEG_PATH). */
  readonly ffmpegPath?: string | undefined
  /** For compiled models (PARADOX_CACHE_DIR). */
  readonly cacheDir?: string | undefined
  /** For downloaded ones (HF_HUB_CACHE). */
  readonly hubCacheDir?: string | undefined
  /** For gated repositories (HF_TOKEN). */
  readonly hubToken?: string | undefined
  /** Only what is on this machine (HF_HUB_OFFLINE). */
  readonly offline?: boolean | undefined
  /** Longest recording that is accepted (MAX_AUDIO_SECONDS). */
  readonly maxAudioSeconds?: number | undefined
  /** Where recordings lie that are given as bytes or samples (TEMP_DIR). */
  readonly tempDir?: string | undefined
  /** JSON file with more models (MODELS_FILE). */
  readonly modelsFile?: string | undefined
  /** Level of the log on standard error; `silent` unless it is given. */
  readonly logLevel?: string | undefined
  /** Told what loading is at: bytes of a download, the compilation of a first load. */
  readonly onLoading?: ((progress: LoadingProgress) => void) | undefined
  /** Its abort gives up loading. */
  readonly signal?: AbortSignal | undefined
}

const NAMES = {
  device: 'DEVICE',
  dtype: 'DTYPE',
  audioContext: 'AUDIO_CONTEXT',
  threads: 'THREADS',
  ffmpegPath: 'FFMPEG_PATH',
  cacheDir: 'PARADOX_CACHE_DIR',
  hubCacheDir: 'HF_HUB_CACHE',
  hubToken: 'HF_TOKEN',
  offline: 'HF_HUB_OFFLINE',
  maxAudioSeconds: 'MAX_AUDIO_SECONDS',
  tempDir: 'TEMP_DIR',
  modelsFile: 'MODELS_FILE',
  logLevel: 'LOG_LEVEL',
} as const satisfies Readonly<Partial<Record<keyof ModelSettings, SettingName>>>

/** @throws {ConfigError} naming the setting by its environment variable. */
export function configOf(settings: ModelSettings): Config {
  const env: NodeJS.ProcessEnv = { ...process.env, LOG_LEVEL: 'silent' }
  for (const [key, name] of Object.entries(NAMES)) {
    const value = settings[key as keyof typeof NAMES] // the keys of NAMES, by its own type
    if (value !== undefined) env[name] = String(value)
  }
  return readConfig(env)
}

export type { LoadingProgress }
