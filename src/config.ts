/** Settings: read once from the environment, checked once, defaults in one place. */

import { existsSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { ConfigError } from './errors.ts'

const flag = z
  .stringbool({ truthy: ['1', 'true', 'yes', 'on'], falsy: ['0', 'false', 'no', 'off', ''] })
  .describe('0 or 1')

function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .pipe(z.number().int().min(min).max(max))
    .describe(`a whole number from ${min} to ${max}`)
}

function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values).describe(`one of ${values.join(', ')}`)
}

const text = z.string().min(1).describe('a text that is not empty')

/** What DTYPE may say of each part; graph/layers.ts has the formats. */
const FORMATS = { encoder: ['float32', 'smoothed8', 'blocks8'], decoder: ['float32', 'blocks8'] } as const

function dtypePattern(): RegExp {
  const [encoder, decoder] = [`encoder=(${FORMATS.encoder.join('|')})`, `decoder=(${FORMATS.decoder.join('|')})`]
  return new RegExp(`^(auto|float32|int8|${encoder}(,${decoder})?|${decoder}(,${encoder})?)$`)
}

/** The one that set-up has put beside the packages, which starts faster; else whichever the system has. */
export function installedFfmpeg(): string {
  const own = fileURLToPath(new URL('../node_modules/.ffmpeg/ffmpeg', import.meta.url))
  return existsSync(own) ? own : 'ffmpeg'
}

/** One row per setting: its environment variable, its check, its default. `docs/operations.md` explains each. */
export const SETTINGS = {
  HOST: text.default('0.0.0.0'),
  PORT: integer(0, 65535).default(8000),
  DEFAULT_MODEL_ID: text.default('freds0'),
  MODELS_FILE: text.optional(),
  MAX_LOADED_MODELS: integer(1, 64).default(1),
  MAX_UPLOAD_MB: integer(1, 1024 * 1024).default(1024),
  MAX_AUDIO_SECONDS: integer(1, 7 * 24 * 3600).default(24 * 3600),
  FFMPEG_TIMEOUT_SECONDS: integer(1, 24 * 3600).default(60),
  SHUTDOWN_TIMEOUT_SECONDS: integer(0, 3600).default(30),
  DEVICE: z
    .string()
    .regex(/^(auto|cpu|webgpu|cuda:\d{1,2})$/)
    .describe('auto, cpu, webgpu or cuda:N')
    .default('auto'),
  DTYPE: z
    .string()
    .regex(dtypePattern())
    .describe(
      `auto, float32, int8, or formats by part such as encoder=float32,decoder=blocks8 (encoder: ${FORMATS.encoder.join(', ')}; decoder: ${FORMATS.decoder.join(', ')})`,
    )
    .default('auto'),
  THREADS: integer(1, 1024).optional(),
  FFMPEG_PATH: text.optional(),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  TEMP_DIR: text.default(tmpdir()),
  PARADOX_CACHE_DIR: text.optional(),
  COMPILED_CACHE_MAX_GB: integer(1, 1_000_000).default(20),
  HF_HOME: text.optional(),
  HF_HUB_CACHE: text.optional(),
  HF_TOKEN: text.optional(),
  HF_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .describe('an http or https address')
    .default('https://huggingface.co'),
  HF_HUB_OFFLINE: flag.default(false),
}

export type Device = 'auto' | 'cpu' | 'webgpu' | `cuda:${number}`
/** Formats by part: `encoder=…`, `decoder=…`, or both with a comma between them. */
export type Dtype = 'auto' | 'float32' | 'int8' | `${'encoder' | 'decoder'}=${string}`

/** Where checkpoints come from and where they are kept. */
export interface HubSettings {
  /** The standard hub cache, shared with Python's huggingface_hub. */
  readonly cacheDir: string
  readonly endpoint: string
  readonly token: string | undefined
  readonly offline: boolean
}

/** Everything that an engine process needs to know; plain data, since it crosses the process boundary. */
export interface EngineSettings {
  readonly device: Device
  readonly dtype: Dtype
  /** Threads of one engine; undefined lets the runtime measure. */
  readonly threads: number | undefined
  readonly ffmpegPath: string
  readonly ffmpegTimeoutSeconds: number
  readonly maxAudioSeconds: number
  /** Our own cache: compiled graphs and models that come from package indexes. */
  readonly cacheDir: string
  /** What all compiled models together may take of the disk. */
  readonly compiledCacheMaxBytes: number
  readonly hub: HubSettings
}

export interface Config {
  readonly host: string
  readonly port: number
  readonly defaultModelId: string
  readonly modelsFile: string | undefined
  readonly maxLoadedModels: number
  readonly maxUploadBytes: number
  readonly shutdownTimeoutMs: number
  readonly logLevel: string
  readonly tempDir: string
  readonly engine: EngineSettings
}

/**
 * Settings from the environment. An empty variable counts as unset, as container files often have it.
 *
 * @throws {ConfigError} naming the setting, the value and what is allowed.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const s = parseSettings(env)
  const xdgCache = env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const hfHome = s.HF_HOME ?? join(xdgCache, 'huggingface')

  return {
    host: s.HOST,
    port: s.PORT,
    defaultModelId: s.DEFAULT_MODEL_ID,
    modelsFile: s.MODELS_FILE,
    maxLoadedModels: s.MAX_LOADED_MODELS,
    maxUploadBytes: s.MAX_UPLOAD_MB * 1024 * 1024,
    shutdownTimeoutMs: s.SHUTDOWN_TIMEOUT_SECONDS * 1000,
    logLevel: s.LOG_LEVEL,
    tempDir: s.TEMP_DIR,
    engine: {
      device: s.DEVICE as Device, // the pattern above allows nothing else
      dtype: s.DTYPE as Dtype, // the same
      threads: s.THREADS,
      ffmpegPath: s.FFMPEG_PATH ?? installedFfmpeg(),
      ffmpegTimeoutSeconds: s.FFMPEG_TIMEOUT_SECONDS,
      maxAudioSeconds: s.MAX_AUDIO_SECONDS,
      cacheDir: s.PARADOX_CACHE_DIR ?? join(xdgCache, 'paradox-asr'),
      compiledCacheMaxBytes: s.COMPILED_CACHE_MAX_GB * 1e9,
      hub: {
        cacheDir: s.HF_HUB_CACHE ?? join(hfHome, 'hub'),
        endpoint: s.HF_ENDPOINT.replace(/\/+$/, ''),
        token: s.HF_TOKEN,
        offline: s.HF_HUB_OFFLINE,
      },
    },
  }
}

type Settings = { [K in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[K]> }

function parseSettings(env: NodeJS.ProcessEnv): Settings {
  const parsed: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(SETTINGS)) {
    const raw = env[name] || undefined
    const result = schema.safeParse(raw)
    if (!result.success) {
      // A token is the one setting whose value must not be repeated.
      throw new ConfigError(name, name === 'HF_TOKEN' ? '…' : (raw ?? ''), describe(schema))
    }
    parsed[name] = result.data
  }
  return parsed as Settings // each key was parsed by its own schema just above
}

function describe(schema: z.ZodType): string {
  for (let inner: z.ZodType | undefined = schema; inner; inner = innerType(inner)) {
    if (inner.description) return inner.description
  }
  return 'another value'
}

function innerType(schema: z.ZodType): z.ZodType | undefined {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : undefined
}
