/** Time is the recording's: a burst of tone at a known time is found there, whatever the container says and leaves out. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { TempFolder } from '../../test/helpers/data/audio-files.ts'
import { anyRecordings } from '../../test/helpers/data/recordings.ts'
import { assertSeconds, decodeWhole, GENEROUS } from '../../test/helpers/judges/decode-whole.ts'
import { decodeAudio, SAMPLE_RATE } from './index.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

/** A tenth of a second, as the words of an answer may be off by no more. */
const TOLERANCE_SECONDS = 0.1

/** ffmpeg's input: silence, with bursts of a fifth of a second at these times. */
function bursts(times: readonly number[], seconds: number, rate = 48_000): string[] {
  const isBurst = times.map((time) => `between(t,${time},${time + 0.2})`).join('+')
  return ['-f', 'lavfi', '-i', `aevalsrc='0.5*sin(2*PI*880*t)*(${isBurst})':d=${seconds}:s=${rate}`]
}

const pictures = (seconds: number) => ['-f', 'lavfi', '-i', `testsrc=d=${seconds}:s=64x64:r=25`]

/** Where bursts begin, in seconds. */
function burstsIn(samples: Float32Array): number[] {
  const found: number[] = []
  let lastLoud = -SAMPLE_RATE
  for (let at = 0; at < samples.length; at++) {
    if (Math.abs(samples[at]!) < 0.2) continue
    if (at - lastLoud > SAMPLE_RATE / 4) found.push(at / SAMPLE_RATE)
    lastLoud = at
  }
  return found
}

/** The bursts stand at these times, and an intact file is told nothing of. */
async function assertBursts(
  path: string,
  times: readonly number[],
  what: string,
  tolerance = TOLERANCE_SECONDS,
): Promise<void> {
  const warnings: string[] = []
  const samples = await decodeWhole(path, { onWarning: (warning) => warnings.push(warning) })
  const found = burstsIn(samples)
  const isRight = found.length === times.length && found.every((time, i) => Math.abs(time - times[i]!) <= tolerance)
  assert.ok(isRight, `${what}: bursts at ${found.join(', ')} instead of ${times.join(', ')}`)
  assert.deepEqual(warnings, [], what)
}

/** Suffix and encoders of containers that keep times. */
const WITH_PICTURES: readonly (readonly [suffix: string, ...args: string[]])[] = [
  ['mkv', '-c:v', 'mpeg4', '-c:a', 'aac'],
  ['mp4', '-c:v', 'mpeg4', '-c:a', 'aac'],
  ['mov', '-c:v', 'mpeg4', '-c:a', 'pcm_s16le'],
  ['webm', '-c:v', 'libvpx', '-cpu-used', '8', '-deadline', 'realtime', '-c:a', 'libopus'],
  ['ts', '-c:v', 'mpeg2video', '-c:a', 'mp2'],
  ['flv', '-c:v', 'flv', '-c:a', 'libmp3lame', '-ar', '44100'],
  ['nut', '-c:v', 'mpeg4', '-c:a', 'libmp3lame'],
]
const SOUND_ALONE: readonly (readonly [suffix: string, ...args: string[]])[] = [
  ['mka', '-c:a', 'flac'],
  ['m4a', '-c:a', 'aac'],
  ['webm', '-c:a', 'libopus'],
  ['ts', '-c:a', 'aac'],
  ['nut', '-c:a', 'pcm_s16le'],
]

for (const [suffix, ...args] of WITH_PICTURES) {
  test(`${suffix}: sound that begins after the pictures stands that much later`, async () => {
    const late = [...pictures(12), '-itsoffset', '3.5', ...bursts([1, 6], 8)]
    await assertBursts(folder.make(`late.${suffix}`, [...late, ...args]), [4.5, 9.5], suffix)
  })
}

for (const [suffix, ...args] of SOUND_ALONE) {
  test(`${suffix}: a gap inside the sound is as long as it is`, async () => {
    const gap = ['-af', "aselect='not(between(t,3,9))'"]
    await assertBursts(folder.make(`gap.${suffix}`, [...bursts([1, 10], 12), ...gap, ...args]), [1, 10], suffix)
  })

  test(`${suffix}: a recording whose clock begins at ten hours does not begin with hours of silence`, async () => {
    const path = folder.make(`clock.${suffix}`, [...bursts([1, 3], 4), ...args, '-output_ts_offset', '36000'])
    await assertBursts(path, [1, 3], suffix)
  })
}

test('many lost packets add up to no drift', async () => {
  const times = Array.from({ length: 15 }, (_, i) => 10 + 20 * i)
  const path = folder.make('lossy.mka', [
    ...bursts(times, 300, 16_000),
    ...['-af', "aselect='lt(mod(n,16),12)+between(mod(t,20),9.8,10.4)'", '-c:a', 'pcm_s16le'],
  ])
  await assertBursts(path, times, 'a quarter of the packets lost')
})

