import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describe, isDescribed } from './description.ts'

const SAID = `[info] Input #0, matroska,webm, from 'file:x.mkv':
[info]   Metadata:
[info]     title           : a
[info]                     : Duration: 99:00:00.00, start: 7.000000
[info]   Duration: 01:02:03.50, start: -0.007000, bitrate: 31 kb/s
[info]   Stream #0:0(eng): Video: h264 (High), yuv420p, 640x480
[info]   Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 16000 Hz, mono, fltp, 24 kb/s
`
const END = '[info] Stream mapping:\n[info]   Stream #0:0: Audio: pcm_f32le, 16000 Hz, mono\n'

test('length, start, container and codec are read from ffmpeg’s own lines', () => {
  assert.ok(!isDescribed(SAID) && isDescribed(SAID + END))
  assert.deepEqual(describe(SAID + END), {
    durationSeconds: 3723.5,
    isDurationPromised: true,
    startSeconds: -0.007,
    formats: ['matroska', 'webm'],
    isSoundAlone: false,
    codec: 'aac',
  })
})

test('a cover is no picture that goes on, an estimate no promise, and what is not known is undefined', () => {
  const cover = SAID.replace('640x480', '640x480 (attached pic)')
  assert.ok(describe(cover + END).isSoundAlone)
  const estimated = '[amr @ 0x1] [warning] Estimating duration from bitrate, this may be inaccurate\n'
  assert.equal(describe(estimated + SAID + END).isDurationPromised, false)
  const { durationSeconds, startSeconds } = describe('[info]   Duration: N/A, bitrate: 31 kb/s\n')
  assert.deepEqual([durationSeconds, startSeconds], [undefined, undefined])
  assert.deepEqual(describe('').formats, [])
})
