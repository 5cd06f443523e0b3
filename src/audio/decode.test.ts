import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { TempFolder, tone } from '../../test/helpers/data/audio-files.ts'
import { anyRecordings } from '../../test/helpers/data/recordings.ts'
import { assertRefused, assertSeconds, decodeWhole } from '../../test/helpers/judges/decode-whole.ts'
import { CODEC_WHITELIST } from './codecs.ts'
import { decodeAudio, SAMPLE_RATE } from './index.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

const peakOf = (samples: Float32Array) => samples.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0)

/** A logger whose lines can be read back. */
function recordingLogger() {
  const lines: { level: number; audioSeconds?: number; ffmpeg?: string }[] = []
  return { lines, logger: pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) }) }
}

test('a small file of a long recording is refused before anything of it is heard', async () => {
  const minutes = 30
  const silence = ['-f', 'lavfi', '-i', `anullsrc=r=16000:cl=mono:d=${minutes * 60}`]
  for (const path of [folder.make('bomb.flac', silence), folder.make('bomb.wav', silence)]) {
    const chunks = decodeAudio(path, { ffmpegPath: 'ffmpeg', timeoutSeconds: 20, maxSeconds: 60 })
    await assert.rejects(chunks.next(), { name: 'AudioTooLongError' })
  }
})

// ── formats ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const CONTAINERS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['tone.wav'],
  ['float.wav', '-c:a', 'pcm_f32le'],
  ['24bit.wav', '-c:a', 'pcm_s24le'],
  ['8khz.wav', '-ar', '8000'],
  ['96khz.wav', '-ar', '96000'],
  ['mulaw.wav', '-ar', '8000', '-c:a', 'pcm_mulaw'],
  ['tone.mp3'],
  ['tone.flac'],
  ['tone.ogg', '-c:a', 'libvorbis'],
  ['tone.opus', '-c:a', 'libopus'],
  ['tone.m4a', '-c:a', 'aac'],
  ['fragmented.mp4', '-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov'],
  ['tone.aac'],
  ['tone.webm', '-c:a', 'libopus'],
  ['tone.mka', '-c:a', 'flac'],
  ['tone.wma'],
  ['tone.ac3'],
  ['tone.aiff'],
  ['tone.au'],
  ['tone.caf'],
  ['tone.w64'],
  ['tone.wv'],
  ['tone.tta'],
  ['tone.mp2'],
  ['tone.mov', '-c:a', 'pcm_s16le'],
  ['tone.avi'],
  ['tone.flv', '-ar', '44100'],
  ['tone.ts', '-c:a', 'aac'],
  ['tone.nut'],
]

test('a tone comes back with its length and loudness from every container', async () => {
  for (const [name, ...args] of CONTAINERS) {
    const warnings: string[] = []
    const onWarning = (warning: string) => warnings.push(warning)
    const samples = await decodeWhole(folder.make(name, [...tone(2), ...args]), { onWarning })
    assertSeconds(samples, 2, 0.15, name)
    assert.deepEqual(warnings, [], `${name} is intact`)
    // The edges of lossy codecs ring; the middle second is steady.
    const peak = peakOf(samples.subarray(SAMPLE_RATE / 2, SAMPLE_RATE * 1.5))
    assert.ok(Math.abs(peak - 0.5) < 0.06, `${name} has a peak of ${peak}`)
  }
})

const shared = anyRecordings()
test('real recordings in all formats have the length that is written about them', { skip: shared.absent }, async () => {
  // One of each suffix and every re-encoding (their ids have two hyphens); the others repeat these formats.
  const bySuffix = new Map(shared.recordings.map((recording) => [extname(recording.path), recording]))
  const chosen = new Set([...bySuffix.values(), ...shared.recordings.filter(({ id }) => id.includes('--'))])
  for (const { id, path, durationSeconds } of chosen) {
    const warnings: string[] = []
    assertSeconds(await decodeWhole(path, { onWarning: (it) => warnings.push(it) }), durationSeconds, 0.1, id)
    assert.deepEqual(warnings, [], id)
  }
})

test('two equal channels are mixed without getting louder', async () => {
  const path = folder.make('stereo.wav', [...tone(1), '-af', 'volume=1.8,pan=stereo|c0=c0|c1=c0'])
  assert.ok(Math.abs(peakOf(await decodeWhole(path)) - 0.9) < 0.001)
})

test('eight channels become one', async () => {
  const path = folder.make('8ch.wav', [...tone(1), '-af', 'aformat=channel_layouts=7.1'])
  const samples = await decodeWhole(path)
  assertSeconds(samples, 1, 0.001)
  assert.ok(peakOf(samples) > 0.01)
})

