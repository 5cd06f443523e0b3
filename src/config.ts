/** Settings: read once from the environment, checked once, defaults in `settings.ts`. */

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { digestsOf, isShort, keysInFile } from './api-keys.ts'
import { checkPrecision, type Device, type Dtype } from './device-precision.ts'
import { ConfigError } from './errors/index.ts'
import { hubToken } from './hub-token.ts'
import { SECRET_SETTINGS, SETTINGS, type Setting, type SettingName } from './settings.ts'

/** The one that set-up has put beside the packages, which starts faster; else whichever the system has. */
export function installedFfmpeg(): string {
  const own = fileURLToPath(new URL('../node_modules/.ffmpeg/ffmpeg', import.meta.url))
  return existsSync(own) ? own : 'ffmpeg'
}

export type { Device, Dtype } from './device-precision.ts'

/** Proxies for requests to the hub. */
export interface ProxySettings {
  /** Addresses with the credentials in them; undefined: none for such addresses. */
  readonly https: string | undefined
  readonly http: string | undefined
  /** Hosts that are asked directly, with those below them. */
  readonly bypassed: readonly string[]
}

/** Where checkpoints come from and where they are kept. */
export interface HubSettings {
  /** The standard hub cache, shared with Python's huggingface_hub. */
  readonly cacheDir: string
  readonly endpoint: string
  readonly token: string | undefined
  /** Where the token stood, in words. */
  readonly tokenSource?: string | undefined
  /** undefined: it is asked directly. */
  readonly proxies?: ProxySettings | undefined
  readonly offline: boolean
  /** The hub has been asked just now, so what is complete in the cache serves without another question. */
  readonly isAsked?: boolean
}

/** Everything that an engine process needs to know; plain data, since it crosses the process boundary. */
export interface EngineSettings {
  readonly device: Device
  /** Environment variables that select the chosen device in the engine process. */
  readonly deviceEnvironment?: Readonly<Record<string, string>> | undefined
  readonly dtype: Dtype
  /** Default for recordings whose options do not say it. */
  readonly audioContext: 'adaptive' | 'full'
  /** GPU memory that one engine may take; undefined: no limit. */
  readonly gpuMemLimitBytes?: number | undefined
  /** Threads of one engine; undefined lets the runtime measure. */
  readonly threads: number | undefined
  readonly ffmpegPath: string
  /** Whether ffmpeg is kept from all but its recording, as far as the system can. */
  readonly isFfmpegSandboxed: boolean
  readonly ffmpegTimeoutSeconds: number
  readonly maxAudioSeconds: number
  /** Our own cache: compiled graphs and models that come from package indexes. */
  readonly cacheDir: string
  /** Disk space of all compiled models together. */
  readonly compiledCacheMaxBytes: number
  readonly hub: HubSettings
}

/** Which models there are, beside those that are built in, and how long they stay. */
export interface ModelSettings {
  readonly defaultId: string
  /** Code of the language of requests that name none, for models that have none; undefined: detected. */
  readonly defaultLanguage: string | undefined
  readonly file: string | undefined
  /** Other names → ids. */
  readonly aliases: ReadonlyMap<string, string>
  /** Hub repositories that callers may name; `*` stands for any text. */
  readonly allowed: readonly string[]
  readonly maxLoaded: number
  /** Memory of all engines together; undefined: no limit. */
  readonly maxMemoryBytes: number | undefined
  /** After so long without a request a model is unloaded; undefined: never. */
  readonly ttlMs: number | undefined
  readonly preload: readonly string[]
}

/** Limits on the number of requests, and on their time. */
export interface AdmissionSettings {
  readonly maxConcurrency: number
  readonly maxQueue: number
  /** Open at a time, whatever they ask for. */
  readonly maxConnections: number
  /** undefined: no limit. */
  readonly requestTimeoutMs: number | undefined
  readonly retryGraceMs: number
}

