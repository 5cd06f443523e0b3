import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { TempFolder, tone } from '../../test/helpers/data/audio-files.ts'
import { type AudioOptions, probeAudio } from './index.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

const OPTIONS: AudioOptions = { ffmpegPath: 'ffmpeg', timeoutSeconds: 60, maxSeconds: 36_000 }

test('the length comes from the header, not from reading the whole file', async () => {
  for (const name of ['probe.wav', 'probe.mp3', 'probe.ogg', 'probe.m4a']) {
    const { durationSeconds } = await probeAudio(folder.make(name, tone(3)), OPTIONS)
    assert.ok(durationSeconds !== undefined && Math.abs(durationSeconds - 3) < 0.15, `${name}: ${durationSeconds} s`)
  }
})

test('a format without a length in its header is accepted', async () => {
  const path = folder.file('nothing-but-samples.sln') // 8 kHz, 16 bits: 320 ms
  writeFileSync(path, new Uint8Array(5120).fill(40))
  assert.ok(await probeAudio(path, OPTIONS))
})

test('a title that looks like a length is not believed', async () => {
  const title = ['-metadata', 'title=x\n  Duration: 99:00:00.00, start', '-metadata', 'comment=matches no streams']
  const { durationSeconds } = await probeAudio(folder.make('title.flac', [...tone(1), ...title]), OPTIONS)
  assert.equal(durationSeconds, 1)
})

test('sound that begins long after the picture is found', async () => {
  const path = folder.make('late.mkv', [
    ...['-f', 'lavfi', '-i', 'testsrc=d=8:s=64x64', '-itsoffset', '6', ...tone(1), '-map', '0:v', '-map', '1:a'],
  ])
  assert.ok(await probeAudio(path, OPTIONS))
})

test('what cannot be decoded is refused as the decoder would refuse it', async () => {
  writeFileSync(folder.file('empty.mp3'), '')
  await assert.rejects(probeAudio(folder.file('empty.mp3'), OPTIONS), { code: 'ASR_AUDIO_EMPTY' })

  const mute = folder.make('mute.mp4', ['-f', 'lavfi', '-i', 'testsrc=d=1:s=64x64'])
  await assert.rejects(probeAudio(mute, OPTIONS), { code: 'ASR_AUDIO_EMPTY', message: 'The file holds no audio.' })
  await assert.rejects(probeAudio(folder.make('no.wav', tone(0)), OPTIONS), { code: 'ASR_AUDIO_EMPTY' })

  writeFileSync(folder.file('text.mp3'), 'not a recording '.repeat(1000))
  await assert.rejects(probeAudio(folder.file('text.mp3'), OPTIONS), { code: 'ASR_AUDIO_UNREADABLE' })
  await assert.rejects(probeAudio(folder.file('missing.wav'), OPTIONS), {
    message: 'The file could not be read as audio (there is no such file).',
  })

  const cut = folder.file('cut.m4a')
  copyFileSync(folder.make('whole.m4a', tone(2)), cut)
  truncateSync(cut, readFileSync(cut).length >> 1)
  await assert.rejects(probeAudio(cut, OPTIONS), { code: 'ASR_AUDIO_UNREADABLE' })

  const ffmpegPath = folder.file('no-such-program')
  const good = folder.make('good.aiff', tone(1))
  await assert.rejects(probeAudio(good, { ...OPTIONS, ffmpegPath }), { code: 'ASR_FFMPEG_MISSING' })
  await assert.rejects(probeAudio(good, { ...OPTIONS, signal: AbortSignal.abort() }), { name: 'AbortError' })
})