test('a float file that holds NaN and infinity gives finite samples', async () => {
  const path = folder.make('nan.wav', [...tone(0.1), '-c:a', 'pcm_f32le'])
  const bytes = readFileSync(path)
  bytes.writeFloatLE(Number.NaN, bytes.length - 400)
  bytes.writeFloatLE(Infinity, bytes.length - 200)
  writeFileSync(path, bytes)
  const samples = await decodeWhole(path)
  assertSeconds(samples, 0.1, 0)
  assert.ok(samples.every((value) => value >= -1 && value <= 1))
})

test('of a video its first audio stream is taken', async () => {
  const path = folder.make('two-streams.mkv', [
    ...['-f', 'lavfi', '-i', 'testsrc=d=2:s=64x64', ...tone(2), '-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=5.1:d=1'],
    ...['-map', '0:v', '-map', '1:a', '-map', '2:a'],
  ])
  const samples = await decodeWhole(path)
  assertSeconds(samples, 2, 0.05)
  assert.ok(peakOf(samples) > 0.4)
})

const VIDEOS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['h264.mp4', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
  ['vp9.webm', '-c:v', 'libvpx-vp9', '-cpu-used', '8', '-c:a', 'libopus'],
  ['mjpeg.mkv', '-c:v', 'mjpeg', '-c:a', 'flac'],
  ['mpeg4.avi', '-c:v', 'mpeg4', '-c:a', 'libmp3lame'],
  ['mpeg2.ts', '-c:v', 'mpeg2video', '-c:a', 'mp2'],
  ['mpeg1.mpg', '-c:v', 'mpeg1video', '-c:a', 'mp2'],
  ['flv.flv', '-c:v', 'flv', '-c:a', 'libmp3lame', '-ar', '44100'],
  ['wmv2.wmv', '-c:v', 'wmv2', '-c:a', 'wmav2'],
  ['theora.ogv', '-c:v', 'libtheora', '-c:a', 'libvorbis'],
]

test('the sound of a video is had without a decoder of pictures', async () => {
  const { lines, logger } = recordingLogger()
  for (const [name, ...args] of VIDEOS) {
    const pictures = ['-f', 'lavfi', '-i', 'testsrc=d=2:s=64x64:r=25']
    const path = folder.make(name, [...pictures, ...tone(2), ...args])
    assertSeconds(await decodeWhole(path, { logger }), 2, 0.15, name)
  }
  assert.deepEqual(lines, []) // a refused decoder is no damage
})

test('the list of decoders names those of sound alone', () => {
  const decoders = execFileSync('ffmpeg', ['-hide_banner', '-v', 'error', '-decoders'], { encoding: 'utf8' })
  const isSound = new Map(
    Array.from(decoders.matchAll(/^ ([VAS])\S{5} (\S+)/gm), ([, kind, name]) => [name, kind === 'A']),
  )
  const named = CODEC_WHITELIST.split(',').filter((name) => isSound.has(name))
  assert.ok(named.length > 100)
  assert.deepEqual(
    named.filter((name) => !isSound.get(name)),
    [],
  )
})

test('a name may look like an option, an address or a pattern', async () => {
  const tonePath = folder.make('plain.wav', tone(0.5))
  for (const name of ['-i.wav', 'a:b.wav', '%03d.wav', "it's a “name”.wav", 'https:x.wav', ' .wav']) {
    copyFileSync(tonePath, folder.file(name))
    assertSeconds(await decodeWhole(folder.file(name)), 0.5, 0.001, name)
  }
})

// ── what is not audio ───────────────────────────────────────────────────────────────────────────────────────────────

test('a file of zero bytes is refused without starting ffmpeg', async () => {
  const path = folder.file('empty.wav')
  writeFileSync(path, '')
  await assertRefused(path, 'ASR_AUDIO_EMPTY', /^The file is empty\.$/, { ffmpegPath: 'no-such-program' })
})

test('a file with a header and no sample holds no audio', async () => {
  await assertRefused(folder.make('nothing.wav', tone(0)), 'ASR_AUDIO_EMPTY', /holds no audio/)
})

test('a video without sound holds no audio', async () => {
  const path = folder.make('mute.mp4', ['-f', 'lavfi', '-i', 'testsrc=d=1:s=64x64'])
  await assertRefused(path, 'ASR_AUDIO_EMPTY', /holds no audio/)
})

