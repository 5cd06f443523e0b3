/** Recordings that are hardly any, or badly made: an answer or a clear error, never a crash or a made-up text. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { createEnginePool, type EnginePool } from '../../src/engine/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { noSample, SENTENCE } from '../helpers/data/english-sample.ts'
import { tinyEnFolder } from '../helpers/data/real-models.ts'

const model = tinyEnFolder()
const speech = SENTENCE.path
const skip = model.skip || noSample

describe('odd recordings on Whisper tiny.en', { skip, concurrency: 1 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-odd-'))
  const signal = new AbortController().signal
  let pool: EnginePool

  before(() => {
    const origin = { kind: 'folder', path: model.folder } as const
    pool = createEnginePool({
      resolve: (id) => ({ id, origin, strategy: 'whisper', language: undefined, tokenizer: undefined }),
      maxLoadedModels: 1,
      settings: readConfig().engine,
      logger: silentLogger,
    })
  })
  after(async () => {
    await pool?.close(0)
    rmSync(root, { recursive: true, force: true })
  })

  async function textOf(audioPath: string): Promise<string> {
    return (await pool.transcribe({ modelId: 'tiny', audioPath, signal })).text
  }

  function made(name: string, ...ffmpeg: string[]): string {
    const file = join(root, name)
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...ffmpeg, file])
    return file
  }

  for (const samples of [1, 160, 800, 1600]) {
    test(`${samples} samples of a tone give an empty text`, async () => {
      const tone = ['-f', 'lavfi', '-i', 'sine=frequency=400:sample_rate=16000', '-af', `atrim=end_sample=${samples}`]
      assert.equal(await textOf(made(`tone-${samples}.wav`, ...tone)), '')
    })
  }

  for (const [name, filter] of [
    ['with a constant offset', 'dcshift=0.4'],
    ['clipped', 'volume=30dB'],
    ['very quiet', 'volume=-35dB'],
    ['at 8 kHz', 'aresample=8000'],
    ['on eight channels', 'pan=7.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0|SL=c0|SR=c0'],
  ] as const) {
    test(`speech ${name} is still understood`, async () => {
      const file = made(`${name.replaceAll(' ', '-')}.wav`, '-i', speech, '-af', filter)
      assert.match(await textOf(file), SENTENCE.phrase)
    })
  }

  for (const [name, ...args] of [
    ['in opposite phase', '-af', 'pan=stereo|c0=c0|c1=-1*c0'],
    ['in opposite phase, one side weaker', '-af', 'pan=stereo|c0=c0|c1=-0.8*c0'],
    ['at -80 dB in floats', '-af', 'volume=-80dB', '-c:a', 'pcm_f32le'],
    ['at -70 dB in 24 bits', '-af', 'volume=-70dB', '-c:a', 'pcm_s24le'],
    ['at +60 dB in floats', '-af', 'volume=60dB', '-c:a', 'pcm_f32le', '-ar', '48000'],
  ] as const) {
    test(`speech ${name} is understood`, async () => {
      assert.match(await textOf(made(`${name.replaceAll(' ', '-')}.wav`, '-i', speech, ...args)), SENTENCE.phrase)
    })
  }

  test('of two tracks the silent one is passed over, with a warning', async () => {
    const silence = ['-f', 'lavfi', '-t', '5', '-i', 'anullsrc=r=48000:cl=stereo']
    const file = made('recorder.mkv', ...silence, '-i', speech, '-map', '0', '-map', '1', '-c:a', 'aac')
    const { text, warnings } = await pool.transcribe({ modelId: 'tiny', audioPath: file, signal })
    assert.match(text, SENTENCE.phrase)
    assert.match(warnings.join(), /track 2 was transcribed, since track 1 is silent/)
    const options = { track: 1 }
    assert.equal((await pool.transcribe({ modelId: 'tiny', audioPath: file, options, signal })).text, '')
  })

  test('two people who speak at the same time on two channels are heard apart', async () => {
    // The same sentence, half a second later: mixed, it is a jumble.
    const filter =
      '[0:a]aformat=sample_rates=16000:channel_layouts=mono,asplit[a][b];[b]adelay=500[c];[a]apad=pad_dur=0.5[d]'
    const two = `${filter};[d][c]join=inputs=2:channel_layout=stereo`
    const file = made('dialogue.wav', '-i', speech, '-filter_complex', two)
    const told: unknown[] = []
    const { segments, durationSeconds } = await pool.transcribe({
      modelId: 'tiny',
      audioPath: file,
      options: { channel: 'each', wordTimestamps: true },
      onSegments: (some) => told.push(...some),
      signal,
    })
    for (const channel of [1, 2]) {
      const own = segments.filter((segment) => segment.channel === channel)
      assert.match(own.map(({ text }) => text).join(''), SENTENCE.phrase)
      assert.ok(own.every(({ words }) => words?.every((word) => word.channel === channel)))
    }
    assert.ok(segments.every(({ start, id }, i) => id === i && start >= (segments[i - 1]?.start ?? 0)))
    assert.deepEqual(told, segments)
    assert.ok(durationSeconds < 60)
    const { text } = await pool.transcribe({ modelId: 'tiny', audioPath: file, options: { channel: 2 }, signal })
    assert.match(text, SENTENCE.phrase)
  })

  test('a channel that is not there is refused in a sentence that says what is', async () => {
    const request = { modelId: 'tiny', audioPath: speech, options: { channel: 7 }, signal }
    await assert.rejects(pool.transcribe(request), { code: 'ASR_OPTION_INVALID', param: 'channel' })
  })

  test('a float recording that holds NaN and infinity is transcribed as if they were silence', async () => {
    const raw = join(root, 'speech.f32')
    execFileSync('ffmpeg', ['-v', 'error', '-i', speech, '-ac', '1', '-ar', '16000', '-f', 'f32le', raw])
    const samples = new Float32Array(new Uint8Array(readFileSync(raw)).buffer)
    for (let i = 0; i < samples.length; i += 4000) samples[i] = i % 8000 === 0 ? Number.NaN : Number.POSITIVE_INFINITY
    writeFileSync(raw, samples)
    const file = made('nan.wav', '-f', 'f32le', '-ar', '16000', '-ac', '1', '-i', raw, '-c:a', 'pcm_f32le')
    assert.match(await textOf(file), SENTENCE.word)
  })
})
