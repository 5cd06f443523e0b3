/** The whole service on a Vulkan device: a transcription over HTTP, a swap, an unload, and memory that comes back. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { tinyEnFolder } from '../helpers/data/real-models.ts'
import { speechFile } from '../helpers/data/reference.ts'
import { descendants, isRunning, residentBytesOfTree } from '../helpers/judges/process-tree.ts'
import { type ServiceProcess, startServiceProcess } from '../helpers/rigs/service-process.ts'
import { softwareVulkan } from '../helpers/rigs/software-vulkan.ts'
import { skipped } from '../helpers/skip.ts'

const MB = 1024 * 1024
const [vulkan, tinyEn] = [softwareVulkan(), tinyEnFolder()]
const recording = speechFile('ps-goforward.wav')
const noSpeech = existsSync(recording) ? false : skipped('data', 'the recordings in ../shared/speech are absent')

describe('the service on software Vulkan', { skip: vulkan.skip || tinyEn.skip || noSpeech, concurrency: 1 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-gpu-service-'))
  let service: ServiceProcess
  let idleBytes: number

  before(async () => {
    const modelsFile = join(root, 'models.json')
    writeRandomCheckpoint(join(root, 'random'), tinyShape({ encoderLayers: 1, decoderLayers: 1 }))
    writeFileSync(
      modelsFile,
      JSON.stringify({
        tiny: { path: tinyEn.folder, strategy: 'whisper' },
        random: { path: join(root, 'random'), strategy: 'whisper', language: 'pt' },
      }),
    )
    const cacheDir = join(root, 'cache')
    service = await startServiceProcess({
      ...vulkan.env,
      DEVICE: 'webgpu',
      MODELS_FILE: modelsFile,
      MAX_LOADED_MODELS: '1',
      TEMP_DIR: root,
      PARADOX_CACHE_DIR: cacheDir,
    })
    idleBytes = residentBytesOfTree(service.pid)
  })
  after(async () => {
    await service?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  async function text(fields: Record<string, string>): Promise<string> {
    const { status, body } = await service.post(recording, fields)
    assert.equal(status, 200, JSON.stringify(body))
    return String(body.transcription)
  }

  test('real weights transcribe a recording', async () => {
    assert.match(await text({ model_id: 'tiny', ...ONE_BEAM }), /^go forward (10|ten) meters\W*$/i)
    assert.ok(residentBytesOfTree(service.pid) > idleBytes + 100 * MB, 'a loaded model is seen by the measure')
  })

  test('another model takes its place, and after an unload all memory is back', async (t) => {
    const [engine] = descendants(service.pid).filter(isRunning)
    await text({ model_id: 'random', ...QUICK })
    assert.equal(isRunning(engine!), false, 'the process of the first model is gone')
    assert.equal(await service.unload('random'), true)
    assert.deepEqual(descendants(service.pid).filter(isRunning), [])
    const growth = Math.round((residentBytesOfTree(service.pid) - idleBytes) / MB)
    t.diagnostic(`${growth} MB more than before the first model`)
    assert.ok(growth <= 30)
  })
})

/** What asks least of a Vulkan that takes a second and a half for each step. */
const ONE_BEAM = { temperature: '0', beam_size: '1', timestamps: 'none' }

/** Random weights say nothing that could be trusted, so nothing is tried again, and little is said. */
const QUICK = {
  ...ONE_BEAM,
  vad_filter: 'false',
  max_new_tokens: '1',
  log_prob_threshold: '-100',
  compression_ratio_threshold: '100',
}
