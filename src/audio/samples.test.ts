import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clip, WavReader } from './samples.ts'
import { wavHeader } from './wav-header.ts'

const HEAD = wavHeader(0, 'float32')

/** Reads `bytes` in pieces of `size` and joins what comes out. */
function readInPieces(bytes: Uint8Array, size: number, head: Uint8Array = HEAD): number[] {
  const reader = new WavReader()
  const samples: number[] = []
  const all = Buffer.concat([head, bytes])
  for (let at = 0; at < all.length; at += size) samples.push(...reader.push(all.subarray(at, at + size)))
  return samples
}

const bytesOf = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer)

/** The extensible head, as ffmpeg writes it into a pipe, with a chunk of tags in it. */
function extensibleHead(nChannels: number, speakers: number): Buffer {
  const head = Buffer.alloc(12 + 48 + 12 + 8)
  head.write('RIFF\xff\xff\xff\xffWAVEfmt ', 0, 'latin1')
  head.writeUInt32LE(40, 16)
  head.writeUInt16LE(0xfffe, 20)
  head.writeUInt16LE(nChannels, 22)
  head.writeUInt32LE(16_000, 24)
  head.writeUInt16LE(4 * nChannels, 32)
  head.writeUInt16LE(32, 34)
  head.writeUInt32LE(speakers, 40)
  head.write('LIST\x03\0\0\0abc\0data\xff\xff\xff\xff', 60, 'latin1')
  return head
}

test('samples are the same wherever the borders of the chunks lie', () => {
  const values = [0, 0.5, -0.25, 1, -1, 0.125, 2 ** -20]
  const bytes = bytesOf(...values)
  for (let size = 1; size <= bytes.length; size++)
    assert.deepEqual(readInPieces(bytes, size), values, `pieces of ${size}`)
})

test('any bytes give the same samples, cut into chunks at any places', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 100 }), (bytes, size) => {
      assert.deepEqual(readInPieces(bytes, size + 1), readInPieces(bytes, 1000))
    }),
    { seed: 1 },
  )
})

test('the head tells channels and loudspeakers, and frames stay whole', () => {
  for (const size of [1, 7, 81, 500]) {
    const reader = new WavReader()
    const all = Buffer.concat([extensibleHead(6, 0x3f), bytesOf(...Array.from({ length: 14 }, (_, i) => i / 16))])
    const lengths: number[] = []
    for (let at = 0; at < all.length; at += size) lengths.push(reader.push(all.subarray(at, at + size)).length)
    assert.deepEqual(reader.layout, { nChannels: 6, speakers: 0x3f })
    assert.ok(lengths.every((length) => length % 6 === 0))
    assert.equal(
      lengths.reduce((sum, length) => sum + length),
      12,
    )
  }
})

test('what is no WAV of float32 is our own fault, and no silence', () => {
  assert.throws(() => new WavReader().push(Buffer.alloc(100)), /something else than WAV/)
  assert.throws(() => new WavReader().push(wavHeader(100)), /other samples/)
})

test('values that are not finite become silence, and the others stay as loud as they are', () => {
  const bytes = bytesOf(Number.NaN, Infinity, -Infinity, 1.25, -7, 0.75)
  assert.deepEqual(readInPieces(bytes, bytes.length), [0, 0, 0, 1.25, -7, 0.75])
})

test('values outside of [-1, 1] are clipped', () => {
  const samples = Float32Array.of(1.25, -7, 0.75, -1, 0)
  clip(samples)
  assert.deepEqual([...samples], [1, -1, 0.75, -1, 0])
})

test('an unfinished sample at the end is dropped', () => {
  assert.deepEqual(readInPieces(bytesOf(0.5, 0.25).subarray(0, 7), 3), [0.5])
})

test('the samples do not share memory with the bytes they came from', () => {
  const bytes = Buffer.concat([HEAD, bytesOf(0.5)])
  const samples = new WavReader().push(bytes)
  bytes.fill(0)
  assert.deepEqual([...samples], [0.5])
})
