/**
 * Every setting as a row: its environment variable, its check with its default, what it means. `config.ts` reads them;
 * the table of docs/operations.md is written from them.
 */

import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { z } from 'zod'
import { API_KEY } from './api-keys.ts'
import { PART_FORMATS } from './device-precision.ts'
import { cleanToken } from './hub-token.ts'
import { LANGUAGE_CODES } from './language-table.ts'
import { isDetectionAsked, resolveLanguage } from './languages.ts'
import * as option from './option-table.ts'
import { integer, oneOf } from './option-table.ts'

export interface Setting<T extends z.ZodType = z.ZodType> {
  /** Check of the text in the environment; its description says what is allowed. */
  readonly check: T
  /** In markdown, as docs/operations.md shows it. */
  readonly meaning: string
  /** The default in words, where it is no single value. */
  readonly defaultInWords?: string
  /** Variables of which the first that is set counts; left out: the one that the row is named for. */
  readonly variables?: readonly string[]
}

// ── checks ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const flag = option.flag.describe('0 or 1')

const text = z.string().min(1).describe('a text that is not empty')

/**
 * Comma-separated, and nothing else: a key may have brackets and quotation marks. One item at least: a comma alone should
 * not stand for no keys, and so for a service that is open to all.
 */
function listOf(item: z.ZodType<string>, what: string) {
  const split = (value: unknown) =>
    typeof value === 'string'
      ? value
          .split(',')
          .map((part) => part.trim())
          .filter((part) => part !== '')
      : value
  return z.preprocess(split, z.array(item).min(1)).describe(what)
}

const HUB_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9*][A-Za-z0-9._*-]*$/
const ALIAS = /^[^=\s]+=[^=\s]+$/

/** An address, or a network such as 10.0.0.0/8. */
function isNetwork(value: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(value) ?? []
  const maxBits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  return maxBits > 0 && (bits === undefined || (Number(bits) >= 1 && Number(bits) <= maxBits))
}

function dtypePattern(): RegExp {
  const [encoder, decoder] = [
    `encoder=(${PART_FORMATS.encoder.join('|')})`,
    `decoder=(${PART_FORMATS.decoder.join('|')})`,
  ]
  return new RegExp(`^(auto|float32|float16|int8|${encoder}(,${decoder})?|${decoder}(,${encoder})?)$`)
}

/** Words of torch and CTranslate2 for a precision that is here, too. */
const SAME_PRECISION: ReadonlyMap<string, string> = new Map([
  ['fp32', 'float32'],
  ['float', 'float32'],
  ['fp16', 'float16'],
  ['half', 'float16'],
])

/** Their other words, and what to use in their place. */
const NEAREST_PRECISION: ReadonlyMap<string, string> = new Map([
  ['bfloat16', 'auto'],
  ['bf16', 'auto'],
  ['default', 'auto'],
  ['int8_float16', 'auto'],
  ['int8_bfloat16', 'auto'],
  ['int8_float32', 'int8'],
  ['int16', 'auto'],
  ['float64', 'float32'],
  ['double', 'float32'],
])

const dtype = z
  .string()
  .transform((given, context) => {
    const word = given.replace(/^torch\./, '')
    const precision = SAME_PRECISION.get(word) ?? word
    if (dtypePattern().test(precision)) return precision
    const use = NEAREST_PRECISION.get(word)
    context.addIssue({ code: 'custom', ...(use !== undefined && { params: { use } }) })
    return z.NEVER
  })
  .describe(
    `auto, float32, float16, int8, or formats by part such as encoder=float32,decoder=blocks8 (encoder: ${PART_FORMATS.encoder.join(', ')}; decoder: ${PART_FORMATS.decoder.join(', ')})`,
  )

