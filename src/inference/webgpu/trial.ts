/**
 * A small model of random weights, run step by step on a GPU and on the CPU: drivers compile our graphs anew, and
 * one that gets them wrong says nothing about it. All that a real model does is done once: windows that share a batch, texts
 * of different lengths, rows that branch off, attention to the audio.
 */

import { DeviceUnavailableError } from '../../errors/index.ts'
import type { ResolvedDevice, SessionSettings } from '../session.ts'
import { largestDifference, TRIAL_CHECKPOINT, TRIAL_SHAPE, trialSound, withTrialGraphs } from '../trial-model.ts'
import { openWebGpuBackend } from './model.ts'

const SEED = 1
const POSITIONS = 48
/** Relative to the largest number that the CPU gives in float32. Rounding alone makes 1e-5 and 2e-3. */
const TOLERANCES = { float32: 1e-3, float16: 2e-2 } as const

type Format = keyof typeof TOLERANCES

/**
 * @param format  of weights and computation.
 * @throws {DeviceUnavailableError} when `device` fails, or computes something else than the CPU.
 */
export type WebGpuTrial = (device: ResolvedDevice, format: Format) => Promise<void>

/**
 * A function that tries devices; the CPU's answers, which theirs are compared with, are computed once.
 *
 * @param folder  for files of the trial.
 */
export async function prepareWebGpuTrial(folder: string): Promise<WebGpuTrial> {
  const withGraphs = <T>(format: Format, work: (graphs: string) => Promise<T>) =>
    withTrialGraphs(folder, SEED, { target: 'webgpu', encoderFormat: format, decoderFormat: format }, work)
  const expected = await withGraphs('float32', (graphs) => answersOf(graphs, { device: 'cpu', threads: 1 }))
  return async (device, format) => {
    const given = await withGraphs(format, (graphs) =>
      answersOf(graphs, { device, threads: 1 }).catch((cause: unknown) => {
        throw new DeviceUnavailableError(device, 'a small model fails on it', { cause })
      }),
    )
    for (const [name, values] of expected) {
      const off = largestDifference(values, given.get(name)!)
      if (!(off <= TOLERANCES[format])) {
        const reason = `its ${name} differ from the CPU's by ${(100 * off).toPrecision(2)} %`
        throw new DeviceUnavailableError(device, `${reason}; a newer driver may compute them rightly`)
      }
    }
  }
}

async function answersOf(folder: string, settings: SessionSettings): Promise<ReadonlyMap<string, Float32Array>> {
  await using backend = await openWebGpuBackend(TRIAL_CHECKPOINT, folder, settings)
  using batch = backend.batch(POSITIONS, 2)
  const text = Array.from({ length: 40 }, (_, i) => 3 + 7 * i)
  const logitBias = new Float32Array(TRIAL_SHAPE.vocabSize)
  for (const slot of [0, 1]) await backend.encode(trialSound(slot, POSITIONS), batch, slot)
  const prompted = await batch.prompt(0, text, [0, 39])
  await batch.prompt(1, text.slice(0, 5), [4])
  const steps = (tokens: readonly number[]) => [0, 1].map((slot) => ({ slot, tokens, logitBias }))
  await batch.step(steps([8, 9]), 1, false)
  batch.branch(0, [1, 1])
  const { logits } = await batch.step(steps([10, 10]), 1, true)
  const scores = await backend.align(batch, 1, text)
  return new Map([
    ['logits after a prompt', prompted.slice()],
    ['logits after steps', logits!.slice()],
    ['attention scores', scores.slice()],
  ])
}
