/** Recordings with pauses and of minutes, on real weights: nothing lost, nothing doubled, nothing invented. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { createEnginePool, type EnginePool } from '../../src/engine/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { countErrors, normalizeWords } from '../../src/scoring/index.ts'
import type { Transcription } from '../../src/transcript/index.ts'
import { type GivenOptions, readOptions } from '../../src/whisper/options.ts'
import { baseFolder } from '../helpers/data/real-models.ts'
import { anyRecordings } from '../helpers/data/recordings.ts'
import { noSpeech, spoken } from '../helpers/data/spoken.ts'

const base = baseFolder()
const skip = base.skip || noSpeech
const SILENT = anyRecordings().recordings.filter(({ text }) => text === '')

describe('long recordings on Whisper base', { skip, concurrency: 1 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-long-'))
  let pool: EnginePool

  before(() => {
    pool = createEnginePool({
      resolve: (id) => ({
        id,
        origin: { kind: 'folder', path: base.folder },
        strategy: 'whisper',
        language: undefined,
        tokenizer: undefined,
      }),
      maxLoadedModels: 1,
      settings: readConfig().engine,
      logger: silentLogger,
    })
  })
  after(async () => {
    await pool?.close(0)
    rmSync(root, { recursive: true, force: true })
  })

  async function transcribe(audioPath: string, language: string, options: GivenOptions = {}): Promise<Transcription> {
    const signal = new AbortController().signal
    return await pool.transcribe({ modelId: 'base', audioPath, language, options: readOptions(options), signal })
  }

  /** The utterances one after the other with pauses of that length between them. */
  function joined(pauseSeconds: number): string {
    const file = join(root, `pause-${pauseSeconds}.wav`)
    const inputs = spoken.utterances.flatMap(({ path }) => ['-i', path])
    const padded = spoken.utterances.map(
      (_, i) => `[${i}:a]aresample=16000,aformat=channel_layouts=mono,apad=pad_dur=${pauseSeconds}[p${i}]`,
    )
    const all = spoken.utterances.map((_, i) => `[p${i}]`).join('')
    const graph = `${padded.join(';')};${all}concat=n=${spoken.utterances.length}:v=0:a=1[out]`
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...inputs, '-filter_complex', graph, '-map', '[out]', file])
    return file
  }

  for (const pause of [0.3, 1, 2, 3]) {
    test(`with pauses of ${pause} s between them, no utterance is missed or said twice`, async () => {
      const { text } = await transcribe(joined(pause), 'en')
      for (const { path, said } of spoken.utterances) {
        assert.match(text, said, `${path} in: ${text}`)
        const [beginning] = said.source.split('.*')
        assert.equal(text.match(new RegExp(beginning!, 'gi'))?.length, 1, `${beginning} once in: ${text}`)
      }
    })
  }

  test('recordings without speech give an empty text and no segments', async () => {
    assert.ok(SILENT.length >= 5)
    for (const clip of SILENT) {
      // Labelled as noise, but it holds a spoken sentence, which every Whisper writes down.
      if (clip.id === 'ns-readalongs-noise1500') continue
      const { text, segments } = await transcribe(clip.path, 'en')
      assert.deepEqual({ id: clip.id, text, nSegments: segments.length }, { id: clip.id, text: '', nSegments: 0 })
    }
  })

  for (const vad_filter of [true, false]) {
    test(`a prompt does not come back over noise, with vad_filter ${vad_filter}`, async () => {
      const words = ['Zyxcorp', 'Amarílis Quintanilha', 'Vila Nhandu']
      for (const clip of SILENT) {
        for (const hint of [{ initial_prompt: `Glossário: ${words.join(', ')}.` }, { hotwords: words.join(', ') }]) {
          const { text } = await transcribe(clip.path, 'pt', { ...hint, vad_filter })
          assert.doesNotMatch(text, /zyx|amar[ií]l|quintan|nhandu/i, clip.id)
        }
      }
    })
  }

  test('cut into windows of four seconds, a recording keeps its words: none lost or doubled at the seams', async () => {
    const { path } = spoken.english
    const whole = await transcribe(path, 'en')
    const { text, statistics } = await transcribe(path, 'en', { max_speech_duration_s: 4 })
    assert.ok(statistics.windows > whole.statistics.windows)
    const { deletions, insertions } = countErrors(normalizeWords(whole.text, 'en'), normalizeWords(text, 'en'))
    assert.ok(deletions + insertions <= 1, text)
  })

  test('words are in order, lie within the recording, and spell its text', async () => {
    const ROUNDING = 1e-9
    const { path, language, leastWords } = spoken.long
    const result = await transcribe(path, language, { word_timestamps: true })
    const words = result.segments.flatMap((segment) => segment.words!)
    assert.ok(words.length > leastWords, `${words.length} words`)
    for (const [i, word] of words.entries()) {
      assert.ok(word.end - word.start >= 0.02 - ROUNDING && word.end <= result.durationSeconds, JSON.stringify(word))
      assert.ok(i === 0 || word.start >= words[i - 1]!.end - ROUNDING, JSON.stringify(words.slice(i - 1, i + 1)))
      assert.ok(word.probability >= 0 && word.probability <= 1)
    }
    for (const { start, end, text, words: own } of result.segments) {
      assert.equal(own!.map(({ word }) => word).join(''), text)
      assert.deepEqual([start, end], [own![0]!.start, own!.at(-1)!.end])
    }
  })

  test('timestamp tokens give segments in order, and the same words but for a few', async () => {
    const aligned = await transcribe(spoken.longEnglish, 'en')
    const tokens = await transcribe(spoken.longEnglish, 'en', { timestamps: 'tokens' })
    assert.ok(tokens.segments.length > 3)
    tokens.segments.forEach((segment, i) => {
      assert.ok(segment.start < segment.end && segment.end <= tokens.durationSeconds + 0.1)
      assert.ok(i === 0 || segment.start >= tokens.segments[i - 1]!.start)
    })
    const errors = countErrors(normalizeWords(aligned.text, 'en'), normalizeWords(tokens.text, 'en'))
    assert.ok((errors.deletions + errors.insertions + errors.substitutions) / errors.total < 0.2)
  })

  test('window after window with the text before it as prompt, a recording is transcribed to its end', async () => {
    const { path, language, said, ends } = spoken.long
    const { text } = await transcribe(path, language, { condition_on_previous_text: true })
    assert.match(text, said)
    assert.match(text, ends, 'the last utterance of the recording is there')
  })
})
