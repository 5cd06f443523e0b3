/** Headers that lie: what is read of them lies within the file, in bounded time. */

import assert from 'node:assert/strict'
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { TempFolder } from '../../test/helpers/data/audio-files.ts'
import { wavHeader } from './wav-header.ts'
import { readWavLayout } from './wav-layout.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

/** A plain file, with or without a chunk before its samples. */
const valid = fc
  .tuple(fc.constantFrom('int16' as const, 'float32' as const), fc.integer({ min: 1, max: 64 }), fc.boolean())
  .map(([format, nSamples, hasList]) => {
    const samples = Buffer.alloc(nSamples * (format === 'int16' ? 2 : 4))
    const header = wavHeader(samples.length, format)
    const list = Buffer.concat([Buffer.from('LIST'), Buffer.of(6, 0, 0, 0), Buffer.from('abcdef')])
    return Buffer.concat([header.subarray(0, 36), ...(hasList ? [list] : []), header.subarray(36), samples])
  })
/** Places of a file and what is written there: bytes, or the numbers that are most often forged. */
const mutation = fc.tuple(
  fc.nat(80),
  fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.constantFrom(0, 1, 7, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff).map((number) => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(number)
      return bytes
    }),
    fc.constantFrom('data', 'fmt ', 'LIST', 'RIFF', 'RF64', 'WAVE', 'JUNK').map((id) => Buffer.from(id)),
  ),
)
const damaged = fc
  .tuple(valid, fc.array(mutation, { maxLength: 4 }), fc.option(fc.nat(120)))
  .map(([file, mutations, length]) => {
    const bytes = Buffer.from(file)
    for (const [at, written] of mutations) if (at < bytes.length) bytes.set(written.slice(0, bytes.length - at), at)
    return length === null ? bytes : bytes.subarray(0, length)
  })

async function layoutOf(bytes: Uint8Array, file: FileHandle) {
  await file.truncate(0)
  await file.write(bytes, 0, bytes.length, 0)
  return await readWavLayout(file)
}

test('whatever is written where, samples lie within the file or it is not plain', async () => {
  await writeFile(folder.file('any.wav'), '')
  await using file = await open(folder.file('any.wav'), 'r+')
  await fc.assert(
    fc.asyncProperty(damaged, async (bytes) => {
      const layout = await layoutOf(bytes, file)
      if (!layout) return
      const { dataStart, nFrames, bytesPerFrame, nChannels } = layout
      assert.ok(Number.isInteger(nFrames) && nFrames >= 1 && bytesPerFrame >= 1)
      assert.ok(dataStart >= 44 && dataStart + nFrames * bytesPerFrame <= bytes.length)
      assert.ok(nChannels === 1 || nChannels === 2)
    }),
    { numRuns: 2000 },
  )
})

test('an undamaged file is plain', async () => {
  await writeFile(folder.file('whole.wav'), '')
  await using file = await open(folder.file('whole.wav'), 'r+')
  const property = fc.asyncProperty(valid, async (bytes) => assert.ok(await layoutOf(bytes, file)))
  await fc.assert(property, { numRuns: 100 })
})

test('a file of empty chunks and nothing else is given up after a few', async () => {
  const header = wavHeader(2).subarray(0, 12)
  const chunk = Buffer.concat([Buffer.from('JUNK'), Buffer.alloc(4)])
  await writeFile(folder.file('chunks.wav'), Buffer.concat([header, ...Array.from({ length: 100_000 }, () => chunk)]))
  await using file = await open(folder.file('chunks.wav'))
  let nReads = 0
  const counted = new Proxy(file, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      if (typeof value !== 'function') return value
      if (name === 'read') nReads++
      return value.bind(target)
    },
  })
  assert.equal(await readWavLayout(counted), undefined)
  assert.ok(nReads <= 33, `${nReads} reads`)
})