/** Rules for callers. */
export interface SecuritySettings {
  /** SHA-256 of each key; none: no key is asked for. */
  readonly apiKeyDigests: readonly Buffer[]
  /** The same of keys for the files and the memory of models; none: every caller may do that. */
  readonly adminKeyDigests: readonly Buffer[]
  /** Keys of both kinds that could be guessed. */
  readonly nShortKeys: number
  /** Requests a minute of one caller; undefined: no limit. */
  readonly rateLimit: number | undefined
  readonly corsOrigins: readonly string[]
  /** Names, in lower case, under which browsers may use a service without keys. */
  readonly allowedHosts: readonly string[]
  /** `false`: none; else the number of last hops, or addresses and networks. */
  readonly trustProxy: false | number | string[]
}

export interface Config {
  readonly host: string
  readonly port: number
  readonly maxUploadBytes: number
  readonly shutdownTimeoutMs: number
  readonly logLevel: string
  readonly tempDir: string
  readonly models: ModelSettings
  readonly admission: AdmissionSettings
  readonly security: SecuritySettings
  readonly engine: EngineSettings
  /** Where engines run, `engine.device` the first. */
  readonly devices: readonly Device[]
}

/** Connections that are idle, or ask for something else than a transcription: pages, probes, pools of clients. */
const SPARE_CONNECTIONS = 1000

/** The models that clients of OpenAI ask for. */
const OPENAI_NAMES = ['whisper-1', 'gpt-transcribe', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe']

/**
 * Settings from the environment. An empty variable counts as unset, as container files often have it.
 *
 * @throws {ConfigError} naming the setting, the value and what is allowed.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const s = parseSettings(env)
  const xdgCache = env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const hfHome = s.HF_HOME ?? join(xdgCache, 'huggingface')
  const devices = s.DEVICE.split(',') as Device[] // the pattern above allows nothing else
  const keys = [
    ...(s.API_KEYS ?? []),
    ...(s.API_KEY ? [s.API_KEY] : []),
    ...keysInFile('API_KEYS_FILE', s.API_KEYS_FILE),
  ]
  const adminKeys = [...(s.ADMIN_API_KEYS ?? []), ...keysInFile('ADMIN_API_KEYS_FILE', s.ADMIN_API_KEYS_FILE)]
  // That of WebGPU is checked when the device is chosen.
  if (devices[0] !== 'webgpu') checkPrecision(s.DTYPE, devices[0]!, env.DTYPE)

  return {
    host: s.HOST,
    port: s.PORT,
    maxUploadBytes: s.MAX_UPLOAD_MB * 1024 * 1024,
    shutdownTimeoutMs: s.SHUTDOWN_TIMEOUT_SECONDS * 1000,
    logLevel: s.LOG_LEVEL,
    tempDir: s.TEMP_DIR,
    models: {
      defaultId: s.DEFAULT_MODEL_ID,
      defaultLanguage: s.DEFAULT_LANGUAGE,
      file: s.MODELS_FILE,
      aliases: aliasesOf(s.MODEL_ALIASES, s.DEFAULT_MODEL_ID),
      allowed: s.ALLOWED_MODELS ?? [],
      maxLoaded: s.MAX_LOADED_MODELS,
      maxMemoryBytes: s.MAX_MODEL_MEMORY === 0 ? undefined : s.MAX_MODEL_MEMORY * 1024 ** 2,
      ttlMs: s.MODEL_TTL < 0 ? undefined : s.MODEL_TTL * 1000,
      preload: s.PRELOAD_MODELS ?? [],
    },
    admission: {
      maxConcurrency: s.MAX_CONCURRENCY,
      maxQueue: s.MAX_QUEUE,
      maxConnections: s.MAX_CONNECTIONS ?? SPARE_CONNECTIONS + s.MAX_CONCURRENCY + 2 * s.MAX_QUEUE,
      requestTimeoutMs: s.REQUEST_TIMEOUT === 0 ? undefined : s.REQUEST_TIMEOUT * 1000,
      retryGraceMs: s.RETRY_GRACE_SECONDS * 1000,
    },
    security: {
      apiKeyDigests: digestsOf(keys),
      adminKeyDigests: digestsOf(adminKeys),
      nShortKeys: [...keys, ...adminKeys].filter(isShort).length,
      rateLimit: s.RATE_LIMIT === 0 ? undefined : s.RATE_LIMIT,
      corsOrigins: s.CORS_ORIGINS ?? [],
      allowedHosts: s.ALLOWED_HOSTS ?? [],
      trustProxy: trustedProxies(s.TRUST_PROXY),
    },
    engine: {
      device: devices[0]!,
      dtype: s.DTYPE as Dtype, // the same
      audioContext: s.AUDIO_CONTEXT,
      gpuMemLimitBytes: s.GPU_MEM_LIMIT === 0 ? undefined : s.GPU_MEM_LIMIT * 1024 ** 2,
      threads: s.THREADS,
      ffmpegPath: s.FFMPEG_PATH ?? installedFfmpeg(),
      isFfmpegSandboxed: s.FFMPEG_SANDBOX === 'auto',
      ffmpegTimeoutSeconds: s.FFMPEG_TIMEOUT_SECONDS,
      maxAudioSeconds: s.MAX_AUDIO_SECONDS,
      cacheDir: s.PARADOX_CACHE_DIR ?? join(xdgCache, 'paradox-asr'),
      compiledCacheMaxBytes: s.COMPILED_CACHE_MAX_GB * 1e9,
      hub: {
        cacheDir: s.HF_HUB_CACHE ?? join(hfHome, 'hub'),
        endpoint: s.HF_ENDPOINT.replace(/\/+$/, ''),
        ...hubToken({ token: s.HF_TOKEN, variable: variableOf('HF_TOKEN', env) }, s.HF_TOKEN_PATH, hfHome),
        proxies: proxiesOf(s),
        offline: s.HF_HUB_OFFLINE,
      },
    },
    devices,
  }
}

/** Seconds of the longest recording that strangers may send: a working day. */
const SERVICE_AUDIO_SECONDS = 8 * 3600

/**
 * Settings of the service, whose callers may be strangers: what is not set has a narrower default there.
 *
 * @throws {ConfigError} as `readConfig`.
 */
export function readServiceConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return readConfig({ ...env, MAX_AUDIO_SECONDS: env.MAX_AUDIO_SECONDS || String(SERVICE_AUDIO_SECONDS) })
}

