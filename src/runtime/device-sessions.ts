/** Encoder and decoder on a device that keeps what one run gives for the next. */

import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type AlignmentHeads, alignmentHeadInputs } from './alignment-heads.ts'
import type { DecoderModel } from './decoder-session.ts'
import { type SessionSettings, sessionOptions } from './device.ts'
import type { KeptFeatures } from './device-features.ts'
import { DeviceLane, type DeviceLaneParts } from './device-lane.ts'
import { unkeptTextInputs } from './device-texts.ts'
import type { AudioFeatures, DecoderShape } from './encoder-session.ts'
import { type ArrangeModels, KeptRows, type KeptType, RowArranger } from './kept-rows.ts'
import { runOnDevice } from './run-on-device.ts'
import { TokenEmbeddings } from './token-embeddings.ts'

export class DeviceEncoderSession implements AsyncDisposable {
  readonly #session: InferenceSession

  private constructor(session: InferenceSession) {
    this.#session = session
  }

  static async open(path: string, settings: SessionSettings): Promise<DeviceEncoderSession> {
    return new DeviceEncoderSession(await InferenceSession.create(path, sessionOptions(settings, 'all')))
  }

  /**
   * Encodes one window.
   *
   * @param samples  [N], N = 320·S.
   * @returns        the caller's own.
   */
  async encode(samples: Float32Array): Promise<KeptFeatures> {
    const outputs = await runOnDevice(this.#session, { samples: new Tensor('float32', samples, [1, samples.length]) })
    return new Map(Object.entries(outputs).map(([name, tensor]) => [name, new KeptRows(tensor, tensor.dims.slice(1))]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release()
  }
}

export interface DeviceDecoderModel extends DecoderModel {
  /** By which rows are put together and chosen on the device, in the type that the graph keeps. */
  readonly arrange: (type: KeptType) => ArrangeModels
  /** Chooses candidates among logits. */
  readonly candidates: Uint8Array
}

export class DeviceDecoderSession implements AsyncDisposable {
  readonly #parts: DeviceLaneParts
  readonly #alignmentHeads: AlignmentHeads
  readonly #opened: AsyncDisposableStack

  private constructor(parts: DeviceLaneParts, alignmentHeads: AlignmentHeads, opened: AsyncDisposableStack) {
    this.#parts = parts
    this.#alignmentHeads = alignmentHeads
    this.#opened = opened
  }

  static async open(
    model: DeviceDecoderModel,
    shape: DecoderShape,
    settings: SessionSettings,
  ): Promise<DeviceDecoderSession> {
    await using opened = new AsyncDisposableStack()
    const embeddings = opened.use(new TokenEmbeddings(model.embeddings, shape))
    const onDevice = sessionOptions(settings, presentOutputs(shape))
    const session = opened.adopt(await InferenceSession.create(model.graph, onDevice), release)
    const onProcessor = sessionOptions({ ...settings, device: 'cpu' })
    const candidates = opened.adopt(await InferenceSession.create(model.candidates, onProcessor), release)
    const arranger = opened.use(await RowArranger.open(model.arrange(keptTypeOf(session)), settings))
    const emptyPlace = opened.use(await arranger.keep(new Float32Array(shape.dModel)))
    const parts = { session, candidates, arranger, embeddings, shape, emptyPlace }
    return new DeviceDecoderSession(parts, model.alignmentHeads, opened.move())
  }

  /**
   * Room for windows of one audio context that are decoded together.
   *
   * @param audioContext   S
   * @param rowsPerWindow  R
   * @param nWindows       the most of them at a time.
   */
  lane(audioContext: number, rowsPerWindow: number, nWindows: number): DeviceLane {
    return new DeviceLane(this.#parts, { audioContext, rowsPerWindow, nWindows })
  }

  /** The same for one window, with a copy of the features that a slot of another lane has when they are first needed. */
  laneOver(lane: DeviceLane, slot: number, rowsPerWindow: number): DeviceLane {
    const size = { audioContext: lane.audioContext, rowsPerWindow, nWindows: 1 }
    return new DeviceLane(this.#parts, size, () => lane.copyFeatures(slot))
  }

  /**
   * Where the alignment heads look while a whole text is said to one window.
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
    const { alignment_scores: scores, ...others } = await runOnDevice(session, feeds)
    for (const tensor of Object.values(others)) if (tensor.location === 'gpu-buffer') tensor.dispose()
    return scores!.data as Float32Array // the graph's output is float32
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync()
  }
}

async function release(session: InferenceSession): Promise<void> {
  await session.release()
}

function keptTypeOf(session: InferenceSession): KeptType {
  const past = session.inputMetadata.find(({ name }) => name === 'past_key_0')
  return past?.isTensor && past.type === 'float16' ? 'float16' : 'float32'
}

function presentOutputs({ decoderLayers }: DecoderShape): string[] {
  return Array.from({ length: decoderLayers }, (_, layer) => [`present_key_${layer}`, `present_value_${layer}`]).flat()
}
