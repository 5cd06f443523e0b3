import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { TempFolder, tone } from '../../test/helpers/data/audio-files.ts'
import { anyRecordings } from '../../test/helpers/data/recordings.ts'
import { assertRefused, decodeWhole, GENEROUS } from '../../test/helpers/judges/decode-whole.ts'
import { Ffmpeg } from './ffmpeg.ts'
import { decodeAudio, probeAudio } from './index.ts'
import { PlainWav } from './plain-wav.ts'
import { SampleReader } from './samples.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

const NO_FFMPEG = { ffmpegPath: 'no-such-program' }

/** What ffmpeg makes of a file, whatever the decoder would rather do. */
async function byFfmpeg(path: string): Promise<Float32Array> {
  await using ffmpeg = await Ffmpeg.start(path, GENEROUS)
  const blocks = (await Array.fromAsync(ffmpeg.blocks())).flat()
  return new SampleReader().push(Buffer.concat(blocks.map(({ bytes }) => bytes)))
}

/** Compares bits, in no time also for millions of samples. */
function assertSame(actual: Float32Array, expected: Float32Array, what = 'the file'): void {
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength)
  if (bytesOf(actual).equals(bytesOf(expected))) return
  const at = actual.findIndex((sample, i) => !Object.is(sample, expected[i]))
  assert.fail(
    `${what}: sample ${at} of ${actual.length} is ${actual[at]} and not ${expected[at]} of ${expected.length}`,
  )
}

interface Format {
  readonly tag: number
  readonly bits: number
  readonly nChannels: number
  readonly rate?: number
  /** `fmt ` gets the form of WAVE_FORMAT_EXTENSIBLE. */
  readonly mask?: number
  readonly validBits?: number
}

function chunk(id: string, contents: Uint8Array, nBytes = contents.length): Buffer {
  const header = Buffer.alloc(8)
  header.write(id, 'latin1')
  header.writeUInt32LE(nBytes, 4)
  return Buffer.concat([header, contents, Buffer.alloc(contents.length % 2)])
}

function fmt({ tag, bits, nChannels, rate = 16_000, mask, validBits = bits }: Format): Buffer {
  const contents = Buffer.alloc(mask === undefined ? 16 : 40)
  contents.writeUInt16LE(mask === undefined ? tag : 0xfffe, 0)
  contents.writeUInt16LE(nChannels, 2)
  contents.writeUInt32LE(rate, 4)
  contents.writeUInt32LE((rate * nChannels * bits) / 8, 8)
  contents.writeUInt16LE((nChannels * bits) / 8, 12)
  contents.writeUInt16LE(bits, 14)
  if (mask !== undefined) {
    contents.writeUInt16LE(22, 16)
    contents.writeUInt16LE(validBits, 18)
    contents.writeUInt32LE(mask, 20)
    contents.writeUInt16LE(tag, 24)
    contents.set(Buffer.from('000000001000800000aa00389b71', 'hex'), 26)
  }
  return chunk('fmt ', contents)
}

function riff(...chunks: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks])
  return chunk('RIFF', body)
}

let nFiles = 0
function write(bytes: Uint8Array): string {
  const path = folder.file(`${nFiles++}`) // no suffix: the content decides
  writeFileSync(path, bytes)
  return path
}

const noise = (nBytes: number) => randomFillSync(new Uint8Array(nBytes))
const mono16: Format = { tag: 1, bits: 16, nChannels: 1 }

const FORMATS: readonly (readonly [name: string, format: Pick<Format, 'tag' | 'bits'>])[] = [
  ['8 bits', { tag: 1, bits: 8 }],
  ['16 bits', { tag: 1, bits: 16 }],
  ['24 bits', { tag: 1, bits: 24 }],
  ['32 bits', { tag: 1, bits: 32 }],
  ['float', { tag: 3, bits: 32 }],
  ['double', { tag: 3, bits: 64 }],
]

