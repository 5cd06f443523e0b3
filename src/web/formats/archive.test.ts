import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { strToU8, zipSync } from 'fflate'
import type { Transcript } from '../transcript/transcript.ts'
import { type ArchiveEntry, ArchiveError, packArchive, unpackArchive } from './archive.ts'

const TRANSCRIPT: Transcript = {
  id: 'abc',
  name: 'a/b: ção.ogg',
  createdAt: 1_700_000_000_000,
  durationSeconds: 2.5,
  task: 'transcribe',
  language: 'pt',
  languageProbability: undefined,
  model: 'base',
  processingSeconds: 0.5,
  segments: [
    {
      id: 0,
      start: 0,
      end: 2.5,
      text: 'Corrigido.',
      words: [{ start: 0, end: 1, word: 'Corrigido.', probability: undefined }],
      quality: 'ok',
      original: { text: 'Corijido.', words: [{ start: 0, end: 1, word: 'Corijido.', probability: 0.25 }] },
    },
  ],
  warnings: ['Take care.'],
  isPartial: false,
  isFromMicrophone: true,
}
const RECORDING = new Blob([Uint8Array.from({ length: 200_000 }, (_, i) => i % 251)], { type: 'audio/ogg' })
const WITH_TEXT: ArchiveEntry = { id: 'abc', name: TRANSCRIPT.name, transcript: TRANSCRIPT, recording: RECORDING }
const TEXT_ONLY: ArchiveEntry = { ...WITH_TEXT, id: 'd-e_f', recording: undefined }
const SOUND_ONLY: ArchiveEntry = { id: '0', name: 'Recording.webm', transcript: undefined, recording: RECORDING }

async function pack(...entries: ArchiveEntry[]): Promise<Blob> {
  return await packArchive(
    (async function* () {
      yield* entries
    })(),
  )
}

test('what is packed comes back: texts with their corrections, recordings byte for byte', async () => {
  const [first, second, third] = await unpackArchive(await pack(WITH_TEXT, TEXT_ONLY, SOUND_ONLY))
  assert.deepEqual(JSON.parse(JSON.stringify(first!.transcript)), JSON.parse(JSON.stringify(TRANSCRIPT)))
  assert.equal(first!.recording?.type, 'audio/ogg')
  assert.deepEqual(await first!.recording?.bytes(), await RECORDING.bytes())
  assert.deepEqual([second!.id, second!.transcript?.id, second!.recording], ['d-e_f', 'd-e_f', undefined])
  assert.deepEqual([third!.name, third!.transcript, third!.recording?.size], ['Recording.webm', undefined, 200_000])
})

test('an archive that is cut off anywhere is refused whole', async () => {
  const whole = await pack(WITH_TEXT, SOUND_ONLY)
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.size - 1 }), async (size) => {
      await assert.rejects(unpackArchive(whole.slice(0, size)), ArchiveError)
    }),
  )
})

test('another zip, and one whose entry is not what it should be, is refused', async () => {
  const entry = { format: 1, id: 'abc', name: 'a.wav', transcript: { ...TRANSCRIPT, processingSeconds: 1 } }
  const zipOf = (name: string, content: unknown) => new Blob([zipSync({ [name]: strToU8(JSON.stringify(content)) })])
  assert.equal((await unpackArchive(zipOf('abc/entry.json', entry))).length, 1)
  for (const [name, content] of [
    ['letter.json', entry],
    ['abc/entry.json', 'text'],
    ['abc/entry.json', { ...entry, format: 2 }],
    ['abc/entry.json', { ...entry, id: '../abc' }],
    ['abc/entry.json', { ...entry, transcript: undefined }],
    ['abc/entry.json', { ...entry, transcript: { ...TRANSCRIPT, segments: [{ text: 'no times' }] } }],
    ['abc/entry.json', { ...entry, recording: { path: 'abc/absent.wav', type: 'audio/wav' } }],
  ] as const) {
    await assert.rejects(unpackArchive(zipOf(name, content)), ArchiveError, JSON.stringify(content))
  }
})
