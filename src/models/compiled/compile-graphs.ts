/**
 * The work of a first load: graphs written by our compiler, then opened once by the runtime, which saves them as it
 * will run them. One graph after the other, so that neither disk nor memory holds the weights of both twice.
 */

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelShape } from '../../checkpoint/index.ts'
import {
  alignmentHeadsOf,
  alignWeights,
  type CompileOptions,
  type CompilerInput,
  compilePart,
  DECODER_FILE,
  EMBEDDINGS_FILE,
  ENCODER_FILE,
  type WeightPlaces,
  writeEmbeddings,
} from '../../compiler/index.ts'
import { CpuDecoder, CpuEncoder, probeDecoder, probeEncoder, type SessionSettings } from '../../inference/index.ts'

/** What the compiler needs, with the shape that the runtime must know to try the graphs. */
export interface CompileInput extends CompilerInput {
  readonly config: ModelShape
}

export interface CompileSettings {
  readonly options: CompileOptions
  readonly session: SessionSettings
  /** Told how much of the work is done, 0 to 1. */
  readonly onProgress: (fraction: number) => void
}

/** Of the time that a graph takes, what the compiler needs; the rest is the runtime's. */
const COMPILER_SHARE = 0.65
/** Of the time of a model, what the encoder needs; of a distilled one it is nearly all. */
const ENCODER_SHARE = 0.7

/**
 * Graphs for the CPU as the compiler writes them, into `folder`, where the runtime does not run what it saved itself.
 *
 * @returns as `compilePrepared`.
 */
export async function compileUnprepared(
  input: CompileInput,
  folder: string,
  settings: CompileSettings,
): Promise<string> {
  compileNeutral(input, folder, settings)
  collectGarbage()
  const { config } = input
  const encoder = await CpuEncoder.open(join(folder, ENCODER_FILE), settings.session)
  const features = await probeEncoder(encoder, config).finally(() => encoder[Symbol.asyncDispose]())
  const files = {
    graph: join(folder, DECODER_FILE),
    embeddings: join(folder, EMBEDDINGS_FILE),
    alignmentHeads: alignmentHeadsOf(config, input.generation.alignmentHeads),
  }
  const decoder = await CpuDecoder.open(files, config, settings.session)
  return await probeDecoder(decoder, features).finally(() => decoder[Symbol.asyncDispose]())
}

/** Graphs that any machine can run, into `folder`. */
export function compileNeutral(input: CompileInput, folder: string, { options, onProgress }: CompileSettings): void {
  const places: WeightPlaces = new Map()
  // The generate graph reads all weights once more, and finds them written.
  const share = options.hasGenerate ? 0.5 : 1
  const onEncoder = (done: number) => onProgress(share * ENCODER_SHARE * done)
  compilePart('encoder', input, folder, options, onEncoder, places)
  const onDecoder = (done: number) => onProgress(share * (ENCODER_SHARE + (1 - ENCODER_SHARE) * done))
  compilePart('decoder', input, folder, options, onDecoder, places)
  if (options.hasGenerate) {
    compilePart('generate', input, folder, options, (done) => onProgress(share * (1 + done)), places)
  }
  writeEmbeddings(input.tensors, folder, options.decoderFormat ?? 'float32')
}

/**
 * Graphs prepared for this machine, into `folder`.
 *
 * @returns what the model answered before it was saved. What is opened from the folder must answer the same.
 * @throws the file system's error; `WeightsCutOffError` when the runtime could not write all weights.
 */
export async function compilePrepared(
  input: CompileInput,
  folder: string,
  { options, session, onProgress }: CompileSettings,
): Promise<string> {
  const { config } = input
  // The encoder multiplies its weights as they are: whole windows at a time, packing them costs it nothing.
  compilePart('encoder', input, folder, options, (done) => onProgress(ENCODER_SHARE * done))
  collectGarbage()
  const encoder = await CpuEncoder.open(join(folder, ENCODER_FILE), session)
  const features = await probeEncoder(encoder, config).finally(() => encoder[Symbol.asyncDispose]())

  const neutral = join(folder, 'neutral')
  mkdirSync(neutral)
  const onDecoder = (done: number) => onProgress(ENCODER_SHARE + (1 - ENCODER_SHARE) * COMPILER_SHARE * done)
  compilePart('decoder', input, neutral, options, onDecoder)
  collectGarbage()
  const savedDecoder = join(folder, DECODER_FILE)
  writeEmbeddings(input.tensors, folder, options.decoderFormat ?? 'float32')
  collectGarbage()
  const files = {
    graph: join(neutral, DECODER_FILE),
    embeddings: join(folder, EMBEDDINGS_FILE),
    alignmentHeads: alignmentHeadsOf(config, input.generation.alignmentHeads),
  }
  const decoder = await CpuDecoder.open(files, config, { ...session, saveTo: savedDecoder })
  const fingerprint = await probeDecoder(decoder, features).finally(() => decoder[Symbol.asyncDispose]())
  alignWeights(savedDecoder)
  rmSync(neutral, { recursive: true })
  onProgress(1)
  return fingerprint
}

/** The tensors that the compiler has read and written are garbage, but would stay while the runtime packs its own. */
function collectGarbage(): void {
  globalThis.gc?.()
}