for (const [name, format] of FORMATS) {
  test(`noise of ${name} gives the very samples that ffmpeg gives`, async () => {
    for (const nChannels of [1, 2]) {
      for (const mask of [undefined, 0, nChannels === 1 ? 4 : 3]) {
        const bytesPerFrame = (nChannels * format.bits) / 8
        // Noise as floats has every exponent there is, NaN and infinity among them. More than two chunks, one uneven.
        const data = noise(40_001 * bytesPerFrame)
        const path = write(
          riff(fmt({ ...format, nChannels, ...(mask !== undefined && { mask }) }), chunk('data', data)),
        )
        const samples = await decodeWhole(path, NO_FFMPEG)
        assert.equal(samples.length, 40_001)
        assertSame(samples, await byFfmpeg(path), `${nChannels} channels, mask ${mask}`)
      }
    }
  })
}

test('floats of usual loudness in two channels are rounded as ffmpeg rounds them', async () => {
  const values = Array.from({ length: 20_000 }, (_, i) => Math.sin(i * i) * 1.2 * 10 ** -(i % 9))
  for (const [bits, data] of [
    [32, new Uint8Array(Float32Array.from(values).buffer)],
    [64, new Uint8Array(Float64Array.from(values).buffer)],
  ] as const) {
    const path = write(riff(fmt({ tag: 3, bits, nChannels: 2 }), chunk('data', data)))
    assertSame(await decodeWhole(path, NO_FFMPEG), await byFfmpeg(path))
  }
})

test('chunks before and after the samples are passed over', async () => {
  const data = noise(1001)
  const path = write(
    riff(
      chunk('JUNK', noise(9001)),
      fmt({ ...mono16, bits: 8 }),
      chunk('LIST', noise(33)),
      chunk('data', data),
      chunk('id3 ', noise(4)),
      chunk('LIST', noise(20)),
    ),
  )
  // The format lies behind the first read, so this file is one for ffmpeg.
  assert.equal(await PlainWav.open(path), undefined)
  const usual = write(
    riff(fmt({ ...mono16, bits: 8 }), chunk('LIST', noise(5000)), chunk('data', data), chunk('LIST', noise(20))),
  )
  assertSame(await decodeWhole(usual, NO_FFMPEG), await byFfmpeg(usual))
})

test('the probe knows the length without ffmpeg', async () => {
  const path = write(riff(fmt(mono16), chunk('data', noise(48_000))))
  assert.deepEqual(await probeAudio(path, { ...GENEROUS, ...NO_FFMPEG }), { durationSeconds: 1.5 })
})

