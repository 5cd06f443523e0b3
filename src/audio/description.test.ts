import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describe, isDescribed, isOutputDescribed, outputSpeakers } from './description.ts'

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
    tracks: [{ index: 0, language: 'und', codec: 'aac', isDefault: false }],
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

test('the loudspeakers of the output are those of its layout, by name or by list', () => {
  const output = (layout: string) =>
    `${SAID}[info] Stream mapping:\n[info] Output #0, matroska, to 'pipe:1':\n[info]   Metadata:\n` +
    `[info]   Stream #0:0(eng): Audio: pcm_f32le ([3][0][0][0] / 0x0003), 16000 Hz, ${layout}, flt, 512 kb/s (default)\n`
  assert.ok(!isOutputDescribed(SAID + END) && isOutputDescribed(output('mono')))
  const bits = { mono: 0x4, stereo: 0x3, '5.1': 0x3f, '5.1(side)': 0x60f, '18 channels': 0, '2 channels (FL+LFE)': 0x9 }
  for (const [layout, expected] of Object.entries({ ...bits, '2 channels (LFE+FL)': 0, binaural: 0 })) {
    assert.equal(outputSpeakers(output(layout)), expected, layout)
  }
})
