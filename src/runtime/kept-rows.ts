/** Rows of equal shape that stay where they were computed: looked at, put together, chosen from, given back. */

import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type SessionSettings, sessionOptions } from './device.ts'
import { runOnDevice } from './run-on-device.ts'

/** What a device keeps its values in. */
export type KeptType = 'float32' | 'float16'

export class KeptRows implements Disposable {
  readonly #tensor: Tensor
  /** Of one row. */
  readonly shape: readonly number[]
  readonly nRows: number

  /** @param tensor  owned here from now on; its values count, whatever its shape. */
  constructor(tensor: Tensor, shape: readonly number[]) {
    this.#tensor = tensor
    this.shape = shape
    this.nRows = tensor.size / sizeOf(shape)
  }

  /** The first rows, [N × …shape], without a copy; of use as long as this is. */
  first(nRows = this.nRows): Tensor {
    return this.#view([nRows, ...this.shape])
  }

  /** [rows × values of one] */
  get matrix(): Tensor {
    return this.#view([this.nRows, sizeOf(this.shape)])
  }

  /** Frees a device's memory now: the collector sees only the tiny owners of its buffers. May be called again. */
  [Symbol.dispose](): void {
    if (this.#tensor.location === 'gpu-buffer') this.#tensor.dispose()
  }

  #view(dims: readonly number[]): Tensor {
    const tensor = this.#tensor
    const dataType = tensor.type as KeptType // by the graphs that give them
    if (tensor.location === 'gpu-buffer') return Tensor.fromGpuBuffer(tensor.gpuBuffer, { dataType, dims })
    return new Tensor(dataType, (tensor.data as Float32Array).subarray(0, sizeOf(dims)), dims)
  }
}

export interface ArrangeModels {
  /** `y` of `x`, which is float32. */
  readonly keep: Uint8Array
  /** `y` of `held` and `added`. */
  readonly join: Uint8Array
  /** `y` of `held` and `order`. */
  readonly pick: Uint8Array
}

/** Rearranges rows by graphs that run where they are. */
export class RowArranger implements AsyncDisposable {
  readonly #keep: InferenceSession
  readonly #join: InferenceSession
  readonly #pick: InferenceSession

  private constructor(keep: InferenceSession, join: InferenceSession, pick: InferenceSession) {
    this.#keep = keep
    this.#join = join
    this.#pick = pick
  }

  static async open({ keep, join, pick }: ArrangeModels, settings: SessionSettings): Promise<RowArranger> {
    const options = sessionOptions(settings, 'all')
    const [keeping, joining] = [
      await InferenceSession.create(keep, options),
      await InferenceSession.create(join, options),
    ]
    return new RowArranger(keeping, joining, await InferenceSession.create(pick, options))
  }

  /** One row of numbers, in the type that the device keeps. (The runtime's native part reads no halves from scripts.) */
  async keep(row: Float32Array): Promise<KeptRows> {
    const { y } = await runOnDevice(this.#keep, { x: new Tensor('float32', row, [1, row.length]) })
    return new KeptRows(y!, [row.length])
  }

  /** `added` behind `held`; both are given back. */
  async join(held: KeptRows, added: KeptRows): Promise<KeptRows> {
    const { y } = await runOnDevice(this.#join, { held: held.matrix, added: added.matrix })
    held[Symbol.dispose]()
    added[Symbol.dispose]()
    return new KeptRows(y!, held.shape)
  }

  /** Copies of the rows `order`; `held` stays. */
  async pick(held: KeptRows, order: readonly number[]): Promise<KeptRows> {
    const { y } = await runOnDevice(this.#pick, {
      held: held.matrix,
      order: new Tensor('int32', Int32Array.from(order), [order.length]),
    })
    return new KeptRows(y!, held.shape)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keep.release()
    await this.#join.release()
    await this.#pick.release()
  }
}

function sizeOf(dims: readonly number[]): number {
  return dims.reduce((size, dim) => size * dim, 1)
}