test('what is not plain is left to ffmpeg', async () => {
  const data = chunk('data', noise(3200))
  const whole = riff(fmt(mono16), data)
  const bigger = Buffer.from(whole)
  bigger.writeUInt32LE(3202, bigger.indexOf('data') + 4)
  const endless = Buffer.from(whole)
  endless.writeUInt32LE(0xffffffff, endless.indexOf('data') + 4)
  const rf64 = Buffer.from(whole)
  rf64.write('RF64', 0)
  const blockAlign = Buffer.from(whole)
  blockAlign.writeUInt16LE(4, 32)
  const left = riff(fmt({ ...mono16, mask: 1 }), data)
  const guid = Buffer.from(riff(fmt({ ...mono16, mask: 4 }), data))
  guid[50]! ^= 1
  const odd: Readonly<Record<string, Uint8Array>> = {
    '8 kHz': riff(fmt({ ...mono16, rate: 8000 }), data),
    '44.1 kHz': riff(fmt({ ...mono16, rate: 44_100 }), data),
    'three channels': riff(fmt({ ...mono16, nChannels: 3 }), chunk('data', noise(600))),
    'no channel': riff(fmt({ ...mono16, nChannels: 0 }), data),
    'µ-law': riff(fmt({ tag: 7, bits: 8, nChannels: 1 }), data),
    '12 bits': riff(fmt({ ...mono16, bits: 12 }), data),
    '20 of 24 bits': riff(fmt({ ...mono16, bits: 24, mask: 4, validBits: 20 }), chunk('data', noise(300))),
    'a left channel alone': left,
    'another sub-format': guid,
    'a longer promise than the file': bigger,
    'samples without end': endless,
    'no samples': riff(fmt(mono16), chunk('data', new Uint8Array(0))),
    'half a sample': riff(fmt(mono16), chunk('data', noise(3201))),
    'a block of another size': blockAlign,
    RF64: rf64,
    'cut in the header': whole.subarray(0, 30),
    'cut before the samples': whole.subarray(0, 44),
    'cut in the samples': whole.subarray(0, -2),
    'samples before the format': riff(data, fmt(mono16)),
    'two formats': riff(fmt(mono16), fmt(mono16), data),
    'samples in two places': riff(fmt(mono16), data, data),
    'an unknown chunk': riff(fmt(mono16), chunk('XMA2', noise(8)), data),
    'many chunks': riff(...Array.from({ length: 40 }, () => chunk('JUNK', noise(2))), fmt(mono16), data),
    'a tag in front': Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1'), whole]),
    text: Buffer.from('RIFF or no RIFF, this is no recording'),
  }
  for (const [what, bytes] of Object.entries(odd)) {
    assert.equal(await PlainWav.open(write(bytes)), undefined, what)
  }
  assert.equal(await PlainWav.open(folder.file('missing')), undefined)
  assert.equal(await PlainWav.open(folder.path), undefined)
  await using plain = await PlainWav.open(write(whole))
  assert.equal(plain?.durationSeconds, 0.1)
})

test('a plain file is subject to the same limits', async () => {
  const path = write(riff(fmt(mono16), chunk('data', noise(64_000))))
  await assertRefused(path, 'ASR_AUDIO_TOO_LONG', undefined, { ...NO_FFMPEG, maxSeconds: 1.9 })
  assert.equal((await decodeWhole(path, { ...NO_FFMPEG, maxSeconds: 2 })).length, 32_000)

  const abort = new AbortController()
  const decoding = decodeAudio(path, { ...GENEROUS, ...NO_FFMPEG, signal: abort.signal })
  await decoding.next()
  abort.abort()
  await assert.rejects(decoding.next(), { name: 'AbortError' })
})

test('a file that shrinks while it is read does not pass for a shorter one', async () => {
  const path = write(riff(fmt(mono16), chunk('data', noise(64_000))))
  const decoding = decodeAudio(path, { ...GENEROUS, ...NO_FFMPEG })
  await decoding.next()
  writeFileSync(path, readFileSync(path).subarray(0, 40_000))
  await assert.rejects(decoding.next(), { code: 'ASR_AUDIO_UNREADABLE' })
})

const shared = anyRecordings()
test('real WAV files give the very samples that ffmpeg gives', { skip: shared.absent }, async (t) => {
  let nPlain = 0
  for (const { id, path } of shared.recordings.filter((recording) => recording.path.endsWith('.wav'))) {
    await using plain = await PlainWav.open(path)
    if (!plain) continue
    nPlain++
    assertSame(await decodeWhole(path, NO_FFMPEG), await byFfmpeg(path), id)
  }
  t.diagnostic(`${nPlain} plain files`)
  assert.ok(nPlain > 10)
})

test('a long file streams through without piling up', async () => {
  const path = folder.make('long.wav', [...tone(1800), '-c:a', 'pcm_f32le'])
  const before = process.memoryUsage()
  let most = 0
  let nSamples = 0
  for await (const samples of decodeAudio(path, { ...GENEROUS, ...NO_FFMPEG })) {
    nSamples += samples.length
    most = Math.max(most, process.memoryUsage.rss() - before.rss)
  }
  assert.equal(nSamples, 1800 * 16_000)
  assert.ok(most < 60 * 2 ** 20, `${most} bytes more`)
})
