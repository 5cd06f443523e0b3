/** Which track of several is heard. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { TempFolder } from '../../test/helpers/data/audio-files.ts'
import { assertRefused, decodeWhole } from '../../test/helpers/judges/decode-whole.ts'
import type { AudioOptions } from './ffmpeg.ts'
import { probeAudio } from './index.ts'
import { tracksIn } from './tracks.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

const PROBE = { ffmpegPath: 'ffmpeg', timeoutSeconds: 60, maxSeconds: 36_000 }

/** A pulsing tone for each number, whose loudness tells the track; 0 is silence. */
function file(name: string, loudness: readonly number[], ...args: readonly string[]): string {
  const inputs = loudness.flatMap((peak) => [
    ...['-f', 'lavfi', '-i', `aevalsrc='${peak}*sin(2*PI*440*t)*lt(mod(t,0.5),0.3)':s=16000:d=3`],
  ])
  const maps = loudness.flatMap((_, i) => ['-map', `${i}:a`])
  return folder.make(name, [...inputs, ...maps, ...args])
}

async function heard(path: string, options: Partial<AudioOptions> = {}) {
  const warnings: string[] = []
  let track = 0
  const samples = await decodeWhole(path, {
    ...options,
    onWarning: (warning) => warnings.push(warning),
    onTrack: (found) => {
      track = found.track
    },
  })
  const peak = samples.subarray(1000, -1000).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return { track, warnings, peak }
}

const CONTAINERS: readonly (readonly [suffix: string, ...args: string[]])[] = [
  ['mkv', '-c:a', 'aac'],
  ['mp4', '-c:a', 'aac'],
  ['mov', '-c:a', 'pcm_s16le'],
  ['ts', '-c:a', 'aac'],
  ['mka', '-c:a', 'flac'],
  ['ogg', '-c:a', 'libvorbis'],
  ['nut', '-c:a', 'pcm_s16le'],
]

test('a silent first track gives way to the next one with sound, and the caller is told', async () => {
  for (const [suffix, ...args] of CONTAINERS) {
    const { track, warnings } = await heard(file(`silent.${suffix}`, [0, 0, 0.5], ...args))
    assert.equal(track, 3, suffix)
    assert.equal(warnings.length, 1)
    const said =
      /^The recording has 3 audio tracks; track 3.* was transcribed, since track 1.* is silent and track 2.* is silent\. Option track chooses another\.$/
    assert.match(warnings[0]!, said, suffix)
  }
})

test('the hiss of an open microphone in the first track is no sound either', async () => {
  const noise = ['-f', 'lavfi', '-i', 'anoisesrc=r=16000:d=40:a=0.0002:seed=1']
  const voice = ['-f', 'lavfi', '-i', "aevalsrc='0.4*sin(2*PI*440*t)*lt(mod(t,0.5),0.3)':s=16000:d=40"]
  const path = folder.make('hiss.mka', [...noise, ...voice, '-map', '0', '-map', '1', '-c:a', 'flac'])
  assert.equal((await heard(path)).track, 2)
})

test('a first track that is silent for a minute and then is not is heard, from its beginning', async () => {
  const late = ['-f', 'lavfi', '-i', "aevalsrc='0.4*sin(2*PI*440*t)*lt(mod(t,0.5),0.3)*gt(t,70)':s=16000:d=75"]
  const path = folder.make('late.mka', [...late, ...late, '-map', '0', '-map', '1', '-c:a', 'flac'])
  const samples = await decodeWhole(path)
  assert.equal(samples.length, 75 * 16_000)
  assert.equal((await heard(path)).track, 1)
})

const TAGGED = [
  ...['-metadata:s:a:0', 'language=por', '-metadata:s:a:1', 'language=eng', '-metadata:s:a:2', 'language=eng'],
  ...['-disposition:a:0', '0', '-disposition:a:1', '0', '-disposition:a:2', '0'],
]

test('the track of the wanted language is heard, by its tag, else the default, else the first', async () => {
  const cases: readonly (readonly [chosen: number, language: string | undefined, ...args: string[]])[] = [
    [2, 'en'],
    [1, 'pt'],
    [1, undefined],
    [1, 'fr'],
    [2, undefined, '-disposition:a:1', 'default'],
    [1, 'pt', '-disposition:a:1', 'default'],
    [3, 'en', '-disposition:a:2', 'default'],
    [3, 'fr', '-disposition:a:2', 'default'],
    [2, 'en', '-disposition:a:0', 'default'],
  ]
  for (const suffix of ['mkv', 'mp4']) {
    for (const [i, [chosen, language, ...args]] of cases.entries()) {
      // Matroska's writer makes the first track the default where none is, unless it is told otherwise.
      const mkv = suffix === 'mkv' ? ['-default_mode', 'passthrough'] : []
      const path = file(`tagged-${i}.${suffix}`, [0.2, 0.4, 0.8], ...TAGGED, ...args, ...mkv)
      const { track, warnings, peak } = await heard(path, { language })
      assert.equal(track, chosen, `${suffix} ${i}`)
      assert.ok(Math.abs(Math.log2(peak / (0.1 * 2 ** chosen))) < 0.4, `${suffix} ${i}: ${peak}`)
      assert.match(warnings.join(), new RegExp(`track ${chosen} \\((eng|por)\\) was transcribed\\.`))
    }
  }
})

