import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as errors from './index.ts'
import { AsrError, ModelLoadError, RemoteError, toWire } from './index.ts'

/** One of each class; the first test fails where a new class has not been added here. */
const EXAMPLES: readonly AsrError[] = [
  new errors.ConfigError('PORT', 'abc', 'a whole number from 0 to 65535'),
  new errors.DeviceUnavailableError('cuda:0', 'its driver is not installed'),
  new errors.DeviceMemoryError('one window'),
  new errors.OptionInvalidError('beam_size', '0', 'a whole number from 1 to 16'),
  new errors.ModelUnknownError('x', ['freds0', 'base']),
  new errors.ModelLoadError('freds0', new errors.HubUnreachableError('owner/name')),
  new errors.CheckpointUnsupportedError("its model_type is 'bert'", 'Choose another model.'),
  new errors.CheckpointFileMissingError('config.json', 'Choose another repository.'),
  new errors.CheckpointCorruptError('model.safetensors', 'it ends too early'),
  new errors.HubUnreachableError('owner/name'),
  new errors.HubProxyError('owner/name', 'HTTPS_PROXY', 'cannot be reached'),
  new errors.HubCertificateError('owner/name', 'SELF_SIGNED_CERT_IN_CHAIN'),
  new errors.HubUnauthorizedError('owner/name'),
  new errors.HubNotFoundError('owner/name'),
  new errors.HubRateLimitedError('owner/name'),
  new errors.HubOfflineError('owner/name'),
  new errors.DiskFullError('the upload'),
  new errors.DiskTooSmallError('owner/name', { downloadBytes: 5.6e9, compileBytes: 2.5e9 }, 3e9),
  new errors.PackageIndexError('Whisper base', 'pip failed'),
  new errors.SourcesExhaustedError('Whisper base', [new errors.HubOfflineError('owner/name')]),
  new errors.CacheSharedError('/var/cache/paradox'),
  new errors.CacheUnwritableError("repository 'owner/name'"),
  new errors.AudioUnreadableError('there is no such file'),
  new errors.AudioEmptyError('is empty'),
  new errors.AudioTooLongError(60),
  new errors.AudioTimeoutError(60),
  new errors.FfmpegStoppedError(),
  new errors.FfmpegMissingError(),
  new errors.LanguageUnknownError('klingon', 'Use a code such as pt.'),
  new errors.UploadMissingError(),
  new errors.UploadTooLargeError(1024 ** 2),
  new errors.FormTooLargeError('1000 parts'),
  new errors.UploadStalledError(60),
  new errors.AddressUnavailableError('0.0.0.0', 80, 'it is in use'),
  new errors.EngineCrashedError('base', 'SIGKILL'),
  new errors.TextChangedError(),
  new errors.ProcessLimitError('EMFILE'),
  new errors.DeviceFailedError('it has no memory left'),
  new errors.ServiceClosingError(),
  new errors.MediaTypeError(),
  new errors.ApiKeyError(true),
  new errors.AdminKeyError(),
  new errors.ForeignOriginError('https://evil.example'),
  new errors.HostUnknownError('evil.example'),
  new errors.RateLimitedError(60, 12),
  new errors.WrongKeysError(12),
  new errors.QueueFullError(64, 5),
  new errors.RequestTimeoutError(90),
  new errors.ModelBusyError('base'),
  new errors.ModelAbsentError('base', 'disk'),
  new errors.ModelForeignError('base'),
  new errors.ModelWorkLimitError('loads', 'caller'),
  new errors.ModelClosedError('base'),
  new errors.InputAbsentError("Nothing matches '*.wav'.", 'Correct the pattern.'),
  new errors.OutputExistsError('talk.srt'),
  new errors.OutputUnwritableError('talk.srt', 'the disk is full'),
  new errors.ServerUnreachableError('http://localhost:8000', 'ECONNREFUSED'),
  new errors.ServerLostError('http://localhost:8000'),
  new errors.ServerAnswerError('http://localhost:8000', 'status 502'),
]

