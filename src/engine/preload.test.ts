import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { transcriptionOf } from '../../test/helpers/builders/transcriptions.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { EngineCrashedError } from '../errors/index.ts'
import { silentLogger } from '../logger.ts'
import { Preload } from './preload.ts'
import type { TranscribeRequest } from './transcriber.ts'

const never = new AbortController().signal

test('models are made ready in order, each by transcribing something without speech detection', async (t) => {
  const tempDir = tempFolder(t)
  const asked: TranscribeRequest[] = []
  const transcriber = {
    async load() {},
    async transcribe(request: TranscribeRequest) {
      asked.push(request)
      assert.equal((await readdir(tempDir)).length, 1)
      return transcriptionOf([], { text: '', durationSeconds: 0.5 })
    },
  }
  const preload = new Preload({ models: ['a', 'b'], transcriber, tempDir, logger: silentLogger })
  assert.equal(preload.whyNotReady(), "Model 'a' is being loaded.")
  await preload.run(never)
  assert.equal(preload.whyNotReady(), undefined)
  assert.deepEqual(
    asked.map(({ modelId }) => modelId),
    ['a', 'b'],
  )
  assert.equal(asked[0]!.options?.vadFilter, false)
  assert.deepEqual(await readdir(tempDir), [])
})

test('a model that fails is tried again after pauses that double, and the others do not wait for it', async (t) => {
  const asked: string[] = []
  const failing = new Set(['a'])
  const transcriber = {
    async load() {},
    async transcribe({ modelId }: TranscribeRequest) {
      asked.push(modelId)
      if (failing.has(modelId)) throw new EngineCrashedError(modelId, 'SIGKILL')
      return transcriptionOf([], { text: '', durationSeconds: 0.5 })
    },
  }
  const pauses: number[] = []
  const wait = async (ms: number) => {
    pauses.push(ms)
    assert.match(preload.whyNotReady() ?? '', /^The process of model 'a' ended unexpectedly \(SIGKILL\): send/)
    assert.deepEqual(preload.states.get('b'), { state: 'ready' })
    if (pauses.length === 7) failing.clear()
  }
  const preload = new Preload({ models: ['a', 'b'], transcriber, tempDir: tempFolder(t), logger: silentLogger, wait })
  await preload.run(never)
  assert.equal(preload.whyNotReady(), undefined)
  assert.deepEqual(pauses, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  assert.deepEqual(asked.slice(0, 3), ['a', 'b', 'a'])
})

test('an abort ends the attempts, during one and during a pause', async (t) => {
  const tempDir = tempFolder(t)
  for (const isPause of [false, true]) {
    const stop = new AbortController()
    const transcriber = {
      async load() {},
      async transcribe({ modelId }: TranscribeRequest) {
        if (!isPause) stop.abort()
        throw new EngineCrashedError(modelId, 'SIGKILL')
      },
    }
    const wait = async () => {
      stop.abort()
      throw stop.signal.reason
    }
    const preload = new Preload({ models: ['a'], transcriber, tempDir, logger: silentLogger, wait })
    await preload.run(stop.signal)
    assert.equal(preload.states.get('a')!.state, isPause ? 'failed' : 'pending')
    assert.deepEqual(await readdir(tempDir), [])
  }
})
