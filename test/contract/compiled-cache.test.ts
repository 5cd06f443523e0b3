/** The compiled cache against what happens to caches: damage, kills, two at once, no room, no right to write. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Checkpoint, openCheckpoint } from '../../src/checkpoint/index.ts'
import { silentLogger } from '../../src/logger.ts'
import type { LoadingProgress } from '../../src/models/base.ts'
import { openCompiledModel } from '../../src/models/compiled-model.ts'
import type { SpeechModel } from '../../src/whisper/index.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { GREEDY } from '../helpers/builders/greedy-options.ts'
import { skipped } from '../helpers/skip.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-compiled-'))
const checkpointFolder = join(root, 'checkpoint')
let checkpoint: Checkpoint
let nCaches = 0

before(async () => {
  writeRandomCheckpoint(checkpointFolder, tinyShape({ dModel: 64, encoderFfnDim: 128, decoderFfnDim: 128 }))
  checkpoint = await openCheckpoint(checkpointFolder)
})
after(() => {
  checkpoint[Symbol.dispose]()
  rmSync(root, { recursive: true, force: true })
})

function newCache(): string {
  return join(root, `cache-${nCaches++}`)
}

/** Loads the model and forgets it; tells what it answered and how it was loaded. */
async function load(cacheDir: string, signal = new AbortController().signal) {
  const stages: LoadingProgress[] = []
  const warnings: unknown[] = []
  const logger = Object.assign(Object.create(silentLogger), { warn: (_: unknown, text: string) => warnings.push(text) })
  await using model = await openCompiledModel(checkpoint, checkpointFolder, {
    name: 'tiny',
    settings: { cacheDir, compiledCacheMaxBytes: 1e9, device: 'cpu', dtype: 'int8', threads: 1 },
    signal,
    logger,
    onLoading: (progress) => stages.push(progress),
  })
  const fractions = stages.flatMap(({ stage, fraction }) => (stage === 'compile' ? [fraction] : []))
  return { answer: await answerOf(model, signal), fractions, warnings }
}

/** What the model makes of a fixed sound, to the last bit. */
async function answerOf(model: SpeechModel, signal: AbortSignal): Promise<string> {
  const samples = Float32Array.from({ length: 60 * 320 }, (_, i) => 0.3 * Math.sin(i * i * 1e-3))
  using window = await model.session({ nHypotheses: 1, signal }).encode(samples, 60)
  const prompt = { language: 'en', task: 'transcribe', withTimestamps: false, previous: [], prefix: [] } as const
  const { tokens, logprobs } = await window.decode(prompt, { ...GREEDY, maxNewTokens: 8 })
  return JSON.stringify([tokens, logprobs])
}

/** What is in the cache, without the locks and marks. */
function models(cacheDir: string): string[] {
  return readdirSync(join(cacheDir, 'compiled')).filter((name) => !name.startsWith('.'))
}

function folderOf(cacheDir: string): string {
  const [name, ...others] = models(cacheDir)
  assert.deepEqual(others, [])
  return join(cacheDir, 'compiled', name!)
}

test('the first load compiles and tells how far it is, the next one finds the model', async () => {
  const cacheDir = newCache()
  const first = await load(cacheDir)
  assert.ok(first.fractions.length > 5)
  assert.equal(first.fractions.at(-1), 1)
  const second = await load(cacheDir)
  assert.deepEqual(second, { answer: first.answer, fractions: [], warnings: [] })
})

