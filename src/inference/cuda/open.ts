/** From compiled graphs to a model on a CUDA device, with as many windows in a run as its memory is meant for. */

import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelShape } from '../../checkpoint/index.ts'
import { GENERATE_FILE } from '../../compiler/index.ts'
import { openCpuBackend } from '../cpu/model.ts'
import { isOutOfMemory, type SessionSettings } from '../session.ts'
import { type CheckpointFacts, StepModel } from '../step-model.ts'
import { GenerateSession } from './generate-session.ts'
import { CudaModel } from './model.ts'

/** What the mission's pipeline decodes together; beyond it a device is full, and memory alone grows. */
const MOST_WINDOWS = 16

/** Texts of a window that are carried on at a time. */
const USUAL_BEAMS = 5

/** Of the CUDA context and its libraries: an estimate. */
const CONTEXT_BYTES = 700 * 1024 ** 2

export interface GenerateGraphs {
  /** Of graphs that were compiled with `hasGenerate`. */
  readonly folder: string
  /** Of the decoder's weights and of what it computes in. */
  readonly decoderFormat: string
  /** The folder is deleted when the model has been closed. */
  readonly isTemporary: boolean
}

/** @param checkpoint  may be closed afterwards. */
export async function openCudaModel(
  { config, generation, tokenizer }: CheckpointFacts,
  { folder, decoderFormat, isTemporary }: GenerateGraphs,
  session: SessionSettings,
  limitBytes: number | undefined,
): Promise<CudaModel> {
  const facts = { config, generation, tokenizer }
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  const weightBytes = ['encoder', 'decoder', 'generate'].reduce(
    (sum, part) => sum + sizeOf(folder, `${part}.weights`),
    0,
  )
  const bytesPerValue = decoderFormat === 'float16' ? 2 : 4
  try {
    return await CudaModel.open(facts, {
      openSession: () => GenerateSession.open(join(folder, GENERATE_FILE), session),
      openStepModel: async () => new StepModel(facts, await openCpuBackend(facts, folder, session)),
      mostWindows: windowsWithin(limitBytes, { weightBytes, shape: config, bytesPerValue }),
      isOutOfMemory,
      // Sessions are opened again and again, so a folder that no other load knows of stays until then.
      ...(isTemporary && { onClosed: removeFolder }),
    })
  } catch (error) {
    if (isTemporary) removeFolder()
    throw error
  }
}

function sizeOf(folder: string, name: string): number {
  return statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0
}

/**
 * Windows that a run may take within a limit, at least one. An estimate by the largest values that live at the same time: no
 * device has measured it, and where it is too high the batch is halved.
 */
export function windowsWithin(
  limitBytes: number | undefined,
  {
    weightBytes,
    shape,
    bytesPerValue,
  }: { readonly weightBytes: number; readonly shape: ModelShape; readonly bytesPerValue: number },
): number {
  if (limitBytes === undefined) return MOST_WINDOWS
  const { maxAudioContext, maxTextContext, dModel, encoderFfnDim, encoderHeads, decoderLayers, vocabSize } = shape
  const encoderLayer = maxAudioContext * (3 * encoderFfnDim + 4 * dModel + encoderHeads * maxAudioContext)
  const crossAttention = 2 * decoderLayers * maxAudioContext * dModel
  const text = 2 * (2 * decoderLayers * maxTextContext * dModel) // of the step before, and of this one
  const choice = 8 * vocabSize * Float32Array.BYTES_PER_ELEMENT
  const perWindow = bytesPerValue * (encoderLayer + crossAttention + USUAL_BEAMS * text) + USUAL_BEAMS * choice
  return Math.min(MOST_WINDOWS, Math.max(1, Math.floor((limitBytes - CONTEXT_BYTES - weightBytes) / perWindow)))
}
