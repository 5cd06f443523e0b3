/** Rows of equal shape in the GPU's memory: looked at, put together, chosen from, given back. */

import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { GraphSession, type SessionSettings } from '../session.ts'

/** Types that a GPU keeps values in. */
export type GpuType = 'float32' | 'float16'

export class GpuRows implements Disposable {
  readonly #tensor: Tensor
  /** Shape of one row. */
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
    const dataType = tensor.type as GpuType // by the graphs that give them
    if (tensor.location === 'gpu-buffer') return Tensor.fromGpuBuffer(tensor.gpuBuffer, { dataType, dims })
    return new Tensor(dataType, (tensor.data as Float32Array).subarray(0, sizeOf(dims)), dims)
  }
}

/**
 * Session options by which outputs stay in the GPU's memory. The CPU that plays a GPU in tests has none of its own.
 *
 * @param names  of those outputs; `all` for every one.
 */
export function keepsOutputs({ device }: SessionSettings, names: 'all' | readonly string[]): SessionOptions {
  if (device !== 'webgpu') return {}
  const locations =
    names === 'all' ? 'gpu-buffer' : Object.fromEntries(names.map((name) => [name, 'gpu-buffer'] as const))
  return { preferredOutputLocation: locations }
}

type SessionOptions = Pick<InferenceSession.SessionOptions, 'preferredOutputLocation'>

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
  readonly #keep: GraphSession
  readonly #join: GraphSession
  readonly #pick: GraphSession

  private constructor(keep: GraphSession, join: GraphSession, pick: GraphSession) {
    this.#keep = keep
    this.#join = join
    this.#pick = pick
  }

  static async open({ keep, join, pick }: ArrangeModels, settings: SessionSettings): Promise<RowArranger> {
    const options = keepsOutputs(settings, 'all')
    await using opened = new AsyncDisposableStack()
    const keeping = opened.use(await GraphSession.open(keep, settings, options))
    const joining = opened.use(await GraphSession.open(join, settings, options))
    const picking = await GraphSession.open(pick, settings, options)
    opened.move()
    return new RowArranger(keeping, joining, picking)
  }

  /** One row of numbers, in the type that the GPU keeps. (onnxruntime's native part reads no float16 from scripts.) */
  async keep(row: Float32Array): Promise<GpuRows> {
    const { y } = await this.#keep.run({ x: new Tensor('float32', row, [1, row.length]) })
    return new GpuRows(y!, [row.length])
  }

  /** `added` behind `held`; both are given back. */
  async join(held: GpuRows, added: GpuRows): Promise<GpuRows> {
    const { y } = await this.#join.run({ held: held.matrix, added: added.matrix })
    held[Symbol.dispose]()
    added[Symbol.dispose]()
    return new GpuRows(y!, held.shape)
  }

  /** Copies of the rows `order`; `held` stays. */
  async pick(held: GpuRows, order: readonly number[]): Promise<GpuRows> {
    const { y } = await this.#pick.run({
      held: held.matrix,
      order: new Tensor('int32', Int32Array.from(order), [order.length]),
    })
    return new GpuRows(y!, held.shape)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keep[Symbol.asyncDispose]()
    await this.#join[Symbol.asyncDispose]()
    await this.#pick[Symbol.asyncDispose]()
  }
}

function sizeOf(dims: readonly number[]): number {
  return dims.reduce((size, dim) => size * dim, 1)
}
