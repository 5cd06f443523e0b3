/** Encoder and decoder on a GPU, which keeps what one run gives for the next. */

import { Tensor } from 'onnxruntime-node'
import {
  type AlignmentHeads,
  type AudioFeatures,
  alignmentHeadInputs,
  type DecoderModel,
  type DecoderShape,
} from '../decoder-graph.ts'
import { GraphSession, type SessionSettings } from '../session.ts'
import { TokenEmbeddings } from '../token-embeddings.ts'
import { type GpuBatchParts, GpuDecoderBatch } from './decoder-batch.ts'
import type { GpuFeatures } from './features.ts'
import { unkeptTextInputs } from './kv-cache.ts'
import { type ArrangeModels, GpuRows, type GpuType, keepsOutputs, RowArranger } from './rows.ts'

export class GpuEncoder implements AsyncDisposable {
  readonly #session: GraphSession

  private constructor(session: GraphSession) {
    this.#session = session
  }

  static async open(path: string, settings: SessionSettings): Promise<GpuEncoder> {
    return new GpuEncoder(await GraphSession.open(path, settings, keepsOutputs(settings, 'all')))
  }

  /**
   * Encodes one window.
   *
   * @param samples  [N], N = 320·S.
   * @returns        the caller's own.
   */
  async encode(samples: Float32Array): Promise<GpuFeatures> {
    const outputs = await this.#session.run({ samples: new Tensor('float32', samples, [1, samples.length]) })
    return new Map(Object.entries(outputs).map(([name, tensor]) => [name, new GpuRows(tensor, tensor.dims.slice(1))]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]()
  }
}

export interface GpuDecoderModel extends DecoderModel {
  /** Graphs that put rows together and choose among them, in the type that the decoder keeps. */
  readonly arrange: (type: GpuType) => ArrangeModels
  /** Chooses candidates among logits. */
  readonly candidates: Uint8Array
}

export class GpuDecoder implements AsyncDisposable {
  readonly #parts: GpuBatchParts
  readonly #alignmentHeads: AlignmentHeads
  readonly #opened: AsyncDisposableStack

  private constructor(parts: GpuBatchParts, alignmentHeads: AlignmentHeads, opened: AsyncDisposableStack) {
    this.#parts = parts
    this.#alignmentHeads = alignmentHeads
    this.#opened = opened
  }

  static async open(model: GpuDecoderModel, shape: DecoderShape, settings: SessionSettings): Promise<GpuDecoder> {
    await using opened = new AsyncDisposableStack()
    const embeddings = opened.use(new TokenEmbeddings(model.embeddings, shape))
    const session = opened.use(
      await GraphSession.open(model.graph, settings, keepsOutputs(settings, presentOutputs(shape))),
    )
    const candidates = opened.use(await GraphSession.open(model.candidates, { ...settings, device: 'cpu' }))
    const arranger = opened.use(await RowArranger.open(model.arrange(gpuTypeOf(session)), settings))
    const emptyPlace = opened.use(await arranger.keep(new Float32Array(shape.dModel)))
    const parts = { session, candidates, arranger, embeddings, shape, emptyPlace }
    return new GpuDecoder(parts, model.alignmentHeads, opened.move())
  }

  /**
   * Room for windows of one audio context that are decoded together.
   *
   * @param audioContext   S
   * @param rowsPerWindow  R
   * @param nWindows       the most of them at a time.
   */
  batch(audioContext: number, rowsPerWindow: number, nWindows: number): GpuDecoderBatch {
    return new GpuDecoderBatch(this.#parts, { audioContext, rowsPerWindow, nWindows })
  }

  /** The same for one window, with a copy of the features that a slot of another batch has when they are first needed. */
  batchOver(batch: GpuDecoderBatch, slot: number, rowsPerWindow: number): GpuDecoderBatch {
    const size = { audioContext: batch.audioContext, rowsPerWindow, nWindows: 1 }
    return new GpuDecoderBatch(this.#parts, size, () => batch.copyFeatures(slot))
  }

  /**
   * Attention of the alignment heads to one window, for a text that is given.
   *
   * @param tokens  [T], prompt and eot included.
   * @returns       [A × T × S] scores before softmax.
   */
  async alignmentScores(features: AudioFeatures, tokens: readonly number[]): Promise<Float32Array> {
    const { session } = this.#parts
    const feeds = {
      ...features,
      ...alignmentHeadInputs(session, this.#alignmentHeads),
      ...unkeptTextInputs(this.#parts, tokens),
      logits_at: new Tensor('int64', BigInt64Array.of(0n), [1]), // one, since none is not allowed
    }
    // All outputs, though one is wanted: those of the last run that are not asked for again stay bound, with its shapes.
    const { alignment_scores: scores, ...others } = await session.run(feeds)
    for (const tensor of Object.values(others)) if (tensor.location === 'gpu-buffer') tensor.dispose()
    return scores!.data as Float32Array // the graph's output is float32
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync()
  }
}

function gpuTypeOf(session: GraphSession): GpuType {
  const past = session.inputMetadata.find(({ name }) => name === 'past_key_0')
  return past?.isTensor && past.type === 'float16' ? 'float16' : 'float32'
}

function presentOutputs({ decoderLayers }: DecoderShape): string[] {
  return Array.from({ length: decoderLayers }, (_, layer) => [`present_key_${layer}`, `present_value_${layer}`]).flat()
}