test('text, pictures, noise and folders are refused in one sentence', async () => {
  const text = 'Este texto não é uma gravação.\n'.repeat(500)
  writeFileSync(folder.file('text.mp3'), text)
  writeFileSync(folder.file('text.txt'), text)
  writeFileSync(folder.file('short.mp3'), 'x')
  writeFileSync(folder.file('zeros.mp3'), new Uint8Array(100_000))
  writeFileSync(
    folder.file('noise'),
    Uint8Array.from({ length: 50_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255),
  )
  mkdirSync(folder.file('folder.wav'))
  folder.make('picture.png', ['-f', 'lavfi', '-i', 'testsrc=d=1:s=64x64', '-frames:v', '1', '-update', '1'])
  folder.make('picture.jpg', ['-f', 'lavfi', '-i', 'testsrc=d=1:s=64x64', '-frames:v', '1', '-update', '1'])
  copyFileSync(folder.file('picture.png'), folder.file('picture.mp3'))
  const names = ['text.mp3', 'text.txt', 'short.mp3', 'zeros.mp3', 'noise', 'folder.wav', 'picture.png', 'picture.jpg']
  for (const name of [...names, 'picture.mp3', 'missing.wav']) {
    await assertRefused(folder.file(name), 'ASR_AUDIO_UNREADABLE')
  }
})

// ── truncated and damaged files: docs/decisions/0002-truncated-audio.md and 0032 ────────────────────────────────────

/** A copy that ends after this share of its bytes. */
function cut(path: string, share: number): string {
  const target = path.replace(/([^/]+)$/, `cut-${share}-$1`)
  copyFileSync(path, target)
  truncateSync(target, Math.floor(readFileSync(path).length * share))
  return target
}

test('an m4a without its index is unreadable', async () => {
  await assertRefused(cut(folder.make('cut.m4a', tone(2)), 0.5), 'ASR_AUDIO_UNREADABLE', /index at its end is missing/)
})

test('of a file that breaks off, what is there is given', async () => {
  for (const name of [
    'half.mp3',
    'half.wav',
    'half.flac',
    'half.opus',
    'half.webm',
    'half.ts',
    'half.aac',
    'half.wma',
  ]) {
    const samples = await decodeWhole(cut(folder.make(name, tone(20)), 0.5))
    assertSeconds(samples, 10, 1.5, name)
  }
})

/** Formats that promise a length, or whose pieces have one. An mp3 without the header that tells its frames is no such. */
const TELLING: readonly (readonly [name: string, ...args: string[]])[] = [
  ...['mp3', 'wav', 'flac', 'ogg', 'opus', 'spx', 'webm', 'aac', 'wma', 'aiff', 'au', 'tta', 'wv', 'avi', 'nut'].map(
    (suffix) => [`told.${suffix}`] as const,
  ),
  ['told-8khz.wav', '-ar', '8000'],
  ['told.mka', '-c:a', 'flac'],
  ['told.oga', '-c:a', 'flac'],
  ['told.ts', '-c:a', 'aac'],
  ['told-front.m4a', '-c:a', 'aac', '-movflags', 'faststart'],
  ['told-fragmented.mp4', '-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov'],
]

test('what is cut off is told, also where ffmpeg has nothing to complain of', async () => {
  for (const [name, ...args] of TELLING) {
    const path = folder.make(name, [...tone(20), ...args])
    const warnings: string[] = []
    await decodeWhole(cut(path, 0.87), { onWarning: (warning) => warnings.push(warning) })
    assert.equal(warnings.length, 1, `${name}: ${warnings.join(' ')}`)
    assert.match(warnings[0]!, /^The recording is cut off or damaged/, name)
  }
})

test('an mp3 without a length, and two that were stuck together, are told nothing of', async () => {
  const path = folder.make('no-length.mp3', [...tone(5), '-write_xing', '0'])
  const tagged = readFileSync(folder.make('tagged.mp3', [...tone(5), '-metadata', 'title=x']))
  writeFileSync(folder.file('two.mp3'), Buffer.concat([tagged, tagged]))
  for (const [file, seconds] of [
    [path, 5],
    [folder.file('two.mp3'), 10],
  ] as const) {
    const warnings: string[] = []
    assertSeconds(await decodeWhole(file, { onWarning: (warning) => warnings.push(warning) }), seconds, 0.3)
    assert.deepEqual(warnings, [])
  }
})

test('damage that ffmpeg notices is logged, with its words', async () => {
  const { lines, logger } = recordingLogger()
  const path = folder.make('damaged.flac', tone(20))
  await decodeWhole(cut(path, 0.5), { logger })
  assert.equal(lines.length, 1)
  assert.equal(lines[0]?.level, pino.levels.values.warn)
  assert.match(lines[0]?.ffmpeg ?? '', /\[error\]/)

  await decodeWhole(path, { logger })
  assert.equal(lines.length, 1, 'a sound file is not worth a warning')
})

test('a file of which hardly anything can be decoded is unreadable', async () => {
  const path = folder.make('mostly-broken.aac', tone(20))
  const bytes = readFileSync(path)
  for (let at = 0, frame = 0; at + 7 < bytes.length; frame++) {
    // Bits 30 to 42 of a frame's header hold its length; all frames but each sixth lose their contents.
    const nBytes = ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5)
    if (frame % 6 !== 0) bytes.fill(0xff, at + 7, at + nBytes)
    at += nBytes
  }
  writeFileSync(path, bytes)
  await assertRefused(path, 'ASR_AUDIO_UNREADABLE', /most of it cannot be decoded/)
})