const device = z
  .string()
  .transform((value) => (value === 'cuda' ? 'cuda:0' : value))
  .pipe(z.string().regex(/^(auto|cpu|webgpu|cuda:\d{1,2}(,cuda:\d{1,2})*)$/))
  .refine((value) => new Set(value.split(',')).size === value.split(',').length)
  .describe('auto, cpu, webgpu, cuda, cuda:N, or several GPUs such as cuda:0,cuda:1')

const language = z
  .string()
  .transform((given, context) => {
    if (isDetectionAsked(given)) return undefined
    try {
      return resolveLanguage(given, LANGUAGE_CODES)
    } catch {
      context.addIssue({ code: 'custom' })
      return z.NEVER
    }
  })
  .describe('a code or name of a language, such as pt or portuguese, or auto')

/** An address as curl and pip take it: http where it says nothing else. */
const proxy = z
  .string()
  .transform((given) => (given.includes('://') ? given : `http://${given}`))
  .pipe(z.url({ protocol: /^https?$/ }))
  .refine(hasReadableCredentials)
  .describe('an address such as http://proxy.example:3128 or http://user:password@proxy.example:3128')

/** Whether what stands for signs in them, as %40 for @, can be told. */
function hasReadableCredentials(address: string): boolean {
  try {
    const { username, password } = new URL(address)
    return decodeURIComponent(username + password) !== undefined
  } catch {
    return false
  }
}

/** A key of the API; a comma stands between several. */
const apiKey = z.string().regex(API_KEY)
const apiKeys = listOf(apiKey, 'comma-separated keys of at least 8 printable characters')

/** As browsers write it into `Origin`: those of web pages, and of extensions and apps (`chrome-extension://…`). */
const ORIGIN = /^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/

// ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const SETTINGS = {
  HOST: { check: text.default('0.0.0.0'), meaning: 'Address to listen on.' },
  PORT: { check: integer(0, 65535).default(8000), meaning: 'Port to listen on; `0` takes a free one.' },

  DEFAULT_MODEL_ID: { check: text.default('freds0'), meaning: 'Model of requests that name none.' },
  DEFAULT_LANGUAGE: {
    check: language.optional(),
    meaning:
      'Language of requests that name none, as code or name, for models that have none of their own (`freds0` has `pt`; `language` in [`MODELS_FILE`](models.md#add-a-model)). Unset or `auto`: it is detected. See [which language](api.md#which-language).',
  },
  MODELS_FILE: { check: text.optional(), meaning: 'JSON file with [more models](models.md#add-a-model).' },
  MODEL_ALIASES: {
    check: listOf(
      z.string().regex(ALIAS),
      'names and the models they stand for, such as whisper-1=freds0,turbo=lite_asr',
    ).optional(),
    meaning:
      'Other names of models, such as `whisper-1=freds0,turbo=lite_asr`. Unset: `whisper-1`, `gpt-transcribe`, `gpt-4o-transcribe` and `gpt-4o-mini-transcribe`, which clients of OpenAI send, stand for `DEFAULT_MODEL_ID`.',
    defaultInWords: "OpenAI's names",
  },
  ALLOWED_MODELS: {
    check: listOf(
      z.string().regex(HUB_NAME).or(z.literal('*')),
      'hub repositories such as openai/whisper-small, owner/* for all of an owner, or *',
    ).optional(),
    meaning:
      'Hub repositories that callers may name in addition to the models of the service: `openai/whisper-small`, `openai/*`, or `*` for any. Callers can then fill the disk.',
    defaultInWords: '–',
  },
  MAX_LOADED_MODELS: {
    check: integer(1, 64).default(1),
    meaning:
      'Models in memory at a time, each in a process of its own. When another is asked for, the one that was idle longest is unloaded; where none is idle, [the queue](operations.md#the-queue) makes room.',
  },
  MAX_MODEL_MEMORY: {
    check: integer(0, 16 * 1024 * 1024).default(0),
    meaning:
      'Memory that all loaded models together may take, in MiB; those that were idle longest are unloaded until it fits. One model is always allowed. `0`: no limit.',
  },
  MODEL_TTL: {
    check: integer(-1, 365 * 24 * 3600).default(300),
    meaning: 'Seconds without a request after which a model is unloaded; `0`: at once, `-1`: never.',
  },
  PRELOAD_MODELS: {
    check: listOf(text, 'comma-separated ids of models').optional(),
    meaning:
      'Models that are loaded, and have transcribed something, before `GET /readyz` says so: `freds0`, or several, comma-separated, at most `MAX_LOADED_MODELS`.',
    defaultInWords: '–',
  },

  MAX_UPLOAD_MB: {
    check: integer(1, 1024 * 1024).default(1024),
    meaning: 'Largest recording, in MiB; larger ones are answered with 413, and neither memory nor disk keeps them.',
  },
  MAX_AUDIO_SECONDS: {
    check: integer(1, 7 * 24 * 3600).default(24 * 3600),
    meaning:
      'Longest recording, in seconds; longer ones are refused. Unset: `28800` of the service, whose callers may be strangers, `86400` on the command line and in the library.',
    defaultInWords: '8 hours, or 24',
  },
  MAX_CONCURRENCY: {
    check: integer(1, 1024).default(8),
    meaning:
      'Recordings that are worked on at a time, over all models. A quarter of them, where it is more than one, is kept for short recordings.',
  },
  MAX_QUEUE: {
    check: integer(0, 100_000).default(64),
    meaning:
      'Requests that may wait beyond that, those still uploading among them; more are answered with 429. A quarter more is kept for callers that have few. Their order: [the queue](operations.md#the-queue).',
  },
  MAX_CONNECTIONS: {
    check: integer(1, 1_000_000).optional(),
    meaning: 'Connections that may be open at a time, idle ones among them; further ones are closed at once.',
    defaultInWords: '1000 + `MAX_CONCURRENCY` + 2 × `MAX_QUEUE`',
  },
  REQUEST_TIMEOUT: {
    check: integer(0, 7 * 24 * 3600).default(24 * 3600),
    meaning: 'Seconds from the arrival of a request after which it is given up and answered with 503; `0`: no limit.',
  },
  RETRY_GRACE_SECONDS: {
    check: integer(0, 3600).default(10),
    meaning:
      'Seconds that the work for a client that may have run into its timeout goes on, and its result is kept, for the [retry](api.md#retries) that such clients send; `0`: none.',
  },

  API_KEYS: {
    check: apiKeys.optional(),
    meaning: 'Comma-separated keys, of which every caller has to send one: see [keys](#keys-and-limits). Never logged.',
    defaultInWords: '–',
  },
  API_KEY: {
    check: z.string().trim().pipe(apiKey).describe('a key of at least 8 printable characters').optional(),
    meaning: 'One more key, as if it stood in `API_KEYS`. Never logged.',
  },
  API_KEYS_FILE: {
    check: text.optional(),
    meaning: 'File with more such keys, one a line; `#` begins a comment. Read once, at the start.',
    defaultInWords: '–',
  },
  ADMIN_API_KEYS: {
    check: apiKeys.optional(),
    meaning:
      'Keys that permit [downloading, deleting and unloading models](#keys-and-limits), and all that the others do. Unset, nobody needs them for that. Never logged.',
    defaultInWords: '–',
  },
  ADMIN_API_KEYS_FILE: {
    check: text.optional(),
    meaning: 'File with more such keys, as `API_KEYS_FILE`.',
    defaultInWords: '–',
  },
  RATE_LIMIT: {
    check: integer(0, 1_000_000).default(0),
    meaning:
      'Requests a minute of one key, or of one address where there are no keys; more are answered with 429. `0`: no limit.',
  },
  CORS_ORIGINS: {
    check: listOf(z.string().regex(ORIGIN), 'comma-separated origins such as https://example.org, or *').optional(),
    meaning: 'Comma-separated origins whose pages may call the service from a browser, or `*`.',
    defaultInWords: '–',
  },
  ALLOWED_HOSTS: {
    check: listOf(
      z
        .string()
        .regex(HOST_NAME)
        .transform((name) => name.toLowerCase()),
      'comma-separated host names without ports, such as asr.example.org',
    ).optional(),
    meaning:
      'Comma-separated names under which [browsers](#pages-of-strangers) may use a service that has no keys, beside `localhost`, addresses and the name of the machine.',
    defaultInWords: '–',
  },
  TRUST_PROXY: {
    check: z
      .string()
      .refine((value) => /^\d{1,2}$/.test(value) || value.split(',').every((part) => isNetwork(part.trim())))
      .describe('the number of proxies in front, or their comma-separated addresses')
      .default('0'),
    meaning:
      'Proxies whose `X-Forwarded-For` is trusted: their number, or their comma-separated addresses and networks. `0`: none.',
  },

  FFMPEG_PATH: {
    check: text.optional(),
    meaning:
      'The ffmpeg that reads all audio but plain WAV of 16 kHz. Unset: the one that `make setup` fetched, else `ffmpeg` of the system.',
    defaultInWords: '–',
  },
  FFMPEG_SANDBOX: {
    check: oneOf(['auto', 'off']).default('auto'),
    meaning:
      '`auto`: ffmpeg is kept from all but the recording, as far as the system can ([what is in force](operations.md#ffmpegs-sandbox)). `off`: not, for a program at `FFMPEG_PATH` that does more than read the file.',
  },
  FFMPEG_TIMEOUT_SECONDS: {
    check: integer(1, 24 * 3600).default(60),
    meaning:
      'Seconds that ffmpeg may give no audio, or be behind the speed at which the recording is played, before it is stopped.',
  },
  SHUTDOWN_TIMEOUT_SECONDS: {
    check: integer(0, 3600).default(30),
    meaning: 'Seconds that running requests may take to finish after SIGTERM.',
  },
  DEVICE: {
    check: device.default('auto'),
    meaning:
      '`cpu`, `cuda:N`, `webgpu` or `auto`; `cuda` is `cuda:0`; several GPUs, such as `cuda:0,cuda:1`, share the loaded models ([gpu-cuda.md](gpu-cuda.md#several-gpus)). A device that is not there is an error at the start; `auto` takes CUDA, else WebGPU on a real GPU, else the CPU, and the log says why ([gpu.md](gpu.md)).',
  },
  DTYPE: {
    check: dtype.default('auto'),
    meaning:
      '`auto`, `float32`, `int8` (CPU) or `float16` (GPUs), or a precision for each part, such as `encoder=float32,decoder=blocks8`: see [precision](#precision).',
  },
  AUDIO_CONTEXT: {
    check: oneOf(['adaptive', 'full']).default('adaptive'),
    meaning:
      'Of requests that do not say [`audio_context`](options.md#decoding): `adaptive` encodes the sound and some silence, `full` always 30 s, as the models were trained. `paradox models verify` says whether a model needs it ([0003](decisions/0003-adaptive-audio-context.md)).',
  },
  GPU_MEM_LIMIT: {
    check: integer(0, 16 * 1024 * 1024).default(0),
    meaning:
      'Memory of a `cuda:N` that one model may take, in MiB: fewer windows are decoded at a time, and what is over the limit afterwards is given back ([gpu-cuda.md](gpu-cuda.md#memory)). `0`: no limit.',
  },
  THREADS: {
    check: integer(1, 1024).optional(),
    meaning: 'Threads of one loaded model.',
    defaultInWords: 'all cores',
  },
  LOG_LEVEL: {
    check: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    meaning:
      '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. The log is one JSON object per line, on standard error.',
  },
  TEMP_DIR: {
    check: text.default(tmpdir()),
    meaning: 'Where uploads lie while they wait and are worked on; see [temporary files](#temporary-files).',
    defaultInWords: "the system's",
  },
  PARADOX_CACHE_DIR: {
    check: text.optional(),
    meaning:
      "[Compiled models](#compiled-models), models that come from the Python package index, notes of [which models are the service's own](api.md#deleting), and Node's own compiled code (`node/`, unless `NODE_COMPILE_CACHE` is set). Safe to delete while the service is stopped.",
    defaultInWords: '`~/.cache/paradox-asr`',
  },
  COMPILED_CACHE_MAX_GB: {
    check: integer(1, 1_000_000).default(20),
    meaning:
      'Disk space that compiled models may take, in GB (10⁹ bytes). After a compilation those that were not used for the longest time are removed until the rest fits; never one that a running engine has loaded.',
  },
  HF_HOME: {
    check: text.optional(),
    meaning: "Home of the standard Hugging Face cache, shared with Python's `huggingface_hub`.",
    defaultInWords: '`~/.cache/huggingface`',
  },
  HF_HUB_CACHE: {
    check: text.optional(),
    meaning: 'The cache itself: checkpoints as they were downloaded.',
    defaultInWords: '`$HF_HOME/hub`',
    variables: ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE'],
  },
  HF_TOKEN: {
    check: z
      .string()
      .transform(cleanToken)
      .pipe(z.string().regex(/^[\x21-\x7e]*$/))
      .describe('a token without blanks')
      .optional(),
    meaning: 'Token for gated repositories and a higher rate limit. Never logged.',
    variables: ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'],
  },
  HF_TOKEN_PATH: {
    check: text.optional(),
    meaning:
      'File with the token where `HF_TOKEN` is not set, as `hf auth login` writes it. Read once, at the start; one that is missing or empty counts as none.',
    defaultInWords: '`$HF_HOME/token`',
  },
  HF_ENDPOINT: {
    check: z
      .url({ protocol: /^https?$/ })
      .refine((address) => URL.parse(address)?.username === '' && URL.parse(address)?.password === '')
      .describe('an http or https address without a name and password; the token is HF_TOKEN')
      .default('https://huggingface.co'),
    meaning: 'Another hub with the same paths.',
  },
  HF_HUB_OFFLINE: {
    check: flag.default(false),
    meaning:
      '`1`: use only what is in the cache. The package index, a source of `base`, is turned off by `PIP_NO_INDEX=1`.',
    variables: ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'],
  },
  HTTPS_PROXY: {
    check: proxy.optional(),
    meaning:
      'Proxy for the hub, where its address begins with https: see [proxies](#proxies-and-certificates). Its user and password are never logged.',
    variables: ['https_proxy', 'HTTPS_PROXY'],
  },
  HTTP_PROXY: {
    check: proxy.optional(),
    meaning: 'The same where its address begins with http.',
    variables: ['http_proxy', 'HTTP_PROXY'],
  },
  NO_PROXY: {
    check: text.optional(),
    meaning:
      'Comma-separated hosts that are asked directly, with those below them: `hub.example`, `hub.example:8443`, `*` for all.',
    variables: ['no_proxy', 'NO_PROXY'],
  },
  NODE_EXTRA_CA_CERTS: {
    check: text.optional(),
    meaning:
      'PEM file with certificate authorities to trust in addition to the usual ones, such as that of a proxy that inspects TLS. Node itself reads it, at the start.',
  },
} as const satisfies Readonly<Record<string, Setting>>

export type SettingName = keyof typeof SETTINGS

/** Keys of callers, which no other process needs. */
export const KEY_SETTINGS = ['API_KEYS', 'API_KEY', 'ADMIN_API_KEYS'] as const satisfies readonly SettingName[]

/** Values that no message may repeat. */
export const SECRET_SETTINGS: readonly SettingName[] = [...KEY_SETTINGS, 'HF_TOKEN', 'HTTPS_PROXY', 'HTTP_PROXY']
