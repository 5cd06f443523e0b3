/** A program that uses the library; test/sdk/package.test.ts runs it where nothing but the package is installed. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AsrError, loadModel, transcribe } from 'paradox-asr'

/** What is said in it. */
const said = new RegExp(process.env.SAID, 'i')
const path = resolve('clip.wav')
const bytes = readFileSync(path)
/** Of a WAV of 16-bit samples at 16 kHz, whose header ends after 44 bytes. */
const samples = Float32Array.from(new Int16Array(bytes.buffer.slice(bytes.byteOffset + 44)), (value) => value / 32768)

const model = await loadModel('base', { tempDir: resolve('recordings') })
const recordings = ['clip.wav', pathToFileURL(path), bytes, samples]
const texts = await Promise.all(recordings.map(async (recording) => (await model.transcribe(recording)).text))
for (const text of texts) assert.match(text, said)
assert.deepEqual(readdirSync('recordings'), [], 'what was written for a call has gone with it')

const { language, probability } = await model.detectLanguage(samples)
assert.deepEqual([language, probability > 0.5], ['en', true])

const streamed = model.stream(path, { language: 'en' })
const first = await streamed.next()
assert.equal(first.done, false)
assert.ok(first.value.text.length > 0)
await streamed.return(undefined)

const reason = new Error('enough')
const controller = new AbortController()
const stopped = model.transcribe(path, { signal: controller.signal })
controller.abort(reason)
await assert.rejects(stopped, reason)

await assert.rejects(model.transcribe('nowhere.wav'), { code: 'ASR_AUDIO_UNREADABLE' })
await assert.rejects(model.transcribe(path, { beamSiez: 1 }), { code: 'ASR_OPTION_INVALID' })
await assert.rejects(loadModel('no/such-model'), AsrError)
await assert.rejects(transcribe(path, { model: 'base', settings: { device: 'toaster' } }), AsrError)

const running = model.transcribe(path)
await Promise.all([model.close(), assert.rejects(running, { code: 'ASR_MODEL_CLOSED' })])
await assert.rejects(model.transcribe(path), { code: 'ASR_MODEL_CLOSED' })
console.log('done')
