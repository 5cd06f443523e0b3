/** Engines that die in the middle of a stream: the second try goes on where the first was, with real engine processes. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EnginePool } from '../../src/engine/index.ts'
import type { Segment } from '../../src/transcript/index.ts'
import { readOptions } from '../../src/whisper/options.ts'
import { startService } from '../helpers/rigs/service.ts'
import { never, tinyEngines } from '../helpers/rigs/tiny-engines.ts'

const rig = tinyEngines()
const recording = join(rig.folder, 'long.wav')
const TONE = 'sine=frequency=300:sample_rate=16000'
execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', TONE, '-t', '600', recording])

/** Of which every run has the same text: nothing is drawn. */
const SAME_TEXT = {
  vad_filter: 'false',
  threshold: '0',
  temperature: '0,',
  max_new_tokens: '8',
  timestamps: 'none',
  language: 'pt',
}

/** Kills the engine once, and after that says that it has. */
function killer(pool: EnginePool): () => void {
  const [first] = pool.enginePids()
  return () => {
    if (pool.enginePids().includes(first!)) process.kill(first!, 'SIGKILL')
  }
}

test('a program is told each segment once, though its engine died after the first', async () => {
  await rig.withPool({}, async (pool) => {
    await rig.ask(pool, 'a')
    const kill = killer(pool)
    const { language, ...given } = SAME_TEXT
    const options = readOptions(given)
    const told: Segment[][] = [[], []]
    const progress: number[] = []
    const results = await Promise.all(
      told.map((segments) =>
        pool.transcribe({
          ...{ modelId: 'a', audioPath: recording, language, options, signal: never },
          onSegments: (added) => {
            segments.push(...added)
            kill()
          },
          ...(segments === told[0] && { onProgress: (seconds: number) => void progress.push(seconds) }),
        }),
      ),
    )
    for (const [i, { segments }] of results.entries()) {
      assert.ok(segments.length > 10)
      assert.deepEqual(told[i], segments)
    }
    assert.deepEqual(
      progress,
      progress.toSorted((a, b) => a - b),
      'progress never goes back',
    )
  })
})

test('over HTTP the deltas of a stream are its text, and no id comes twice, though its engine died', async () => {
  const pool = rig.newPool({})
  const service = await startService({ transcriber: pool })
  try {
    await rig.ask(pool, 'a')
    const kill = killer(pool)
    const stream = async () => {
      const form = new FormData()
      for (const [name, value] of Object.entries({ ...SAME_TEXT, model: 'a', stream: 'true' })) form.set(name, value)
      form.set('file', new Blob([readFileSync(recording)]), 'long.wav')
      const response = await fetch(`${service.baseUrl}/v1/audio/transcriptions`, { method: 'POST', body: form })
      assert.equal(response.status, 200)
      return await readEvents(response, kill)
    }
    for (const events of await Promise.all([stream(), stream()])) {
      const deltas = events.filter(({ type }) => type === 'transcript.text.delta').map(({ delta }) => delta)
      const ids = events.filter(({ type }) => type === 'transcript.text.segment').map(({ id }) => id)
      const done = events.at(-1)!
      assert.equal(done.type, 'transcript.text.done')
      assert.ok(deltas.length > 10)
      assert.equal(deltas.join(''), done.text)
      assert.equal(new Set(ids).size, ids.length)
    }
  } finally {
    await service.close() // with its pool
  }
})

type Event = Readonly<Record<string, unknown>>

async function readEvents({ body }: Response, onDelta: () => void): Promise<Event[]> {
  const events: Event[] = []
  let text = ''
  for await (const part of body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + part).split('\n\n')
    text = blocks.pop()!
    for (const block of blocks.filter((block) => block.startsWith('data: {'))) {
      const event = JSON.parse(block.slice('data: '.length)) as Event
      events.push(event)
      if (event.type === 'transcript.text.delta') onDelta()
    }
  }
  return events
}
