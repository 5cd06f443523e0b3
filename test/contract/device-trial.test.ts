/**
 * A GPU is tried before it is taken, in a process of its own: here the CPU plays it, rightly or wrongly, dies of it or
 * hangs in it.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'
import { readConfig } from '../../src/config.ts'
import type { MachineSigns } from '../../src/devices/candidates.ts'
import { chooseDevice } from '../../src/devices/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { livingDescendants } from '../helpers/rigs/tiny-engines.ts'
import { until } from '../helpers/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'paradox-device-trial-'))
const failure = join(folder, 'failure')
process.env.PLAYED_GPU_FAILURE = failure
process.env.NODE_OPTIONS = `--import=${pathToFileURL(join(import.meta.dirname, '../helpers/fakes/played-gpu.ts')).href}`
process.env.TMPDIR = folder // where trials have their files
after(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => rmSync(failure, { force: true }))

/** With nothing but CUDA to try. */
const NVIDIA: MachineSigns = {
  ...{ platform: 'linux', architecture: 'x64' },
  ...{ hasCudaProvider: true, hasNvidiaDriver: true, gpuFiles: [] },
}
const settingsWith = (env: Record<string, string>) => readConfig(env).engine

/** What `auto` takes, and why not CUDA. */
async function chosenFreely() {
  const lines: { msg: string; passedOver: Record<string, string> }[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const { device, dtype } = await chooseDevice(settingsWith({}), logger, { signs: NVIDIA })
  assert.equal(lines[0]?.msg, 'trying the device') // before a driver may hang
  const { passedOver } = lines.find(({ msg }) => msg === 'chose the device')!
  return { device, dtype, reason: passedOver['cuda:0'] }
}

test('auto takes CUDA that says what the CPU says', async () => {
  assert.deepEqual(await chosenFreely(), { device: 'cuda:0', dtype: 'auto', reason: undefined })
})

for (const dtype of ['auto', 'float16', 'float32', 'encoder=float32']) {
  test(`CUDA that says what the CPU says can be asked for, DTYPE=${dtype}`, async () => {
    const asked = await chooseDevice(settingsWith({ DEVICE: 'cuda:2', DTYPE: dtype }), silentLogger)
    assert.deepEqual([asked.device, asked.dtype], ['cuda:2', dtype])
    assert.deepEqual(readdirSync(folder), [])
  })
}

/** What a driver may get wrong, and what is said of it. */
const WRONG: Readonly<Record<string, RegExp>> = {
  'ignore samples': /it says other tokens than the CPU in a greedy text; a newer driver/,
  'ignore token_bias': /it says other tokens than the CPU/,
  'bend logprobs': /its log-probabilities differ from the CPU's by 1/,
  'bend no_speech_prob': /its probability of silence differ/,
  'bend language_probs': /its probabilities of languages differ/,
  'bend alignment_scores': /its attention scores differ from the CPU's by [\d.]+ % in a text of five beams/,
  'run CUDA failure 719: unspecified launch failure': /Device 'cuda:0' cannot be used/,
  die: /trying it ended a process by SIGKILL/,
}

for (const what of ['ignore samples', 'die']) {
  test(`auto passes over CUDA whose runs ${what}, and says why`, async () => {
    writeFileSync(failure, what)
    const { device, reason } = await chosenFreely()
    assert.equal(device, 'cpu')
    assert.match(reason!, WRONG[what]!)
  })
}

for (const [what, said] of Object.entries(WRONG)) {
  test(`CUDA whose runs ${what} is an error where it is asked for`, async () => {
    writeFileSync(failure, what)
    const asked = chooseDevice(settingsWith({ DEVICE: 'cuda:0', DTYPE: 'float32' }), silentLogger)
    await assert.rejects(asked, { code: 'ASR_DEVICE_UNAVAILABLE', message: said })
    assert.deepEqual(readdirSync(folder), ['failure'])
  })
}

describe('a driver that hangs', () => {
  /** Whether a process has been stopped, which is as deaf to everything as one that hangs in a driver. */
  const hasStopped = () =>
    livingDescendants().some((pid) => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))

  for (const device of ['auto', 'cuda:0']) {
    test(`DEVICE=${device}: its trial comes to an end, and its process too`, async () => {
      writeFileSync(failure, 'stop')
      const limit = new AbortController()
      const choosing = chooseDevice(settingsWith({ DEVICE: device }), silentLogger, {
        signs: NVIDIA,
        trialLimit: limit.signal,
      })
      const settled = Promise.allSettled([choosing])
      await until(hasStopped)
      limit.abort()
      const [outcome] = await settled
      if (outcome.status === 'fulfilled') assert.deepEqual([device, outcome.value.device], ['auto', 'cpu'])
      else assert.match(outcome.reason.message, /'cuda:0' cannot be used \(trying it did not come to an end/)
      await until(() => livingDescendants().length === 0)
      assert.deepEqual(readdirSync(folder), ['failure'])
    })
  }
})

test('WebGPU that does not hear the recording is no device', async () => {
  writeFileSync(failure, 'ignore samples')
  await assert.rejects(chooseDevice(settingsWith({ DEVICE: 'webgpu' }), silentLogger), {
    code: 'ASR_DEVICE_UNAVAILABLE',
    message: /its .* differ from the CPU's by/,
  })
})

test('a trial that has no place for its files says which', async (t) => {
  process.env.TMPDIR = join(folder, 'none')
  t.after(() => Object.assign(process.env, { TMPDIR: folder }))
  await assert.rejects(chooseDevice(settingsWith({ DEVICE: 'cuda:0' }), silentLogger), {
    code: 'ASR_DEVICE_UNAVAILABLE',
    message: /temporary folder, which TMPDIR names/,
  })
})

test('8 bits are not tried on a GPU', async () => {
  const signs = { ...NVIDIA, gpuFiles: ['/dev/nvidia0'] }
  assert.equal((await chooseDevice(settingsWith({ DTYPE: 'int8' }), silentLogger, { signs })).device, 'cpu')
})