describe('a damaged model is compiled again, with a warning', () => {
  const DAMAGES: Record<string, (folder: string) => void> = {
    // The other things that the manifest tells are in src/models/compiled/cache.test.ts.
    'weights cut off': (folder) => truncateSync(join(folder, 'decoder.weights'), 1000),
    'an answer to compare with taken out, and a weight overwritten': (folder) => {
      const manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'))
      writeFileSync(join(folder, 'model.json'), JSON.stringify({ ...manifest, fingerprint: null }))
      const file = openSync(join(folder, 'embeddings.bin'), 'r+')
      writeSync(file, Buffer.alloc(4096), 0, 4096, 0)
      closeSync(file)
    },
    'a packed weight overwritten': (folder) => {
      const [, offset] = /prepacked_\d+[^|]*\|(\d+);/.exec(readFileSync(join(folder, 'decoder.onnx'), 'latin1'))!
      const file = openSync(join(folder, 'decoder.weights'), 'r+')
      writeSync(file, Buffer.alloc(4096), 0, 4096, Number(offset))
      closeSync(file)
    },
    'a page of the encoder emptied': (folder) => {
      const path = join(folder, 'encoder.weights')
      const file = openSync(path, 'r+')
      writeSync(file, Buffer.alloc(4096), 0, 4096, statSync(path).size - 4096) // of the last projection
      closeSync(file)
    },
  }
  for (const [name, damage] of Object.entries(DAMAGES)) {
    test(name, async () => {
      const cacheDir = newCache()
      const { answer } = await load(cacheDir)
      damage(folderOf(cacheDir))
      const again = await load(cacheDir)
      assert.equal(again.answer, answer)
      assert.ok(again.fractions.length > 0)
      assert.deepEqual(again.warnings, ['the compiled model is damaged, so it is compiled again'])
      assert.deepEqual((await load(cacheDir)).warnings, [])
      folderOf(cacheDir) // nothing else is left
    })
  }
})

test('nothing is loaded from a cache that others may write to, and nothing compiled into it', async () => {
  const cacheDir = newCache()
  await load(cacheDir)
  for (const folder of [join(cacheDir, 'compiled'), cacheDir]) {
    chmodSync(folder, 0o777)
    await assert.rejects(load(cacheDir), { code: 'ASR_CACHE_SHARED' })
    chmodSync(folder, 0o755)
  }
  assert.deepEqual((await load(cacheDir)).fractions, [])
})

test('of two loads at once one compiles, the other waits for it', async () => {
  const cacheDir = newCache()
  const [a, b] = await Promise.all([load(cacheDir), load(cacheDir)])
  assert.equal(a.answer, b.answer)
  assert.equal([a, b].filter(({ fractions }) => fractions.includes(1)).length, 1)
  folderOf(cacheDir)
})

test('what a killed compiler left is swept, and an abort leaves nothing', async () => {
  const cacheDir = newCache()
  await load(cacheDir)
  const folder = folderOf(cacheDir)
  rmSync(folder, { recursive: true })
  mkdirSync(`${folder}.unfinished-abc`)
  writeFileSync(join(`${folder}.unfinished-abc`, 'encoder.onnx'), 'half')

  await assert.rejects(load(cacheDir, AbortSignal.timeout(150)), { name: 'TimeoutError' })
  assert.ok(models(cacheDir).every((name) => name.endsWith('.unfinished-abc')))
  await load(cacheDir)
  assert.equal(folderOf(cacheDir), folder)
})

test('a cache that may not be written is done without, and nothing stays in the temporary folder', async () => {
  const cacheDir = newCache()
  mkdirSync(cacheDir)
  writeFileSync(join(cacheDir, 'compiled'), 'a file in the place of the folder')
  // A folder of this test's own, since others may be compiling in the system's.
  const temporary = join(root, 'temporary')
  mkdirSync(temporary)
  const { TMPDIR } = process.env
  process.env.TMPDIR = temporary
  try {
    const { warnings, fractions } = await load(cacheDir)
    assert.deepEqual(warnings, ['the compiled cache may not be written, so this model is compiled at every load'])
    assert.equal(fractions.at(-1), 1)
    const left = readdirSync(temporary).filter((name) => name.startsWith('paradox')) // the runtime leaves logs of its own
    assert.deepEqual(left, [])
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  }
})

test('a full disk is told in one sentence, and nothing half-written is left', async (t) => {
  for (const megabytes of [2, 8, 14]) {
    const cacheDir = newCache()
    mkdirSync(cacheDir)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', cacheDir], { stdio: 'ignore' })
    } catch {
      return t.skip(skipped('machine', 'mounting a small disk needs root'))
    }
    try {
      await assert.rejects(load(cacheDir), { code: 'ASR_DISK_FULL' }, `${megabytes} MB`)
      assert.deepEqual(models(cacheDir), [])
    } finally {
      execFileSync('umount', [cacheDir])
    }
  }
})
