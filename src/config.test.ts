import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../test/helpers/rigs/temp-folder.ts'
import { installedFfmpeg, readConfig, readServiceConfig } from './config.ts'
import { ConfigError } from './errors/index.ts'
import { SETTINGS } from './settings.ts'

const DTYPES =
  'auto, float32, float16, int8, or formats by part such as encoder=float32,decoder=blocks8 (encoder: float32, smoothed8, blocks8; decoder: float32, blocks8)'

const HOME_CACHE = `${homedir()}/.cache`

test('without any setting the documented defaults hold', () => {
  // Whoever runs this may be logged in to the hub.
  assert.deepEqual(readConfig({ HF_TOKEN_PATH: '/nowhere/token' }), {
    host: '0.0.0.0',
    port: 8000,
    maxUploadBytes: 1024 ** 3,
    shutdownTimeoutMs: 30_000,
    logLevel: 'info',
    tempDir: tmpdir(),
    models: {
      defaultId: 'freds0',
      defaultLanguage: undefined,
      file: undefined,
      aliases: new Map(
        ['whisper-1', 'gpt-transcribe', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe'].map((name) => [name, 'freds0']),
      ),
      allowed: [],
      maxLoaded: 1,
      maxMemoryBytes: undefined,
      ttlMs: 300_000,
      preload: [],
    },
    admission: {
      maxConcurrency: 8,
      maxQueue: 64,
      maxConnections: 1136,
      requestTimeoutMs: 86_400_000,
      retryGraceMs: 10_000,
    },
    security: {
      apiKeyDigests: [],
      adminKeyDigests: [],
      nShortKeys: 0,
      rateLimit: undefined,
      corsOrigins: [],
      allowedHosts: [],
      trustProxy: false,
    },
    engine: {
      device: 'auto',
      dtype: 'auto',
      audioContext: 'adaptive',
      gpuMemLimitBytes: undefined,
      threads: undefined,
      ffmpegPath: installedFfmpeg(),
      isFfmpegSandboxed: true,
      ffmpegTimeoutSeconds: 60,
      maxAudioSeconds: 86_400,
      cacheDir: `${HOME_CACHE}/paradox-asr`,
      compiledCacheMaxBytes: 20e9,
      hub: {
        cacheDir: `${HOME_CACHE}/huggingface/hub`,
        endpoint: 'https://huggingface.co',
        token: undefined,
        tokenSource: undefined,
        proxies: undefined,
        offline: false,
      },
    },
    devices: ['auto'],
  })
})

test('the service takes shorter recordings than the command line, unless it is told', () => {
  assert.equal(readServiceConfig({}).engine.maxAudioSeconds, 28_800)
  assert.equal(readServiceConfig({ MAX_AUDIO_SECONDS: '' }).engine.maxAudioSeconds, 28_800)
  assert.equal(readServiceConfig({ MAX_AUDIO_SECONDS: '100000' }).engine.maxAudioSeconds, 100_000)
  assert.deepEqual(readServiceConfig({ MAX_AUDIO_SECONDS: '86400' }), readConfig({}))
})

test('a time limit of 0 is none', () => {
  assert.equal(readConfig({ REQUEST_TIMEOUT: '0' }).admission.requestTimeoutMs, undefined)
})

test('an empty variable counts as unset', () => {
  const names = Object.keys(SETTINGS)
  assert.deepEqual(readConfig(Object.fromEntries(names.map((name) => [name, '']))), readConfig({}))
})

test('sizes and times are converted into the units of the program', () => {
  const config = readConfig({ MAX_UPLOAD_MB: '2', SHUTDOWN_TIMEOUT_SECONDS: '5' })
  assert.deepEqual([config.maxUploadBytes, config.shutdownTimeoutMs], [2 * 1024 ** 2, 5000])
})

test('the caches follow the most specific setting', () => {
  const folders = (env: NodeJS.ProcessEnv) => {
    const { cacheDir, hub } = readConfig(env).engine
    return [cacheDir, hub.cacheDir]
  }
  assert.deepEqual(folders({ XDG_CACHE_HOME: '/c' }), ['/c/paradox-asr', '/c/huggingface/hub'])
  assert.deepEqual(folders({ XDG_CACHE_HOME: '/c', HF_HOME: '/h' }), ['/c/paradox-asr', '/h/hub'])
  assert.deepEqual(folders({ HF_HOME: '/h', HF_HUB_CACHE: '/x', PARADOX_CACHE_DIR: '/p' }), ['/p', '/x'])
})

test('older names of settings count where the present ones are not set', () => {
  const hub = (env: NodeJS.ProcessEnv) => readConfig(env).engine.hub
  assert.equal(hub({ HUGGINGFACE_HUB_CACHE: '/old', HF_HOME: '/h' }).cacheDir, '/old')
  assert.equal(hub({ HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }).cacheDir, '/new')
  assert.equal(hub({ TRANSFORMERS_OFFLINE: '1' }).offline, true)
  assert.equal(hub({ TRANSFORMERS_OFFLINE: '1', HF_HUB_OFFLINE: '' }).offline, true)
  assert.equal(hub({ TRANSFORMERS_OFFLINE: '1', HF_HUB_OFFLINE: '0' }).offline, false)
  assert.throws(
    () => readConfig({ TRANSFORMERS_OFFLINE: 'maybe' }),
    (error) =>
      error instanceof ConfigError && error.message.startsWith("Setting TRANSFORMERS_OFFLINE has the value 'maybe'"),
  )
})

test('a slash at the end of HF_ENDPOINT does not get into the addresses', () => {
  assert.equal(readConfig({ HF_ENDPOINT: 'http://mirror:8080/hub//' }).engine.hub.endpoint, 'http://mirror:8080/hub')
})

test('the devices that the documentation names are accepted', () => {
  for (const device of ['auto', 'cpu', 'webgpu', 'cuda:0', 'cuda:15']) {
    assert.equal(readConfig({ DEVICE: device }).engine.device, device)
    assert.deepEqual(readConfig({ DEVICE: device }).devices, [device])
  }
  const { engine, devices } = readConfig({ DEVICE: 'cuda:1,cuda:0' })
  assert.deepEqual([engine.device, devices], ['cuda:1', ['cuda:1', 'cuda:0']])
  for (const device of ['cuda,cuda:1', 'cuda:0,cuda:0', 'cuda:0,cpu', 'gpu']) {
    assert.throws(() => readConfig({ DEVICE: device }), { code: 'ASR_CONFIG_INVALID' })
  }
})

test('cuda alone is the first GPU, as torch has it', () => {
  const { engine, devices } = readConfig({ DEVICE: 'cuda' })
  assert.deepEqual([engine.device, devices], ['cuda:0', ['cuda:0']])
})

test('a precision may have the name that torch has for it', () => {
  const read = (DTYPE: string) => readConfig({ DTYPE }).engine.dtype
  assert.deepEqual(['fp32', 'float', 'torch.float32'].map(read), Array(3).fill('float32'))
  assert.deepEqual(['fp16', 'half', 'torch.float16'].map(read), Array(3).fill('float16'))
})

test('a precision that the device does not have is refused at the start', () => {
  for (const [DEVICE, DTYPE, use] of [
    ['cpu', 'float16', 'auto, float32 or int8 on the CPU'],
    ['cpu', 'half', 'auto, float32 or int8 on the CPU'],
    ['cuda', 'int8', 'auto, float16 or float32 on a GPU'],
    ['cuda:0', 'int8', 'auto, float16 or float32 on a GPU'],
    ['cuda:0', 'encoder=smoothed8', 'auto, float16 or float32 on a GPU'],
    ['cuda:0', 'decoder=blocks8', 'auto, float16 or float32 on a GPU'],
  ] as const) {
    const message = `Setting DTYPE has the value '${DTYPE}', which is not allowed: use ${use}.`
    assert.throws(
      () => readConfig({ DEVICE, DTYPE }),
      (error) => error instanceof ConfigError && error.sentence === message,
    )
  }
  assert.equal(readConfig({ DEVICE: 'cuda:0', DTYPE: 'float16' }).engine.dtype, 'float16')
})

test('offline mode is switched by any usual word', () => {
  const isOffline = (value: string) => readConfig({ HF_HUB_OFFLINE: value }).engine.hub.offline
  assert.deepEqual(['1', 'true', 'YES', 'on'].map(isOffline), [true, true, true, true])
  assert.deepEqual(['0', 'false', 'No', 'off'].map(isOffline), [false, false, false, false])
})

test('models, limits and callers are read from lists and numbers', () => {
  const { models, admission, security } = readConfig({
    MODEL_ALIASES: 'whisper-1=lite_asr, turbo=openai/whisper-large-v3-turbo',
    ALLOWED_MODELS: 'openai/*,Systran/faster-whisper-tiny',
    PRELOAD_MODELS: 'freds0 , base',
    MODEL_TTL: '-1',
    MAX_MODEL_MEMORY: '2',
    REQUEST_TIMEOUT: '90',
    API_KEYS: 'first-key,second-key',
    RATE_LIMIT: '60',
    CORS_ORIGINS: 'https://a.example,http://localhost:3000',
    TRUST_PROXY: '10.0.0.0/8, ::1',
  })
  assert.deepEqual(Object.fromEntries(models.aliases), {
    'whisper-1': 'lite_asr',
    turbo: 'openai/whisper-large-v3-turbo',
  })
  assert.deepEqual(models.allowed, ['openai/*', 'Systran/faster-whisper-tiny'])
  assert.deepEqual(models.preload, ['freds0', 'base'])
  assert.deepEqual([models.ttlMs, models.maxMemoryBytes], [undefined, 2 * 1024 ** 2])
  assert.equal(admission.requestTimeoutMs, 90_000)
  assert.deepEqual(
    security.apiKeyDigests,
    ['first-key', 'second-key'].map((key) => createHash('sha256').update(key).digest()),
  )
  assert.deepEqual(security.corsOrigins, ['https://a.example', 'http://localhost:3000'])
  assert.deepEqual([security.rateLimit, security.trustProxy], [60, ['10.0.0.0/8', '::1']])
})

test('the default language is kept by its code, and auto is none', () => {
  const read = (DEFAULT_LANGUAGE: string) => readConfig({ DEFAULT_LANGUAGE }).models.defaultLanguage
  assert.deepEqual(['pt', 'Portuguese', 'português', 'pt-BR', 'por'].map(read), Array(5).fill('pt'))
  assert.deepEqual(['auto', 'AUTO'].map(read), [undefined, undefined])
})

test('the number of proxies in front is a number, and none of them is nobody', () => {
  const trusted = (value: string) => readConfig({ TRUST_PROXY: value }).security.trustProxy
  assert.deepEqual(['0', '1', '2'].map(trusted), [false, 1, 2])
})

test('a single key counts beside the list of keys', () => {
  const digestsOf = (...keys: string[]) => keys.map((key) => createHash('sha256').update(key).digest())
  assert.deepEqual(readConfig({ API_KEY: ' only-key ' }).security.apiKeyDigests, digestsOf('only-key'))
  const { apiKeyDigests } = readConfig({ API_KEYS: 'first-key', API_KEY: 'second-key' }).security
  assert.deepEqual(apiKeyDigests, digestsOf('first-key', 'second-key'))
})

test('a name and password in an address are not repeated, and the hub takes none', () => {
  for (const HF_ENDPOINT of ['https://user:pass-word@mirror.example', 'ftp://user:pass/word@mirror']) {
    assert.throws(
      () => readConfig({ HF_ENDPOINT }),
      (error) => error instanceof ConfigError && /mirror/.test(error.sentence) && !/user|word/.test(error.message),
    )
  }
})

test('a file of keys that cannot be read, holds none, or holds anything else stops the start; its path is not told', (t) => {
  const path = join(tempFolder(t), 'secret-place')
  const refused = (setting: string) =>
    assert.throws(
      () => readConfig({ [setting]: path }),
      (error) => error instanceof ConfigError && error.message.includes(setting) && !/secret|good/.test(error.sentence),
    )
  for (const setting of ['API_KEYS_FILE', 'ADMIN_API_KEYS_FILE']) {
    rmSync(path, { force: true })
    refused(setting)
    for (const text of ['', '# nothing but this\n\n', 'good-enough\nshort\n', 'good enough short']) {
      writeFileSync(path, text)
      refused(setting)
    }
  }
})

test('a key that is too weak to lock anything stops the start, and is not repeated', () => {
  for (const env of [{ API_KEYS: 'good-enough,short' }, { API_KEY: 'short' }, { API_KEY: 'good enough short' }]) {
    assert.throws(
      () => readConfig(env),
      (error) => error instanceof ConfigError && !error.sentence.includes('short') && !error.sentence.includes('good'),
    )
  }
})

for (const [name, value, allowed] of [
  ['PORT', 'abc', 'a whole number from 0 to 65535'],
  ['PORT', '65536', 'a whole number from 0 to 65535'],
  ['PORT', '80.5', 'a whole number from 0 to 65535'],
  ['MAX_LOADED_MODELS', '0', 'a whole number from 1 to 64'],
  ['MAX_UPLOAD_MB', '-1', 'a whole number from 1 to 1048576'],
  ['DEVICE', 'gpu', 'auto, cpu, webgpu, cuda, cuda:N, or several GPUs such as cuda:0,cuda:1'],
  ['DTYPE', 'bfloat16', 'auto'],
  ['DTYPE', 'torch.bfloat16', 'auto'],
  ['DTYPE', 'int8_float16', 'auto'],
  ['DTYPE', 'int8_float32', 'int8'],
  ['DTYPE', 'float8', DTYPES],
  ['DTYPE', 'constructor', DTYPES],
  ['DTYPE', 'encoder=int8', DTYPES],
  ['DTYPE', 'decoder=smoothed8', DTYPES],
  ['DTYPE', 'encoder=float32,encoder=float32', DTYPES],
  ['DTYPE', 'int8,decoder=float32', DTYPES],
  ['DEFAULT_LANGUAGE', 'klingon', 'a code or name of a language, such as pt or portuguese, or auto'],
  ['MODEL_TTL', '-2', 'a whole number from -1 to 31536000'],
  ['MODEL_ALIASES', 'whisper-1', 'names and the models they stand for, such as whisper-1=freds0,turbo=lite_asr'],
  ['ALLOWED_MODELS', 'whisper', 'hub repositories such as openai/whisper-small, owner/* for all of an owner, or *'],
  ['CORS_ORIGINS', 'example.org', 'comma-separated origins such as https://example.org, or *'],
  ['TRUST_PROXY', 'yes', 'the number of proxies in front, or their comma-separated addresses'],
  ['TRUST_PROXY', '10.0.0.0/33', 'the number of proxies in front, or their comma-separated addresses'],
  ['TRUST_PROXY', '1.2.3', 'the number of proxies in front, or their comma-separated addresses'],
  ['LOG_LEVEL', 'verbose', 'one of fatal, error, warn, info, debug, trace, silent'],
  ['HF_ENDPOINT', 'ftp://mirror', 'an http or https address without a name and password; the token is HF_TOKEN'],
  ['HF_ENDPOINT', 'mirror', 'an http or https address without a name and password; the token is HF_TOKEN'],
  ['HF_HUB_OFFLINE', 'maybe', '0 or 1'],
] as const) {
  test(`${name}=${value} is refused, naming the setting, the value and what is allowed`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.equal(error.sentence, `Setting ${name} has the value '${value}', which is not allowed: use ${allowed}.`)
        return true
      },
    )
  })
}