/** The exported classes of expected failures; RemoteError is only how any of them looks from another process, BusyError a base. */
const CLASS_NAMES = Object.entries(errors)
  .filter(([, value]) => typeof value === 'function' && value.prototype instanceof AsrError)
  .map(([name]) => name)
  .filter((name) => name !== 'RemoteError' && name !== 'BusyError')

test('each class of failure has its name and a code of its own', () => {
  assert.deepEqual(EXAMPLES.map((error) => error.constructor.name).sort(), CLASS_NAMES.sort())
  for (const error of EXAMPLES) {
    assert.equal(error.name, error.constructor.name)
    assert.match(error.code, /^ASR_[A-Z]+(_[A-Z]+)*$/)
  }
  assert.equal(new Set(EXAMPLES.map(({ code }) => code)).size, EXAMPLES.length)
})

test('docs/errors.md has a row for each code, and no other row', () => {
  const table = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const documented = Array.from(table.matchAll(/^\| `(ASR_\w+)` \|/gm), ([, code]) => code!)
  assert.deepEqual(documented.sort(), EXAMPLES.map(({ code }) => code).sort())
})

test('message and remedy are whole sentences, which `sentence` can join', () => {
  for (const { name, message, remedy } of EXAMPLES) {
    assert.match(message, /^\S.*[^.]\.$/, `message of ${name}`)
    assert.match(remedy, /^\p{Lu}.*[^.]\.$/u, `remedy of ${name}`)
  }
})

test('the sentence joins what was wrong and what to do', () => {
  assert.equal(
    new errors.AudioEmptyError('is empty').sentence,
    'The file is empty: send a file that holds a recording.',
  )
})

test('a model that did not load tells the reason and the remedy of what kept it from loading', () => {
  const cause = new errors.HubOfflineError('owner/name')
  const error = new ModelLoadError('freds0', cause)
  assert.equal(
    error.sentence,
    "Model 'freds0' could not be loaded (Repository 'owner/name' is not in the cache and HF_HUB_OFFLINE forbids the download): unset HF_HUB_OFFLINE for the first load, or put the files into the cache.",
  )
  assert.equal(error.cause, cause)
})

test('a model that did not load for an unexpected reason keeps the reason for the log', () => {
  const cause = new Error('boom in /srv/secret.ts')
  const error = new ModelLoadError('freds0', cause)
  assert.doesNotMatch(error.sentence, /boom|srv/)
  assert.equal(error.cause, cause)
})

test('every source that failed is in the sentence, and as an error in the cause', () => {
  const failures = [
    new errors.HubUnreachableError('owner/name'),
    new errors.PackageIndexError('Whisper base', 'no pip'),
  ]
  const error = new errors.SourcesExhaustedError('Whisper base', failures)
  for (const { remedy } of failures) assert.ok(error.remedy.includes(remedy))
  assert.match(error.message, /the hub does not answer; .* \(no pip\)\.$/)
  assert.deepEqual((error.cause as AggregateError).errors, failures)
})

test('a failure from another process says and is called what it was there, but for its class, cause and stack', () => {
  for (const original of EXAMPLES) {
    const wire = toWire(original)
    const remote = new RemoteError(structuredClone(wire))
    assert.deepEqual(toWire(remote), wire)
    assert.equal(remote.sentence, original.sentence)
    assert.ok(remote instanceof AsrError)
  }
  const wire = toWire(new errors.FfmpegMissingError({ cause: new Error('spawn /opt/bin/ffmpeg ENOENT') }))
  assert.deepEqual(Object.keys(wire), ['name', 'code', 'message', 'remedy', 'param'])
})

test('only a full disk and a used-up quota are a full disk', () => {
  const failure = (code: string) => Object.assign(new Error(code), { code })
  assert.deepEqual(['ENOSPC', 'EDQUOT', 'EACCES'].map(failure).map(errors.isDiskFull), [true, true, false])
  assert.deepEqual([undefined, null, 'ENOSPC'].map(errors.isDiskFull), [false, false, false])
})

test('an abort is told by its name, whatever class it has', () => {
  assert.equal(errors.isAbort(new DOMException('aborted', 'AbortError')), true)
  assert.equal(errors.isAbort(new Error('aborted')), false)
})
