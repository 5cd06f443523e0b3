/** What must not depend on chance, on real weights: the language of a recording, and its text. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { loadModel, type SpeechModel } from '../../src/index.ts'
import { baseFolder } from '../helpers/data/real-models.ts'
import { anyRecordings, type Recording } from '../helpers/data/recordings.ts'
import { skipped } from '../helpers/skip.ts'

const base = baseFolder()
const { recordings, absent } = anyRecordings()
const said = recordings.filter(({ text }) => text)
const short = said.filter(({ durationSeconds }) => durationSeconds < 2.2)
const long = said.filter(({ durationSeconds }) => durationSeconds > 9 && durationSeconds < 14)

/** A short recording in front of a longer one in another language, one of each language. */
const pairs = [...new Map(long.map((rest) => [rest.language, rest])).values()].flatMap((rest) => {
  const front = short.find(({ language }) => language !== rest.language)
  return front ? [{ front, rest }] : []
})
const noPairs = pairs.length === 0 && (absent ?? skipped('data', 'the recordings are all in one language'))

describe('the same recording on Whisper base', { skip: base.skip || absent, concurrency: 1 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-same-'))
  let model: SpeechModel

  before(async () => {
    model = await loadModel(base.folder)
  })
  after(async () => {
    await model?.close()
    rmSync(root, { recursive: true, force: true })
  })

  function oneAfterTheOther(first: Recording, second: Recording): string {
    const file = join(root, `${first.id}-${second.id}.wav`)
    const mono = 'aresample=16000,aformat=sample_fmts=s16:channel_layouts=mono'
    const graph = `[0:a]${mono},apad=pad_dur=2[a];[1:a]${mono}[b];[a][b]concat=n=2:v=0:a=1[out]`
    const inputs = ['-i', first.path, '-i', second.path]
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...inputs, '-filter_complex', graph, '-map', '[out]', file])
    return file
  }

  test('is in the language of most of it, whatever a short recording in front is in', { skip: noPairs }, async () => {
    for (const { front, rest } of pairs.slice(0, 4)) {
      const file = oneAfterTheOther(front, rest)
      const { language, segments } = await model.transcribe(file, { beamSize: 1 })
      assert.equal(language, rest.language, file)
      assert.ok(segments.every((segment) => segment.language === language))
      assert.equal((await model.detectLanguage(file)).language, rest.language, file)
    }
  })

  test('has the same text each time where it is drawn, and another one with another seed', async () => {
    const { path } = said.find(({ durationSeconds }) => durationSeconds > 5 && durationSeconds < 12)!
    const drawn = async (seed?: number) => (await model.transcribe(path, { temperature: [0.9], seed })).text
    const text = await drawn()
    assert.equal(await drawn(), text)
    assert.equal(await drawn(0), text)
    const others = [await drawn(1), await drawn(2), await drawn(3)]
    assert.ok(others.some((other) => other !== text))
  })
})