function aliasesOf(given: readonly string[] | undefined, defaultId: string): ReadonlyMap<string, string> {
  const pairs = given ?? OPENAI_NAMES.map((name) => `${name}=${defaultId}`)
  return new Map(pairs.map((pair) => pair.split('=') as [string, string])) // by its pattern
}

function trustedProxies(value: string): SecuritySettings['trustProxy'] {
  if (!/^\d+$/.test(value)) return value.split(',').map((address) => address.trim())
  return Number(value) || false
}

function proxiesOf({ HTTPS_PROXY, HTTP_PROXY, NO_PROXY = '' }: Settings): ProxySettings | undefined {
  const bypassed = NO_PROXY.split(/[,\s]+/).filter((host) => host !== '')
  if ((HTTPS_PROXY === undefined && HTTP_PROXY === undefined) || bypassed.includes('*')) return undefined
  return { https: HTTPS_PROXY, http: HTTP_PROXY, bypassed }
}

type Settings = { [K in SettingName]: z.output<(typeof SETTINGS)[K]['check']> }

function parseSettings(env: NodeJS.ProcessEnv): Settings {
  const parsed: Record<string, unknown> = {}
  for (const [name, { check }] of Object.entries<Setting>(SETTINGS)) {
    const variable = variableOf(name as SettingName, env) // by the record's own type
    const raw = env[variable] || undefined
    const result = check.safeParse(raw)
    if (!result.success) {
      const isSecret = SECRET_SETTINGS.some((secret) => secret === name)
      const shown = (raw ?? '').replace(/\/\/\S*@/, '//…@') // a name and password in an address
      throw new ConfigError(variable, isSecret ? '…' : shown, wordToUse(result.error) ?? describe(check))
    }
    parsed[name] = result.data
  }
  return parsed as Settings // each was parsed by its own check just above
}

/** The variable that a setting is read from. */
function variableOf(name: SettingName, env: NodeJS.ProcessEnv): string {
  const { variables }: Setting = SETTINGS[name]
  return variables?.find((variable) => env[variable]) ?? name
}

/** Where a check knows what was meant: the one value to use in its place. */
function wordToUse({ issues }: z.ZodError): string | undefined {
  const [issue] = issues
  return issue?.code === 'custom' ? issue.params?.use : undefined
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
