/**
 * Bytes in → work of an engine. Each row is a file of a few kilobytes and the options that make most of it, with ceilings on
 * what it may cost: counted in windows, decoder steps and memory, which are the same on every machine.
 */

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { WorkTiming } from '../../src/engine/transcriber.ts'
import { peakResidentBytes } from '../../src/processes/process-memory.ts'
import { type GivenOptions, readOptions } from '../../src/whisper/options.ts'
import { writeConstant } from '../helpers/builders/dense-recordings.ts'
import { never, tinyEngines } from '../helpers/rigs/tiny-engines.ts'

const rig = tinyEngines()

interface Row {
  readonly what: string
  readonly seconds: number
  /** 0 is silence. */
  readonly value: number
  readonly options: GivenOptions
  readonly mostBytes: number
  readonly mostWindows: number
  /** Attempts at a window's text, over all windows. */
  readonly mostAttempts: number
}

const LADDER = Array.from({ length: 16 }, (_, i) => i / 10)
/** Keeps a random model from filling all positions of each attempt: what is bounded is their number. */
const MOST_TOKENS = 2
/** Each window three times, and the retries that a recording may always take, those of windows under way among them. */
const attemptsFor = (nWindows: number) => 3 * nWindows + 60 + 4 * LADDER.length

const ROWS: readonly Row[] = [
  {
    what: 'an hour of silence, while detection waits for speech',
    ...{ seconds: 3600, value: 0, mostBytes: 25_000, mostWindows: 0, mostAttempts: 0 },
    options: { vad_filter: false, language_detection_segments: 32, batch_size: 64 },
  },
  {
    what: 'an hour of silence of which all is taken for speech',
    ...{ seconds: 3600, value: 0, mostBytes: 25_000, mostWindows: 0, mostAttempts: 0 },
    options: { threshold: 0, speech_pad_ms: 10_000, min_silence_duration_ms: 60_000 },
  },
  {
    what: 'twenty minutes of a constant, in windows as they are cut',
    ...{ seconds: 1200, value: 0.1, mostBytes: 15_000, mostWindows: 60, mostAttempts: attemptsFor(60) },
    options: { vad_filter: false, batch_size: 64, temperature: LADDER, best_of: 1, beam_size: 1 },
  },
  {
    what: 'forty seconds of a constant, in the shortest windows',
    ...{ seconds: 40, value: 0.1, mostBytes: 10_000, mostWindows: 60, mostAttempts: attemptsFor(60) },
    options: {
      threshold: 0,
      max_speech_duration_s: 1,
      speech_pad_ms: 0,
      temperature: LADDER,
      best_of: 1,
      beam_size: 1,
    },
  },
]

/** Beside the model: the buffers of the batches, and a minute of samples. */
const MOST_GROWTH_BYTES = 200 * 2 ** 20

for (const { what, seconds, value, options, mostBytes, mostWindows, mostAttempts } of ROWS) {
  test(`${what}: at most ${mostWindows} windows and ${mostAttempts} attempts`, async (t) => {
    const audioPath = join(rig.folder, 'dense.flac')
    writeConstant(audioPath, seconds, value)
    await rig.withPool({}, async (pool) => {
      await rig.ask(pool, 'a')
      const [pid] = pool.enginePids()
      const before = peakResidentBytes(pid!)
      let timing: WorkTiming | undefined
      const { statistics, durationSeconds } = await pool.transcribe({
        ...{ modelId: 'a', audioPath, signal: never },
        options: readOptions({ max_new_tokens: MOST_TOKENS, ...options }),
        onTiming: (told) => {
          timing = told
        },
      })
      const { size } = statSync(audioPath)
      const { windowSteps } = timing!
      t.diagnostic(`${size} bytes → ${statistics.windows} windows, ${windowSteps} steps`)
      assert.equal(durationSeconds, seconds)
      assert.ok(size <= mostBytes, `${size} bytes`)
      assert.ok(statistics.windows <= mostWindows, `${statistics.windows} windows`)
      assert.ok(windowSteps <= mostAttempts * MOST_TOKENS, `${windowSteps} steps`)
      if (before === undefined) return // a system that does not tell
      const growth = peakResidentBytes(pid!)! - before
      t.diagnostic(`the engine grew by ${Math.round(growth / 2 ** 20)} MiB`)
      assert.ok(growth <= MOST_GROWTH_BYTES, `${growth} bytes`)
    })
  })
}
