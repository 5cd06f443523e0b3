import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { test } from 'node:test'
import { installedFfmpeg, readConfig, SETTINGS } from './config.ts'
import { ConfigError } from './errors.ts'

const DTYPES =
  'auto, float32, int8, or formats by part such as encoder=float32,decoder=blocks8 (encoder: float32, smoothed8, blocks8; decoder: float32, blocks8)'

const HOME_CACHE = `${homedir()}/.cache`

test('without any setting the documented defaults hold', () => {
  assert.deepEqual(readConfig({}), {
    host: '0.0.0.0',
    port: 8000,
    defaultModelId: 'freds0',
    modelsFile: undefined,
    maxLoadedModels: 1,
    maxUploadBytes: 1024 ** 3,
    shutdownTimeoutMs: 30_000,
    logLevel: 'info',
    tempDir: tmpdir(),
    engine: {
      device: 'auto',
      dtype: 'auto',
      threads: undefined,
      ffmpegPath: installedFfmpeg(),
      ffmpegTimeoutSeconds: 60,
      maxAudioSeconds: 86_400,
      cacheDir: `${HOME_CACHE}/paradox-asr`,
      compiledCacheMaxBytes: 20e9,
      hub: {
        cacheDir: `${HOME_CACHE}/huggingface/hub`,
        endpoint: 'https://huggingface.co',
        token: undefined,
        offline: false,
      },
    },
  })
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

test('a slash at the end of HF_ENDPOINT does not get into the addresses', () => {
  assert.equal(readConfig({ HF_ENDPOINT: 'http://mirror:8080/hub//' }).engine.hub.endpoint, 'http://mirror:8080/hub')
})

test('the devices that the documentation names are accepted', () => {
  for (const device of ['auto', 'cpu', 'webgpu', 'cuda:0', 'cuda:15']) {
    assert.equal(readConfig({ DEVICE: device }).engine.device, device)
  }
})

test('offline mode is switched by any usual word', () => {
  const isOffline = (value: string) => readConfig({ HF_HUB_OFFLINE: value }).engine.hub.offline
  assert.deepEqual(['1', 'true', 'YES', 'on'].map(isOffline), [true, true, true, true])
  assert.deepEqual(['0', 'false', 'No', 'off'].map(isOffline), [false, false, false, false])
})

for (const [name, value, allowed] of [
  ['PORT', 'abc', 'a whole number from 0 to 65535'],
  ['PORT', '65536', 'a whole number from 0 to 65535'],
  ['PORT', '80.5', 'a whole number from 0 to 65535'],
  ['MAX_LOADED_MODELS', '0', 'a whole number from 1 to 64'],
  ['MAX_UPLOAD_MB', '-1', 'a whole number from 1 to 1048576'],
  ['DEVICE', 'cuda', 'auto, cpu, webgpu or cuda:N'],
  ['DTYPE', 'float16', DTYPES],
  ['DTYPE', 'encoder=int8', DTYPES],
  ['DTYPE', 'decoder=smoothed8', DTYPES],
  ['DTYPE', 'encoder=float32,encoder=float32', DTYPES],
  ['DTYPE', 'int8,decoder=float32', DTYPES],
  ['LOG_LEVEL', 'verbose', 'one of fatal, error, warn, info, debug, trace, silent'],
  ['HF_ENDPOINT', 'ftp://mirror', 'an http or https address'],
  ['HF_ENDPOINT', 'mirror', 'an http or https address'],
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

/** What the table says where a default is no single value. */
const DEFAULTS_IN_WORDS: Readonly<Record<string, string>> = {
  MODELS_FILE: '–',
  FFMPEG_PATH: '–',
  THREADS: 'all cores',
  TEMP_DIR: "the system's",
  PARADOX_CACHE_DIR: '`~/.cache/paradox-asr`',
  HF_HOME: '`~/.cache/huggingface`',
  HF_HUB_CACHE: '`$HF_HOME/hub`',
  HF_TOKEN: '–',
}

test('docs/operations.md has a row for each setting, with its default, and no other row', () => {
  const text = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8')
  const documented = Array.from(text.matchAll(/^\| `([A-Z_]+)` \| (.+?) \|/gm), ([, name, value]) => [name, value])
  const expected = Object.entries(SETTINGS).map(([name, schema]) => {
    const value: unknown = schema.parse(undefined)
    return [name, DEFAULTS_IN_WORDS[name] ?? `\`${value === false ? 0 : value}\``]
  })
  assert.deepEqual(documented.sort(), expected.sort())
})
