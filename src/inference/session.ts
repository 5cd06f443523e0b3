/** An ONNX graph, opened on a device. */

import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import type { Device } from '../config.ts'
import { DeviceFailedError } from '../errors/index.ts'

/** A device that sessions can be opened on; `auto` has been decided. */
export type ResolvedDevice = Exclude<Device, 'auto'>

export class GraphSession implements AsyncDisposable {
  readonly #session: InferenceSession
  readonly #device: ResolvedDevice

  private constructor(session: InferenceSession, device: ResolvedDevice) {
    this.#session = session
    this.#device = device
  }

  /**
   * @param graph    its path, or its bytes.
   * @param options  beyond those of `settings`.
   */
  static async open(
    graph: string | Uint8Array,
    settings: SessionSettings,
    options: InferenceSession.SessionOptions = {},
  ): Promise<GraphSession> {
    const all = { ...sessionOptions(settings), ...options }
    // Two signatures of one function.
    const session = await (typeof graph === 'string'
      ? InferenceSession.create(graph, all)
      : InferenceSession.create(graph, all))
    return new GraphSession(session, settings.device)
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames
  }

  get inputMetadata(): InferenceSession['inputMetadata'] {
    return this.#session.inputMetadata
  }

  /**
   * @param fetches  the outputs that are wanted, or tensors that take them; left out: all.
   * @throws {DeviceFailedError} when a GPU does not do it, for then it is in an unknown state; errors of the CPU stay as
   *         they are.
   */
  async run(
    feeds: InferenceSession.FeedsType,
    fetches?: InferenceSession.FetchesType,
  ): Promise<InferenceSession.ReturnType> {
    try {
      return await (fetches === undefined ? this.#session.run(feeds) : this.#session.run(feeds, fetches))
    } catch (cause) {
      if (this.#device === 'cpu') throw cause
      throw new DeviceFailedError(isOutOfMemory(cause) ? 'it has no memory left' : 'it computes no more', { cause })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release()
  }
}

const NO_MEMORY =
  /failed to allocate memory|out.of.memory|CUDA failure 2\b|std::bad_alloc|OUT_OF_(DEVICE|HOST)_MEMORY|Invalid Buffer/i

/**
 * Whether an error of a session says that there was no memory for what it was to hold.
 *
 * @see microsoft/onnxruntime:onnxruntime/core/framework/bfc_arena.cc — what its arenas say; CUDA's own words follow, then those
 * of Vulkan and Dawn, where a buffer without memory shows when it is first used.
 */
export function isOutOfMemory(error: unknown): boolean {
  const text = error instanceof Error ? error.message : ''
  return NO_MEMORY.test(text)
}

export interface SessionSettings {
  readonly device: ResolvedDevice
  /** Threads within one operator; undefined takes every core that this process may use. */
  readonly threads: number | undefined
  /**
   * Path to save the graph at as onnxruntime will run it, optimised and with its weights packed for this CPU; they
   * go into a file beside it. A session opened on the saved graph maps the packed weights instead of holding a copy:
   * the encoder of a distil-large-v3 opens in 0.8 s instead of 4, with 50 MB of its own instead of 1.4 GB.
   */
  readonly saveTo?: string | undefined
}

export function sessionOptions(settings: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: [executionProvider(settings.device)],
    intraOpNumThreads: settings.threads ?? availableParallelism(),
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // Memory patterns are planned per input shape; windows and prompts differ in length, so plans would only pile up.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(settings.saveTo === undefined ? {} : savingOptions(settings.saveTo)),
  }
}

/** Smaller weights stay in the graph itself. */
const LEAST_EXTERNAL_BYTES = 256

/** @see microsoft/onnxruntime:include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h */
function savingOptions(path: string): InferenceSession.SessionOptions {
  return {
    optimizedModelFilePath: path,
    extra: {
      session: {
        optimized_model_external_initializers_file_name: `${basename(path, '.onnx')}.weights`,
        optimized_model_external_initializers_min_size_in_bytes: String(LEAST_EXTERNAL_BYTES),
        save_external_prepacked_constant_initializers: '1',
      },
    },
  }
}

function executionProvider(device: ResolvedDevice): InferenceSession.ExecutionProviderConfig {
  if (device === 'cpu' || device === 'webgpu') return device
  return { name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) }
}
