/** A recording transcribed on real weights by a model that finds whole texts, as a CUDA device has it; here on the CPU. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { compile, GENERATE_FILE } from '../../src/compiler/index.ts'
import { openCpuBackend } from '../../src/inference/cpu/model.ts'
import { GenerateSession } from '../../src/inference/cuda/generate-session.ts'
import { CudaModel } from '../../src/inference/cuda/model.ts'
import { isOutOfMemory } from '../../src/inference/session.ts'
import { type CheckpointFacts, StepModel } from '../../src/inference/step-model.ts'
import type { Transcription } from '../../src/transcript/index.ts'
import { type SpeechModel, sessionRequest, transcribeLongForm } from '../../src/whisper/index.ts'
import { parseOptions } from '../../src/whisper/options.ts'
import { baseFolder } from '../helpers/data/real-models.ts'
import { anyRecordings } from '../helpers/data/recordings.ts'
import { decodeWhole } from '../helpers/judges/decode-whole.ts'

const { recordings, absent } = anyRecordings()
const { folder: checkpointFolder, skip: noWeights } = baseFolder()
const SETTINGS = { device: 'cpu', threads: undefined } as const
/** Five beams, as by default; the whole context, as a CUDA device takes it. */
const OPTIONS = parseOptions({ temperature: 0, vad_filter: false, audio_context: 'full' })

describe('Whisper base, generated', { skip: absent ?? noWeights }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-cuda-model-'))
  let facts: CheckpointFacts
  before(async () => {
    using checkpoint = await openCheckpoint(checkpointFolder)
    compile(checkpoint, folder, { hasGenerate: true })
    const { config, generation, tokenizer } = checkpoint
    facts = { config, generation, tokenizer }
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function transcribe(model: SpeechModel, samples: Float32Array): Promise<Transcription> {
    const signal = new AbortController().signal
    async function* chunks() {
      yield samples
    }
    const speechProbability = () => Promise.reject(new Error('no speech detection here'))
    const context = {
      session: model.session(sessionRequest(OPTIONS, signal)),
      options: OPTIONS,
      speechProbability,
      signal,
      language: undefined,
    }
    return await transcribeLongForm(chunks(), context)
  }

  test('language, words and their times are those of the search step by step', async () => {
    const long = recordings.find(({ durationSeconds, language }) => durationSeconds > 40 && language === 'en')
    assert.ok(long, 'the recordings have a long English one')
    const samples = (await decodeWhole(long.path)).subarray(0, 40 * 16_000)
    let stepping = 0
    await using whole = await CudaModel.open(facts, {
      openSession: () => GenerateSession.open(join(folder, GENERATE_FILE), SETTINGS),
      openStepModel: async () => {
        stepping++
        return new StepModel(facts, await openCpuBackend(facts, folder, SETTINGS))
      },
      mostWindows: 16,
      isOutOfMemory,
    })
    const found = await transcribe(whole, samples)
    assert.equal(stepping, 0)
    await using steps = new StepModel(facts, await openCpuBackend(facts, folder, SETTINGS))
    const expected = await transcribe(steps, samples)
    assert.ok(expected.text.length > 100)
    assert.equal(found.text, expected.text)
    assert.equal(found.language, 'en')
    assert.deepEqual(
      found.segments.map(({ start, end, text }) => [start.toFixed(2), end.toFixed(2), text]),
      expected.segments.map(({ start, end, text }) => [start.toFixed(2), end.toFixed(2), text]),
    )
    assert.ok(Math.abs(found.languageProbability! - expected.languageProbability!) < 1e-4)
  })
})