test('a clock that runs faster or slower than the samples is followed', async () => {
  for (const speed of [0.997, 1.003]) {
    const times = Array.from({ length: 10 }, (_, i) => 10 + 20 * i)
    const path = folder.make(`drift-${speed}.mka`, [
      ...bursts(times, 200, 16_000),
      ...['-af', `asetpts=PTS*${speed}`, '-c:a', 'pcm_s16le'],
    ])
    const found = burstsIn(await decodeWhole(path))
    const nearest = times.map((time) => Math.min(...found.map((at) => Math.abs(at - time * speed))))
    assert.ok(Math.max(...nearest) <= TOLERANCE_SECONDS, `${speed}: off by ${nearest.join(', ')}`)
  }
})

test('an edit list that skips the beginning is obeyed', async () => {
  const whole = folder.make('whole.mp4', [...pictures(8), ...bursts([1, 6], 8), '-c:v', 'mpeg4', '-c:a', 'aac'])
  const path = folder.make('edited.mp4', ['-ss', '2.5', '-i', whole, '-c', 'copy', '-avoid_negative_ts', 'disabled'])
  await assertBursts(path, [3.5], 'edited')
})

test('parts that were stuck together follow each other, whatever their rates and channels', async () => {
  const part = (name: string, ...args: string[]) => readFileSync(folder.make(name, [...bursts([1], 4), ...args]))
  const chains: Readonly<Record<string, readonly Buffer[]>> = {
    'opus.ogg': [part('1.opus'), part('2.opus', '-ac', '2')],
    'vorbis.ogg': [
      part('3.ogg', '-c:a', 'libvorbis', '-ar', '16000'),
      part('4.ogg', '-c:a', 'libvorbis', '-ar', '44100', '-ac', '2'),
    ],
    'chain.webm': [part('5.webm', '-c:a', 'libopus'), part('6.webm', '-c:a', 'libopus', '-ac', '2')],
    'chain.ts': [part('7.ts', '-c:a', 'aac'), part('8.ts', '-c:a', 'aac')],
    'chain.aac': [part('9.aac', '-ar', '32000'), part('10.aac', '-ar', '44100', '-ac', '2')],
    'chain.mp3': [part('15.mp3', '-ar', '16000'), part('16.mp3', '-ar', '44100', '-ac', '2')],
    'chain.m4a': [part('17.m4a', '-ar', '16000'), part('18.m4a', '-ar', '44100', '-ac', '2', '-movflags', 'faststart')],
    'jump.ts': [part('11.ts', '-c:a', 'mp2'), part('12.ts', '-c:a', 'mp2', '-output_ts_offset', '7200')],
    'chain.wav': [part('13.wav', '-ar', '16000'), part('14.wav', '-ar', '44100', '-ac', '2')],
  }
  for (const [name, parts] of Object.entries(chains)) {
    writeFileSync(folder.file(name), Buffer.concat(parts))
    // Each part brings what its encoder put before its sound and behind it.
    await assertBursts(folder.file(name), [1, 5], name, 0.15)
  }
})

const shared = anyRecordings()
test('AMR whose silence ffmpeg cannot decode is as long as it is', { skip: shared.absent }, async () => {
  const amr = shared.recordings.filter(({ path }) => path.endsWith('.amr'))
  for (const { id, path, durationSeconds } of amr) {
    const warnings: string[] = []
    const samples = await decodeWhole(path, { onWarning: (warning) => warnings.push(warning) })
    assertSeconds(samples, durationSeconds, 0.05, id)
    assert.deepEqual(warnings, [], id)
  }
})

test('a gap of hours is silence where the recording is that long, and otherwise closed and told', async () => {
  const hours = ['-af', "asetpts='PTS+if(gt(T,2),3*3600/TB,0)'", '-c:a', 'pcm_s16le']
  const path = folder.make('hours.mka', [...bursts([1, 3], 4, 8000), ...hours])
  let nSamples = 0
  for await (const samples of decodeAudio(path, GENEROUS)) nSamples += samples.length
  assert.ok(Math.abs(nSamples / SAMPLE_RATE - 3 * 3600 - 4) < 0.1)
  await assert.rejects(decodeWhole(path, { maxSeconds: 3600 }), { code: 'ASR_AUDIO_TOO_LONG' })

  // Written to a pipe, a file has no length in its header.
  const live = folder.make('hours-live.mka', [...bursts([1, 3], 4, 8000), ...hours, '-live', '1'])
  const warnings: string[] = []
  const samples = await decodeWhole(live, { maxSeconds: 60, onWarning: (warning) => warnings.push(warning) })
  assert.deepEqual(burstsIn(samples).map(Math.round), [1, 3])
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /clock jumps by 10800\.\d s, which is not believed/)
})
