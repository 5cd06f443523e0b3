/** From compiled graphs to a model on a CUDA device, with as many windows in a run as its memory is meant for. */

import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelShape } from '../checkpoint/index.ts'
import { WHOLE_TEXT_FILE } from '../graph/index.ts'
import { isOutOfMemory, type SessionSettings, WholeTextSession } from '../runtime/index.ts'
import type { CompiledGraphs } from './compiled/folder.ts'
import { type CheckpointFacts, WhisperModel } from './whisper-model.ts'
import { WholeTextModel } from './whole-text-model.ts'

/** What the mission's pipeline decodes together; beyond it a device is full, and memory alone grows. */
const MOST_WINDOWS = 16

/** Texts of a window that are carried on at a time. */
const USUAL_BEAMS = 5

/** Of the CUDA context and its libraries: an estimate. */
const CONTEXT_BYTES = 700 * 1024 ** 2

/** Compiled with `hasWholeText`. */
type WholeTextGraphs = Pick<CompiledGraphs, 'folder' | 'isTemporary'> & {
  readonly manifest: Pick<CompiledGraphs['manifest'], 'decoderFormat'>
}

/** @param checkpoint  may be closed afterwards. */
export async function openWholeTextModel(
  { config, generation, tokenizer }: CheckpointFacts,
  { folder, manifest, isTemporary }: WholeTextGraphs,
  session: SessionSettings,
  limitBytes: number | undefined,
): Promise<WholeTextModel> {
  const facts = { config, generation, tokenizer }
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  const weightBytes = ['encoder', 'decoder', 'whole-text'].reduce(
    (sum, part) => sum + sizeOf(folder, `${part}.weights`),
    0,
  )
  const bytesPerValue = manifest.decoderFormat === 'float16' ? 2 : 4
  try {
    return await WholeTextModel.open(facts, {
      openSession: () => WholeTextSession.open(join(folder, WHOLE_TEXT_FILE), session),
      openStepping: () => WhisperModel.open(facts, folder, session),
      mostWindows: windowsWithin(limitBytes, { weightBytes, shape: config, bytesPerValue }),
      isOutOfMemory,
      // Sessions are opened again and again, so a folder that nobody else knows of stays until then.
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