test('a silent track in the wanted language gives way to one with sound', async () => {
  const { track } = await heard(file('silent-eng.mkv', [0.3, 0, 0.5], ...TAGGED), { language: 'en' })
  assert.equal(track, 3)
})

test('the track that is asked for is heard without a warning, silent or not', async () => {
  const path = file('asked.mkv', [0.3, 0.4, 0], ...TAGGED)
  for (const track of [1, 2, 3]) assert.deepEqual((await heard(path, { track, language: 'pt' })).warnings, [])
  assert.equal((await heard(path, { track: 2 })).track, 2)
  assert.equal((await heard(path, { track: 3 })).peak, 0)
  await assert.rejects(heard(path, { track: 4 }), {
    code: 'ASR_OPTION_INVALID',
    param: 'track',
    message: "Option track has the value '4', which is not allowed.",
    remedy: 'Use 1 to 3: the file has 3 audio tracks.',
  })
})

test('one track needs no choice and no warning, whatever its language', async () => {
  const path = file('one.mkv', [0.3], '-metadata:s:a:0', 'language=por')
  assert.deepEqual((await heard(path, { language: 'en' })).warnings, [])
})

/** The codec's name in the file, in one track or in all, becomes one that nobody knows. */
function unknownCodec(path: string, nTracks: number): string {
  const bytes = readFileSync(path)
  for (let i = 0, at = 0; i < nTracks; i++) {
    at = bytes.indexOf('A_VORBIS', at)
    bytes.write('A_NOSUCH', at, 'latin1')
  }
  const target = path.replace('.mka', `-${nTracks}.mka`)
  writeFileSync(target, bytes)
  return target
}

test('a track that cannot be read gives way to the next one, and the caller is told', async () => {
  const path = file('vorbis.mka', [0.3, 0.4, 0], '-c:a', 'libvorbis')
  const first = unknownCodec(path, 1)
  const { track, warnings } = await heard(first)
  assert.equal(track, 2)
  assert.match(warnings.join(), /track 2 was transcribed, since track 1 cannot be read/)
  assert.ok(await probeAudio(first, PROBE))
  await assertRefused(first, 'ASR_AUDIO_UNREADABLE', undefined, { track: 1 })
  const silentLeft = await heard(unknownCodec(path, 2))
  assert.equal(silentLeft.track, 3)
  await assertRefused(unknownCodec(path, 3), 'ASR_AUDIO_UNREADABLE')
  await assert.rejects(probeAudio(unknownCodec(path, 3), PROBE), { code: 'ASR_AUDIO_UNREADABLE' })
})

test('all tracks silent: the first is given, with a word about it', async () => {
  const { track, warnings, peak } = await heard(file('mute.mkv', [0, 0]))
  assert.equal(track, 1)
  assert.equal(peak, 0)
  assert.match(warnings.join(), /no sound was found/)
})

test('tracks are counted in the order of the file, each once, and no title passes for one', () => {
  const lines = [
    "[info] Input #0, mpegts, from 'a.ts':",
    '[info]     title           : [info]   Stream #0:7(eng): Audio: aac',
    '[info]   Program 2 ',
    '[info]   Stream #0:3[0x102](por): Audio: aac (LC) ([15][0][0][0] / 0x000F), 48000 Hz, stereo, fltp, 128 kb/s',
    '[info]   Program 1 ',
    '[info]   Stream #0:0[0x100]: Video: h264',
    '[info]   Stream #0:1[0x101](eng): Audio: aac (LC), 48000 Hz, stereo, fltp (default)',
    '[info]   Stream #0:3[0x102](por): Audio: aac (LC), 48000 Hz, stereo, fltp',
  ]
  assert.deepEqual(tracksIn(lines.join('\n')), [
    { index: 0, language: 'eng', codec: 'aac', isDefault: true },
    { index: 1, language: 'por', codec: 'aac', isDefault: false },
  ])
})
